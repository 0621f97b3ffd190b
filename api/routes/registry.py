"""`/api/v1/operators`, `/vehicles`, `/drivers` and the other kinds of the registry: lists, one, make, change, and the steps of the life cycle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel

from api.answers import answer
from api.asking import asking, may
from api.cursors import Page, Paging
from api.live.source import Pool
from api.parameters import MOST_INT4
from api.preconditions import IfMatch, etag_of, require_match
from api.routes import registry_files, registry_more
from api.schemas import registry as said
from api.schemas.registry import ActAsked
from operations.identity import Principal
from operations.registry import masters
from operations.registry.entities import KINDS
from operations.registry.kinds import Kind
from operations.registry.standing import ACTS, STANDINGS
from storage.sealing import Sealer

Region = Annotated[str | None, Query(pattern=r"^[1-9][0-9]{5}([0-9]{3}){0,2}$", description="GB/T 2260 code")]
Subordinates = Annotated[bool, Query(description="是否包含下级: also what lies below the region")]
OperatorOf = Annotated[int | None, Query(ge=1, le=MOST_INT4, description="of this operator alone")]
Stands = Annotated[Literal[STANDINGS] | None, Query(description="standing")]  # type: ignore[valid-type]
Text = Annotated[
    str | None,
    Query(max_length=100, pattern=r"^[^\u0000]*$", description="part of a name or number; of a phone or identity card the whole"),
]


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What a list is narrowed to."""

    region: str | None
    subordinates: bool
    operator_id: int | None
    standing: str | None
    text: str | None


def _narrowing(
    region: Region = None, subordinates: Subordinates = True, operator_id: OperatorOf = None, standing: Stands = None, text: Text = None
) -> Narrowing:
    return Narrowing(region, subordinates, operator_id, standing, text)


def routers(pool: Pool, sealer: Sealer) -> list[APIRouter]:
    """Routes of all kinds.

    Args:
        pool: of role "app".
        sealer: of personal fields.
    """
    return [registry_more.watch_router(pool), *(_router(pool, sealer, kind) for kind in KINDS.values())]


def etag(kind: Kind, row: dict[str, Any]) -> str:
    """ETag of all that is told of an entity."""
    return etag_of(kind.word, *row.values())


def key_type(kind: Kind) -> Any:
    """Type of the key in paths."""
    if kind.word == "terminals":
        return Annotated[str, Path(pattern=r"^(0|[1-9a-f][0-9a-f]{0,19})$", description=f"key of the {kind.table}")]
    return Annotated[int, Path(ge=1, le=MOST_INT4, description=f"key of the {kind.table}")]


def typed(function: Callable[..., Any], **types: Any) -> Callable[..., Any]:
    """The function with types of its parameters that are made at run time."""
    function.__annotations__.update(types)
    return function


def _router(pool: Pool, sealer: Sealer, kind: Kind) -> APIRouter:
    routes = APIRouter(prefix=f"/api/v1/{kind.word}", tags=["registry"])
    registry_files.add(routes, pool, sealer, kind)
    item = said.seen(kind)
    _add_list(routes, pool, sealer, kind, item)
    _add_one(routes, pool, kind, item)
    _add_edits(routes, pool, sealer, kind, item)
    for name in ACTS:
        _add_act(routes, pool, kind, item, name)
    registry_more.add(routes, pool, sealer, kind, key_type(kind))
    return routes


def _add_list(routes: APIRouter, pool: Pool, sealer: Sealer, kind: Kind, item: type[BaseModel]) -> None:
    model = said.list_of(kind, item)

    def listed(request: Request, principal: Any, page: Page, what: Narrowing) -> Response:
        wanted = masters.wanted(
            kind, sealer, region=what.region, subordinates=what.subordinates, operator_id=what.operator_id, standing=what.standing,
            text=what.text,
        )  # fmt: skip
        with asking(pool, principal) as conn:
            rows = masters.listed(conn, kind, wanted, page.after[0] if page.after else None, page.limit + 1)
        response = answer(request, model.model_validate({"items": page.cut(rows, lambda row: (row[kind.key],))}))
        response.headers.update(page.headers)
        return response

    typed(
        listed, principal=Annotated[Principal, Depends(may(kind.read))], page=Paging, what=Annotated[Narrowing, Depends(_narrowing)]
    )  # fmt: skip
    routes.get("", response_model=model, name=f"list_{kind.word}", summary=f"{kind.zh}: list")(listed)


def _add_one(routes: APIRouter, pool: Pool, kind: Kind, item: type[BaseModel]) -> None:
    def one(request: Request, response: Response, principal: Any, key: Any) -> Any:
        with asking(pool, principal) as conn:
            row = masters.one(conn, kind, key)
        tag = etag(kind, row)
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers={"ETag": tag})
        response.headers["ETag"] = tag
        return item.model_validate(row)

    typed(one, principal=Annotated[Principal, Depends(may(kind.read))], key=key_type(kind))
    routes.get("/{key}", response_model=item, name=f"one_of_{kind.word}", summary=f"{kind.zh}: one, with its ETag")(one)


def _add_edits(routes: APIRouter, pool: Pool, sealer: Sealer, kind: Kind, item: type[BaseModel]) -> None:
    writer = Annotated[Principal, Depends(may(kind.write))]

    def make(response: Response, principal: Any, asked: Any) -> Any:
        with asking(pool, principal) as conn:
            row = masters.make(conn, kind, asked.model_dump(exclude_unset=True), sealer)
        response.headers["ETag"] = etag(kind, row)
        response.headers["Location"] = f"/api/v1/{kind.word}/{row[kind.key]}"
        return item.model_validate(row)

    def change(response: Response, principal: Any, key: Any, asked: Any, if_match: Any = None) -> Any:
        with asking(pool, principal) as conn:
            require_match(if_match, etag(kind, masters.one(conn, kind, key, lock=True)))
            row = masters.change(conn, kind, key, asked.model_dump(exclude_unset=True), sealer)
        response.headers["ETag"] = etag(kind, row)
        return item.model_validate(row)

    typed(make, principal=writer, asked=said.wanted(kind, change=False))
    typed(change, principal=writer, key=key_type(kind), asked=said.wanted(kind, change=True), if_match=IfMatch)
    routes.post("", status_code=201, response_model=item, name=f"make_{kind.table}_{kind.word}", summary=f"{kind.zh}: make a draft")(make)
    summary = f"{kind.zh}: change fields of the version that was read; what was in force becomes a draft again"
    routes.patch("/{key}", response_model=item, name=f"change_{kind.word}", summary=summary)(change)


def _add_act(routes: APIRouter, pool: Pool, kind: Kind, item: type[BaseModel], name: str) -> None:
    right = ACTS[name].right

    def take(principal: Any, key: Any, asked: ActAsked) -> Any:
        with asking(pool, principal) as conn:
            return item.model_validate(masters.act(conn, kind, key, name, asked.reason))

    typed(take, principal=Annotated[Principal, Depends(may(kind.write if right == "write" else right))], key=key_type(kind), asked=ActAsked)
    summary = f"{kind.zh}: {name}, from {', '.join(ACTS[name].before)}"
    routes.post(f"/{{key}}/{name}", response_model=item, name=f"{name}_{kind.word}", summary=summary)(take)
