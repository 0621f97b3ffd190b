"""`/api/v1/alerts`: the queue, one alert with its steps, and the steps."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel

from api.answers import GEOJSON, answer
from api.asking import asking, may
from api.cursors import Paging
from api.live.source import Pool
from api.parameters import Int8Id
from api.schemas import alerts as said
from api.schemas.alerts import ActionSeen, AlertFeature, AlertFeatures, AlertList, AlertPoint, AlertSeen, AlertWhole
from api.schemas.plain import StepKey
from domain.errors import RefusedError
from operations.alerts import TRANSITIONS, advance
from operations.identity import Principal
from storage import violations
from storage.violations import Alert, AlertFilter

Seeing = Annotated[Principal, Depends(may("alerts:read"))]

_LISTED: dict[int | str, dict[str, Any]] = {200: {"content": {GEOJSON: {"schema": {"$ref": "#/components/schemas/AlertFeatures"}}}}}

_STEPS: tuple[tuple[str, str, str, type[BaseModel], str], ...] = (
    ("ack", "acknowledge", "alerts:work", said.Acknowledge, "Say that somebody has seen it."),
    ("handle", "handle", "alerts:work", said.Handle, "Say what was done about it."),
    ("resolve", "resolve", "alerts:work", said.Resolve, "Say what came of it."),
    ("confirm", "confirm", "alerts:supervise", said.Confirm, "Agree with the result; 403 for who resolved it."),
    ("return", "return", "alerts:supervise", said.Return, "Send it back."),
    ("supervise", "supervise", "alerts:supervise", said.Supervise, "Add a supervision order."),
    ("appeal", "appeal", "alerts:appeal", said.Appeal, "Disagree with a confirmed alert, within 7 days."),
    ("uphold", "uphold", "alerts:supervise", said.Decide, "The appeal is right; 403 for who confirmed the alert."),
    ("dismiss", "dismiss", "alerts:supervise", said.Decide, "The appeal is wrong; 403 for who confirmed the alert."),
    ("assign", "assign", "alerts:work", said.Assign, "Give it to somebody."),
    ("note", "note", "alerts:work", said.Remark, "Add a remark."),
    ("attach", "attach", "alerts:work", said.Attach, "Add proofs."),
)
"""Path, step, right, body and summary of each step that people take."""


def router(pool: Pool) -> APIRouter:
    """Routes of alerts."""
    routes = APIRouter(prefix="/api/v1/alerts", tags=["alerts"])

    @routes.get("", response_model=AlertList | AlertFeatures, responses=_LISTED)
    def listed(
        request: Request,
        principal: Seeing,
        page: Paging,
        wanted: Annotated[AlertFilter, Depends(_filter)],
        accept: Annotated[str, Header()] = "application/json",
    ) -> Response:
        """Alerts, the newest first; as GeoJSON when that is accepted."""
        with asking(pool, principal) as conn:
            found = violations.alerts(conn, wanted, page.limit + 1, _after(page.after))
        told = [seen(one) for one in page.cut(found, lambda one: (one.opened, one.alert_id))]
        if GEOJSON in accept:
            response = answer(request, AlertFeatures(features=[feature(one) for one in told]), GEOJSON)
        else:
            response = answer(request, AlertList(alerts=told))
        response.headers.update(page.headers)
        return response

    @routes.get("/{alert_id}", response_model=AlertWhole)
    def one(request: Request, principal: Seeing, alert_id: Int8Id) -> Response:
        """One alert with its steps."""
        with asking(pool, principal) as conn:
            found = violations.alert(conn, alert_id)
            actions = violations.actions(conn, alert_id)
        if found is None:
            raise RefusedError(f"no alert {alert_id}", field="alert_id", kind="missing")
        following = [step for state, step in TRANSITIONS if state == found.state]
        taken = [ActionSeen.model_validate(asdict(action)) for action in actions]
        return answer(request, AlertWhole.model_validate(seen(found).model_dump() | {"actions": taken, "steps": following}))

    for path, step, right, body, summary in _STEPS:
        _add_step(routes, pool, path, step, right, (body, summary))
    return routes


def _add_step(routes: APIRouter, pool: Pool, path: str, step: str, right: str, told: tuple[type[BaseModel], str]) -> None:
    body, summary = told

    def take(principal: Principal, alert_id: int, asked: Any, key: str) -> AlertSeen:
        with asking(pool, principal) as conn:
            return seen(advance(conn, alert_id, step, key, asked.model_dump(mode="json", exclude_none=True), datetime.now(UTC)))

    # spelled out, because what the route takes differs from step to step
    take.__annotations__ = {
        "principal": Annotated[Principal, Depends(may(right))], "alert_id": Int8Id, "asked": body, "key": StepKey, "return": AlertSeen,
    }  # fmt: skip
    routes.add_api_route(
        f"/{{alert_id}}/{path}", take, methods=["POST"], summary=summary, name=step, response_model=AlertSeen,
        description=f"{summary} The same `Idempotency-Key` again changes nothing. 409 when the step does not fit the alert's state.",
    )  # fmt: skip


def _filter(asked: Annotated[said.AlertQuery, Query()]) -> AlertFilter:
    return AlertFilter(
        asked.state, asked.severity, asked.rule, asked.condition, asked.open, asked.vehicle_id, asked.operator_id, asked.region_code,
        asked.first, asked.until,
    )  # fmt: skip


def _after(after: tuple[Any, ...] | None) -> tuple[datetime, int] | None:
    return None if after is None else (after[0], after[1])


def seen(one: Alert) -> AlertSeen:
    """An alert as it is told."""
    values = asdict(one)
    lon, lat = values.pop("lon_e6"), values.pop("lat_e6")
    return AlertSeen.model_validate(values | {"lon": None if lon is None else lon / 1e6, "lat": None if lat is None else lat / 1e6})


def feature(one: AlertSeen) -> AlertFeature:
    """An alert as a GeoJSON feature."""
    place = AlertPoint(coordinates=(one.lon, one.lat)) if one.lon is not None and one.lat is not None else None
    return AlertFeature(id=one.alert_id, geometry=place, properties=one)
