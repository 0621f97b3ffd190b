"""Nobody sees more than the office allows, and without an office nothing: asked in SQL, as the application's own role."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg import sql

from storage.pool import connect
from storage.scope import Scope, enter, service

READABLE = """
select c.relname, c.relkind::text, c.relrowsecurity,
       exists (select from pg_inherits i where i.inhrelid = c.oid)
  from pg_class c
 where c.relnamespace = 'public'::regnamespace
   and c.relkind in ('r', 'v', 'm', 'p')
   and has_any_column_privilege('cuntong_app', c.oid, 'select, insert, update')
 order by 1
"""


@pytest.fixture
def app(dsn: str, conn: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    """Connection of the application's role to a database with two counties, two operators, four vehicles."""
    conn.execute("insert into operator (operator_id, name, region_code) values (1, 'Red Buses', '520102'), (2, 'Blue Buses', '520103')")
    conn.execute(
        """
        insert into vehicle (vehicle_id, plate, plate_colour, operator_id, region_code)
        values (11, '贵A00011', 2, 1, '520102'), (12, '贵A00012', 2, 2, '520102'), (13, '贵A00013', 2, 1, '520103'), (14, null, null, null, null)
        """
    )
    conn.execute("insert into terminal (terminal_id, vehicle_id) values ('11', 11), ('12', 12), ('13', 13), ('14', 14)")
    conn.execute("insert into terminal (terminal_id, region_code) values ('15', '520102')")
    for vehicle_id in (11, 12, 13, 14):
        conn.execute(
            """
            insert into vehicle_last (vehicle_id, time, received, speed_kmh10, heading_deg, status_bits, alarm_bits)
            values (%(vehicle_id)s, now(), now(), 0, 0, 0, 0)
            """,
            {"vehicle_id": vehicle_id},
        )
        conn.execute(
            """
            insert into positions (time, received, vehicle_id, lon_e6, lat_e6, alarm_bits, status_bits, speed_kmh10, heading_deg, altitude_m,
                                   source, flags)
            values (now(), now(), %(vehicle_id)s, 0, 0, 0, 0, 0, 0, 0, 0, 0)
            """,
            {"vehicle_id": vehicle_id},
        )
    conn.commit()
    with connect(dsn, "app") as asked:
        yield asked
        asked.rollback()


def _vehicles(app: psycopg.Connection[Any], table: str) -> set[int]:
    rows = app.execute(sql.SQL("select vehicle_id from {} where vehicle_id is not null").format(sql.Identifier(table))).fetchall()
    return {number for (number,) in rows}


WHO = [
    (Scope("regulator", "520102"), {11, 12}),
    (Scope("regulator", "520100"), {11, 12, 13}),
    (Scope("regulator", "520000"), {11, 12, 13}),
    (Scope("regulator", "100000"), {11, 12, 13, 14}),
    (Scope("regulator", "430000"), set()),
    (Scope("operator", "520000", operator_id=1), {11, 13}),
    (Scope("operator", "520102", operator_id=1), {11}),
    (Scope("operator", "520000"), set()),
    (Scope("driver", "520000", operator_id=1, person_id=99), set()),
    (Scope("passenger", "100000", person_id=1), set()),
    (Scope("finance", "520103"), {13}),
    (Scope("no such role", "100000"), set()),
    (Scope("regulator", "52%"), set()),
    (Scope("regulator", ""), set()),
    (service("live"), {11, 12, 13, 14}),
]


@pytest.mark.parametrize(("who", "seen"), WHO, ids=lambda value: f"{value.role}-{value.region_code}" if isinstance(value, Scope) else None)
def test_a_person_sees_the_vehicles_of_the_office(app: psycopg.Connection[Any], who: Scope, seen: set[int]) -> None:
    enter(app, who)
    assert _vehicles(app, "vehicle") == seen
    for view in ("vehicle_last_seen", "position_seen", "terminal"):
        assert _vehicles(app, view) == seen, view


