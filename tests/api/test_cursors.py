"""Pages by cursor: nothing skipped, nothing twice, nothing made up."""

from __future__ import annotations

import asyncio
import base64
from datetime import UTC, date, datetime
from typing import Any

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from api import problems
from api.cursors import Cursors, Paging
from domain.errors import RefusedError

KEYS = st.lists(
    st.none() | st.integers() | st.text() | st.dates() | st.datetimes(timezones=st.just(UTC)) | st.floats(allow_nan=False), max_size=4
)


class Client:
    """Asks an app, one request after the other."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    def get(self, url: str) -> httpx.Response:
        """The answer."""

        async def asked() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(self._app), base_url="http://cuntong") as client:
                return await client.get(url)

        return asyncio.run(asked())


def listing(conn: psycopg.Connection[Any]) -> Client:
    """A list of operators by name over a real table."""
    app = FastAPI()
    app.state.cursors = Cursors(b"s" * 48)
    problems.install(app)

    @app.get("/operators/{kind}")
    def listed(kind: str, page: Paging, letter: str = "") -> list[tuple[str, int]]:
        name, number = page.after or ("", 0)
        rows = conn.execute(
            """
            select name, operator_id
              from operator
             where (name, operator_id) > (%(name)s, %(number)s)
             order by name, operator_id
             limit %(limit)s
            """,
            {"name": name, "number": number, "limit": page.limit + 1},
        ).fetchall()
        return page.cut(rows, lambda row: row)

    return Client(app)


def put(conn: psycopg.Connection[Any], names: list[str]) -> None:
    for name in names:
        conn.execute("insert into operator (name) values (%(name)s)", {"name": name})


def test_pages_neither_skip_nor_repeat_while_rows_come(conn: psycopg.Connection[Any]) -> None:
    first = [f"{number:03d}" for number in range(0, 200, 2)]
    put(conn, first)
    client, url, seen, page = listing(conn), "/operators/all?limit=7", list[str](), 0
    while url:
        answer = client.get(url)
        seen += [name for name, _ in answer.json()]
        put(conn, [f"{page:03d}x", f"{190 - page:03d}y"])  # before and behind where the reader stands
        page += 1
        url = answer.links.get("next", {}).get("url", "")
    assert len(seen) == len(set(seen))
    assert set(first) <= set(seen)
    assert seen == sorted(seen)
    assert page > 100 // 7


def test_a_cursor_is_good_for_its_own_list_alone(conn: psycopg.Connection[Any]) -> None:
    put(conn, [f"{number:03d}" for number in range(9)])
    client = listing(conn)
    following = client.get("/operators/all?letter=a&limit=3").links["next"]["url"]
    assert [name for name, _ in client.get(following.replace("limit=3", "limit=2")).json()] == ["003", "004"]
    cursor = following.rpartition("cursor=")[2]
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    forged = base64.urlsafe_b64encode(raw.replace(b'"002"', b'"006"')).decode().rstrip("=")
    for bad in (f"all?cursor={cursor}", f"none?letter=a&cursor={cursor}", f"all?letter=a&cursor={forged}", "all?letter=a&cursor=%00é"):
        refused = client.get(f"/operators/{bad}")
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "cursor"), bad
    assert "link" not in client.get("/operators/all?limit=9").headers
    assert client.get("/operators/all?limit=1001").status_code == 422


@given(key=KEYS)
def test_a_cursor_gives_back_what_it_holds(key: list[str | int | float | date | datetime | None]) -> None:
    cursors = Cursors(b"s" * 48)
    assert cursors.open(b"here", cursors.seal(b"here", key)) == tuple(key)


@given(text=st.text() | st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_no_text_is_a_cursor_but_ours(text: str) -> None:
    with pytest.raises(RefusedError):
        Cursors(b"s" * 48).open(b"here", text)
