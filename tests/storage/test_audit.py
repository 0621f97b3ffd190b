"""The audit log: every write of a person is in it, and no byte of it can change unseen."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import sql

from storage import audit
from storage.pool import connect
from storage.scope import Scope, enter

WANG = Scope("regulator", "520000", user_id=None, actor="wang.fang", trace_id="t-1", address="10.0.0.9")
COLUMNS = ("stream", "seq", "at", "actor", "role", "address", "trace_id", "action", "object", "payload", "region_code", "prev", "hash")


def _tampered(conn: psycopg.Connection[Any], statement: str, **values: Any) -> None:
    """What somebody with the superuser's password would do."""
    conn.execute("alter table audit disable trigger audit_unchanged")
    assert conn.execute(statement.encode(), values).rowcount == 1
    conn.execute("alter table audit enable trigger audit_unchanged")


@pytest.fixture
def chain(dsn: str, conn: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    """Owner's connection to a database in which a person made, changed and removed an operator, and read something."""
    with connect(dsn, "app") as app:
        enter(app, WANG)
        app.execute("insert into operator (name, region_code) values ('红星客运 \"east\"', '520102')")
        app.execute("update operator set contact = 'Li' where region_code = '520102'")
        audit.put(app, "personal", "driver.read", "driver:7", {"fields": ["phone"], "why": "case 12"})
        app.commit()
        enter(app, WANG)
        app.execute("delete from operator where region_code = '520102'")
        app.commit()
    return conn


def test_writes_are_told_with_who_and_what(chain: psycopg.Connection[Any]) -> None:
    made, changed, removed = audit.rows(chain, "registry")
    assert (made.action, changed.action, removed.action) == ("operator.insert", "operator.update", "operator.delete")
    assert {(row.actor, row.role, row.address, row.trace_id, row.region_code) for row in (made, changed, removed)} == {
        ("wang.fang", "regulator", "10.0.0.9", "t-1", "520000")
    }
    assert json.loads(made.payload)["name"] == '红星客运 "east"'
    assert json.loads(changed.payload) == {"contact": [None, "Li"]}
    assert made.object == changed.object == removed.object
    (read,) = audit.rows(chain, "personal")
    assert json.loads(read.payload) == {"fields": ["phone"], "why": "case 12"}
    assert audit.verify(chain) == ([], {"personal": 1, "registry": 3})


def test_a_write_that_is_rolled_back_leaves_no_act(chain: psycopg.Connection[Any], dsn: str) -> None:
    with connect(dsn, "app") as app:
        enter(app, WANG)
        app.execute("insert into operator (name, region_code) values ('never', '520102')")
        app.rollback()
    assert audit.verify(chain) == ([], {"personal": 1, "registry": 3})


@pytest.mark.parametrize("column", COLUMNS)
def test_one_flipped_byte_in_any_column_is_found(chain: psycopg.Connection[Any], column: str) -> None:
    for seq in (1, 2, 3):
        where = "where stream = 'registry' and seq = %(seq)s"
        if column in ("prev", "hash"):
            # the first row has no row before it: a byte is put there instead
            flipped = "case when {c} = '' then '\\x01'::bytea else set_byte({c}, 0, get_byte({c}, 0) # 1) end"
        elif column == "seq":
            flipped = "{c} + 100"
        else:
            flipped = "case when {c} = '' then 'x' else overlay({c} placing chr(ascii({c}) # 1) from 1 for 1) end"
        _tampered(chain, f"update audit set {column} = {flipped.format(c=column)} {where}", seq=seq)
        broken, _ = audit.verify(chain)
        assert broken, (column, seq)
        chain.rollback()
    assert audit.verify(chain)[0] == []


def test_a_last_byte_flipped_in_the_payload_is_found_and_named(chain: psycopg.Connection[Any]) -> None:
    _tampered(
        chain,
        "update audit set payload = left(payload, -1) || chr(ascii(right(payload, 1)) # 1) where stream = 'registry' and seq = %(seq)s",
        seq=2,
    )
    broken, held = audit.verify(chain)
    assert [(fault.stream, fault.seq) for fault in broken] == [("registry", 2)]
    assert held["registry"] == 1
    chain.rollback()


@pytest.mark.parametrize("seq", [1, 2, 3])
def test_a_row_taken_out_is_found(chain: psycopg.Connection[Any], seq: int) -> None:
    _tampered(chain, "delete from audit where stream = 'registry' and seq = %(seq)s", seq=seq)
    assert audit.verify(chain)[0]
    chain.rollback()


def test_a_chain_rewritten_as_a_whole_is_found_by_a_printed_head(chain: psycopg.Connection[Any]) -> None:
    printed = {head.stream: head for head in audit.heads(chain)}
    chain.execute("alter table audit disable trigger user")
    chain.execute("update audit set actor = 'somebody.else' where stream = 'personal'")
    chain.execute("update audit a set hash = audit_hash(a) where stream = 'personal'")
    chain.execute("update audit_head h set hash = (select a.hash from audit a where a.stream = 'personal') where stream = 'personal'")
    assert audit.verify(chain)[0] == []
    broken, _ = audit.verify(chain, printed)
    assert [(fault.stream, fault.reason) for fault in broken] == [("personal", "is not the row that was printed as the chain's end")]
    chain.rollback()


@pytest.mark.parametrize("statement", ["update audit set actor = 'x'", "delete from audit", "truncate audit"])
def test_not_even_the_owner_changes_the_log(chain: psycopg.Connection[Any], statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="for good"):
        chain.execute(statement.encode())
    chain.rollback()


@pytest.mark.parametrize(
    "statement",
    [
        "insert into audit select stream, seq + 9, at, actor, role, address, trace_id, action, object, payload, region_code, prev, hash from audit",
        "update audit set actor = 'x'",
        "update audit_head set seq = 0",
    ],
)
def test_the_application_only_adds_by_the_function(chain: psycopg.Connection[Any], dsn: str, statement: str) -> None:
    with connect(dsn, "app") as app:
        enter(app, WANG)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute(statement.encode())
        app.rollback()


def test_nobody_writes_without_saying_who(dsn: str, conn: psycopg.Connection[Any]) -> None:
    with connect(dsn, "app") as app:
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="nobody asks"):
            audit.put(app, "personal", "driver.read", "driver:7", {})
        app.rollback()


