"""`/ogc`: OGC API - Features, Part 1, of newest positions, alerts, stations and lines. Opens in QGIS and other clients of the standard."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, WithJsonSchema

from api import ogc_collections as held
from api.answers import GEOJSON
from api.asking import Asking, asking
from api.live.source import Pool
from api.ogc_asked import Asked, asked, binding, require_known
from api.schemas.ogc import CRS84, Collection, Collections, Conformance, Extent, Items, Landing, Link, LinkedFeature, SpatialExtent
from domain.errors import RefusedError
from operations.identity import Principal

BASE = "/ogc"
JSON = "application/json"
CLASSES = ["http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core", "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson"]
EVERYWHERE = (-180.0, -90.0, 180.0, 90.0)

Limit = Annotated[
    str | None, WithJsonSchema({"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}), Query(description="features at most")
]
Bbox = Annotated[str | None, Query(description="west,south,east,north in degrees (six numbers: with heights, which do not count)")]
BboxCrs = Annotated[str | None, Query(alias="bbox-crs", description=f"{CRS84} alone")]
Datetime = Annotated[str | None, Query(description="RFC 3339 instant, or an interval begin/end with .. for an open end")]
Cursor = Annotated[str | None, Query(description="of a next link")]
_BAD: dict[int | str, dict[str, Any]] = {400: {"description": "Bad request", "content": {"application/problem+json": {}}}}
_GEO: dict[int | str, dict[str, Any]] = _BAD | {200: {"content": {GEOJSON: {}}}}


def router(pool: Pool) -> APIRouter:
    """Routes of the service."""
    routes = APIRouter(prefix=BASE, tags=["ogc"])

    @routes.get("", responses=_BAD)
    def landing(request: Request, principal: Asking) -> Landing:
        """Where everything is."""
        require_known(request)
        links = [
            _link(request, "", "self", "this page"),
            Link(href=f"{_root(request)}/api/v1/openapi.json", rel="service-desc", type="application/vnd.oai.openapi+json;version=3.1"),
            _link(request, "/conformance", "conformance", "conformance classes"),
            _link(request, "/collections", "data", "collections"),
        ]
        return Landing(title="Cuntong", description="Vehicles, alerts, stations and lines.", links=links)

    @routes.get("/conformance", responses=_BAD)
    def conformance(request: Request, principal: Asking) -> Conformance:
        """Conformance classes."""
        require_known(request)
        return Conformance(conformsTo=CLASSES)

    _add_collections(routes)
    _add_features(routes, pool)
    return routes


def _add_collections(routes: APIRouter) -> None:
    @routes.get("/collections", responses=_BAD)
    def collections(request: Request, principal: Asking) -> Collections:
        """Collections that the person may read."""
        require_known(request)
        found = [_collection(request, one) for one in held.COLLECTIONS.values() if principal.may(one.right)]
        return Collections(links=[_link(request, "/collections", "self")], collections=found)

    @routes.get("/collections/{name}", responses=_BAD)
    def collection(request: Request, principal: Asking, name: str) -> Collection:
        """One collection."""
        require_known(request)
        return _collection(request, _held(principal, name))


def _add_features(routes: APIRouter, pool: Pool) -> None:
    @routes.get("/collections/{name}/items", response_model=Items, responses=_GEO)
    def items(
        request: Request, principal: Asking, name: str, limit: Limit = None, bbox: Bbox = None, bbox_crs: BboxCrs = None,
        datetime: Datetime = None, cursor: Cursor = None,
    ) -> Response:  # fmt: skip
        """Features of a collection."""
        one, wanted = _held(principal, name), asked(request)
        with asking(pool, principal) as conn:
            found = one.page(conn, wanted)
        return _geo(_items(request, name, wanted, found))

    @routes.get("/collections/{name}/items/{fid}", response_model=LinkedFeature, responses=_GEO)
    def item(request: Request, principal: Asking, name: str, fid: str) -> Response:
        """One feature."""
        require_known(request)
        one = _held(principal, name)
        number = int(fid) if fid.isascii() and fid.isdecimal() and len(fid) < 19 else 0
        with asking(pool, principal) as conn:
            found = one.one(conn, number) if 0 < number < one.ids else None
        if found is None:
            raise RefusedError(f"no feature {fid[:40]} in {name}", field="fid", kind="missing")
        path = f"/collections/{name}"
        links = [_link(request, f"{path}/items/{number}", "self", kind=GEOJSON), _link(request, path, "collection")]
        return _geo(LinkedFeature(**found.model_dump(), links=links))


def _held(principal: Principal, name: str) -> held.Held:
    one = held.COLLECTIONS.get(name)
    if one is None:
        raise RefusedError(f"no collection {name[:40]!r}; there are {', '.join(held.COLLECTIONS)}", field="name", kind="missing")
    if not principal.may(one.right):
        raise RefusedError(f"role {principal.role} lacks the right {one.right}", field="right", kind="forbidden")
    return one


def _collection(request: Request, one: held.Held) -> Collection:
    path = f"/collections/{one.name}"
    links = [_link(request, path, "self"), _link(request, f"{path}/items", "items", one.title, GEOJSON)]
    extent = Extent(spatial=SpatialExtent(bbox=[EVERYWHERE]))
    return Collection(id=one.name, title=one.title, description=one.description, extent=extent, links=links)


def _items(request: Request, name: str, wanted: Asked, found: held.Found) -> Items:
    path = f"/collections/{name}/items"
    kept = {key: value for key, value in request.query_params.items() if key != "cursor"}
    links = [
        _link(request, path, "self", kind=GEOJSON, query=dict(request.query_params)),
        _link(request, f"/collections/{name}", "collection"),
    ]
    if found.next_key is not None:
        cursor = request.app.state.cursors.seal(binding(request), found.next_key)
        links.append(_link(request, path, "next", kind=GEOJSON, query=kept | {"cursor": cursor}))
    stamp = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return Items(timeStamp=stamp, numberReturned=len(found.features), features=found.features, links=links)


def _geo(body: BaseModel) -> Response:
    headers = {"Content-Crs": f"<{CRS84}>", "Cache-Control": "private, no-store"}
    return Response(body.model_dump_json(exclude_none=False), headers=headers, media_type=GEOJSON)


def _root(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _link(
    request: Request, path: str, rel: str, title: str | None = None, kind: str = JSON, query: Mapping[str, str] | None = None
) -> Link:
    tail = f"?{urlencode(query)}" if query else ""
    return Link(href=f"{_root(request)}{BASE}{path}{tail}", rel=rel, type=kind, title=title)