def test_without_a_scope_the_application_sees_nothing_of_anything(app: psycopg.Connection[Any], conn: psycopg.Connection[Any]) -> None:
    relations = conn.execute(READABLE).fetchall()
    assert len(relations) > 40
    for name, kind, secured, inherits in relations:
        assert kind == "v" or secured or inherits, f"{name} has no row security"
        count = sql.SQL("select count(*) from (select from {} limit 1) found").format(sql.Identifier(name))
        row = app.execute(count).fetchone()
        assert row == (0,), name
    # not because there was nothing: the owner sees rows
    assert conn.execute("select count(*) from vehicle").fetchone() == (4,)


def test_a_scope_ends_with_its_transaction(app: psycopg.Connection[Any]) -> None:
    enter(app, Scope("regulator", "100000"))
    assert len(_vehicles(app, "vehicle")) == 4
    app.commit()
    assert _vehicles(app, "vehicle") == set()


def test_the_hypertables_themselves_are_closed(app: psycopg.Connection[Any]) -> None:
    enter(app, service("live"))
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute("select vehicle_id from positions limit 1")


@pytest.mark.parametrize(
    ("who", "statement"),
    [
        (Scope("regulator", "520102"), "update vehicle set plate = 'X' where vehicle_id = 13"),
        (Scope("operator", "520000", operator_id=1), "delete from vehicle where vehicle_id = 12"),
        (Scope("finance", "100000"), "delete from vehicle where vehicle_id = 11"),
        (Scope("driver", "100000", person_id=1), "update terminal set profile = 'x'"),
        (Scope("regulator", "100000"), "update region set name = 'x'"),
        (Scope("regulator", "520102"), "update account set role = 'admin'"),
    ],
)
def test_what_is_outside_is_not_written(app: psycopg.Connection[Any], who: Scope, statement: str) -> None:
    enter(app, who)
    assert app.execute(statement.encode()).rowcount == 0


@pytest.mark.parametrize(
    ("who", "statement"),
    [
        (Scope("operator", "520000", operator_id=1), "update vehicle set operator_id = 2 where vehicle_id = 11"),
        (Scope("regulator", "520102"), "update vehicle set region_code = '520103' where vehicle_id = 11"),
        (Scope("regulator", "520102"), "insert into vehicle (plate, plate_colour, region_code) values ('X', 1, '430102')"),
        (Scope("tester", "100000"), "insert into operator (name, region_code) values ('X', '430102')"),
        (Scope("operator", "520000", operator_id=1), "insert into account (name, role) values ('mine', 'admin')"),
    ],
)
def test_nothing_is_moved_or_made_outside(app: psycopg.Connection[Any], who: Scope, statement: str) -> None:
    enter(app, who)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute(statement.encode())


def test_an_operator_is_known_where_its_vehicles_are(app: psycopg.Connection[Any]) -> None:
    enter(app, Scope("regulator", "520102"))
    assert {name for (name,) in app.execute("select name from operator").fetchall()} == {"Red Buses", "Blue Buses"}
    app.rollback()
    enter(app, Scope("regulator", "520103"))
    assert {name for (name,) in app.execute("select name from operator").fetchall()} == {"Red Buses", "Blue Buses"}
    app.rollback()
    enter(app, Scope("operator", "520000", operator_id=2))
    assert {name for (name,) in app.execute("select name from operator").fetchall()} == {"Blue Buses"}


def test_terminals_without_a_vehicle_are_the_regions(app: psycopg.Connection[Any]) -> None:
    seen = "select count(*) from terminal where terminal_id = '15'"
    for who, count in (
        (Scope("regulator", "520102"), 1), (Scope("regulator", "520103"), 0), (Scope("operator", "520102", operator_id=1), 0),
    ):  # fmt: skip
        enter(app, who)
        assert app.execute(seen.encode()).fetchone() == (count,)
        app.rollback()