def test_acts_at_one_time_make_one_chain(dsn: str, conn: psycopg.Connection[Any]) -> None:
    def act(number: int) -> None:
        with connect(dsn, "app") as app:
            for turn in range(20):
                enter(app, Scope("regulator", "520000", actor=f"user-{number}"))
                audit.put(app, "registry", "test.act", f"{number}:{turn}", {"turn": turn})
                app.commit()

    threads = [threading.Thread(target=act, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert audit.verify(conn) == ([], {"registry": 80})
    for number in range(4):
        turns = [json.loads(row.payload)["turn"] for row in audit.rows(conn, "registry") if row.actor == f"user-{number}"]
        assert turns == list(range(20))


def test_ten_thousand_rows_of_one_transaction_are_one_chain(dsn: str, conn: psycopg.Connection[Any]) -> None:
    with connect(dsn, "app") as app:
        enter(app, WANG)
        app.execute(
            "insert into vehicle (plate, plate_colour, region_code) select '贵A' || n, 2, '520102' from generate_series(10000, 19999) n"
        )
        app.commit()
    assert audit.verify(conn) == ([], {"registry": 10_000})
    first = next(audit.rows(conn, "registry"))
    assert json.loads(first.payload)["plate"] == "贵A10000"


def test_what_terminals_make_is_no_act_of_a_person(dsn: str, conn: psycopg.Connection[Any]) -> None:
    with connect(dsn, "ingest") as ingest:
        ingest.execute(sql.SQL("select admit_terminal('13800000001', '贵A00001', 2::smallint, '', '', '', 52, 102, now())"))
        ingest.commit()
    assert conn.execute("select count(*) from vehicle").fetchone() == (1,)
    assert audit.verify(conn) == ([], {})


def test_the_newest_acts_come_first_page_by_page(chain: psycopg.Connection[Any]) -> None:
    whole = audit.newest(chain, audit.Wanted(), 100)
    assert [row.at for row in whole] == sorted((row.at for row in whole), reverse=True)
    assert len(whole) == 4
    paged, before = [], None
    while page := audit.newest(chain, audit.Wanted(), 1, before):
        paged += page
        before = page[-1].at, page[-1].stream, page[-1].seq
    assert paged == whole
    assert [row.action for row in audit.newest(chain, audit.Wanted(action="operator"), 9)] == [
        "operator.delete",
        "operator.update",
        "operator.insert",
    ]
    assert [row.seq for row in audit.newest(chain, audit.Wanted(stream="personal", actor="wang.fang", object="driver:7"), 9)] == [1]
    day = datetime.now(UTC)
    assert audit.newest(chain, audit.Wanted(since=day + timedelta(hours=1)), 9) == []
    assert len(audit.newest(chain, audit.Wanted(since=day - timedelta(hours=1), until=day + timedelta(hours=1)), 9)) == 4


@pytest.mark.parametrize(
    ("who", "seen"),
    [
        (Scope("admin", "100000", actor="root"), 4),
        (Scope("regulator", "520000", actor="li"), 4),
        (Scope("regulator", "520102", actor="county"), 0),
        (Scope("operator", "520000", operator_id=1, actor="red"), 0),
        (WANG, 4),
    ],
)
def test_acts_are_seen_by_who_may(chain: psycopg.Connection[Any], dsn: str, who: Scope, seen: int) -> None:
    with connect(dsn, "app") as app:
        enter(app, who)
        assert len(audit.newest(app, audit.Wanted(), 9)) == seen
        app.rollback()
