"""`/api/v1/vehicles/{id}/commands`: ask something of a vehicle's terminal, and what became of it; `/api/v1/messages/{id}`: its form."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response

from api.asking import asking, may
from api.idempotency import IdempotencyKey, once
from api.live.source import Pool
from api.parameters import Int8Id, VehicleId
from api.schemas.commands import CommandList, CommandSeen, NewCommand
from api.seeing import visible_vehicle
from domain.errors import RefusedError
from operations.identity import Principal
from protocols.definition import definition_of
from protocols.jt808.forms import STANDARD_PROFILE, command_of
from protocols.jt808.registry import messages
from protocols.schemas import json_schema
from storage import audit
from storage import terminal_commands as stored
from storage.registry import VehicleRow
from storage.terminal_commands import Command

Seeing = Annotated[Principal, Depends(may("commands:read"))]
Sending = Annotated[Principal, Depends(may("commands:send"))]
MessageId = Annotated[int, Path(ge=0, le=0xFFFF)]

_VERSION = "2019"


def router(pool: Pool) -> APIRouter:
    """Routes of commands."""
    routes = APIRouter(prefix="/api/v1", tags=["commands"])

    @routes.get("/messages/{message_id}")
    def form(
        principal: Seeing, message_id: MessageId, version: str = Query(default=_VERSION, pattern="^(2011|2013|2019)$")
    ) -> dict[str, Any]:
        """JSON schema of a message's fields."""
        return json_schema(message_id, version)

    @routes.post("/vehicles/{vehicle_id}/commands", status_code=202, response_model=CommandSeen)
    def ask(request: Request, principal: Sending, vehicle_id: VehicleId, asked: NewCommand, key: IdempotencyKey) -> Response:
        """Ask; what the fields must be is checked at once, the terminal hears it when it is on line."""
        command_of(asked.message_id, asked.fields)
        with asking(pool, principal) as conn:
            terminal_id = _terminal(visible_vehicle(conn, vehicle_id))
            return once(request, conn, principal, key, asked, lambda: _ask(conn, terminal_id, asked, principal.name))

    @routes.get("/vehicles/{vehicle_id}/commands")
    def listed(principal: Seeing, vehicle_id: VehicleId, limit: int = Query(default=50, ge=1, le=500)) -> CommandList:
        """The newest commands of the vehicle's terminal."""
        with asking(pool, principal) as conn:
            row = visible_vehicle(conn, vehicle_id)
            if row.terminal_id is None:
                return CommandList(vehicle_id=vehicle_id, terminal_id=None, commands=[])
            rows = stored.of_terminal(conn, row.terminal_id, limit)
        return CommandList(vehicle_id=vehicle_id, terminal_id=row.terminal_id, commands=[_seen(one) for one in rows])

    @routes.get("/vehicles/{vehicle_id}/commands/{command_id}")
    def one(principal: Seeing, vehicle_id: VehicleId, command_id: Int8Id) -> CommandSeen:
        """One command."""
        with asking(pool, principal) as conn:
            row = visible_vehicle(conn, vehicle_id)
            found = stored.one(conn, command_id)
        if found is None or found.terminal_id != row.terminal_id:
            raise RefusedError(f"no command {command_id} of vehicle {vehicle_id}", field="command_id", kind="missing")
        return _seen(found)

    return routes


def _ask(conn: stored.Connection, terminal_id: str, asked: NewCommand, who: str) -> CommandSeen:
    expires_at = datetime.now(UTC) + timedelta(seconds=asked.expires_in_s)
    number = stored.ask(conn, terminal_id, asked.message_id, asked.fields, expires_at=expires_at, asked_by=who)
    found = stored.one(conn, number)
    assert found is not None
    audit.put(conn, "command", "command.ask", f"terminal:{terminal_id}", {"command_id": number, "message_id": asked.message_id})
    return _seen(found)


def _terminal(row: VehicleRow) -> str:
    if row.terminal_id is None:
        raise RefusedError(f"vehicle {row.vehicle_id} has no terminal; bind one in the registry first", field="vehicle_id", kind="conflict")
    return row.terminal_id


def _seen(one: Command) -> CommandSeen:
    cls = messages.get((one.message_id, STANDARD_PROFILE))
    en, zh = (definition_of(cls).en, definition_of(cls).zh) if cls is not None else (f"0x{one.message_id:04X}", f"0x{one.message_id:04X}")
    return CommandSeen(
        command_id=one.command_id, terminal_id=one.terminal_id, message_id=one.message_id, message=en, message_zh=zh, fields=one.fields,
        state=one.state, result=one.result, answer=one.answer, reason=one.reason, created=one.created_at, expires=one.expires_at,
        sent=one.sent_at, done=one.done_at, attempts=one.attempts, asked_by=one.asked_by,
    )  # fmt: skip
