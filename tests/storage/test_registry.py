"""Admission by SQL, and the roster that the gateway keeps."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import psycopg

from storage.pool import connect
from storage.registry import Registration, admit, operators, regions, roster, vehicles

NOW = 1_790_000_000_000


def say(terminal: str, plate: str = "", colour: int = 2, at: int = 0, **more: Any) -> Registration:
    return Registration(terminal, plate, colour, at_ms=NOW + at, **more)


def one(conn: psycopg.Connection[Any], registration: Registration) -> int:
    return next(iter(admit(conn, [registration]).values()))


def bindings(conn: psycopg.Connection[Any]) -> list[tuple[str, int, bool]]:
    return conn.execute(
        "select terminal_id, vehicle_id, bound_to is null from terminal_binding order by bound_from, terminal_id"
    ).fetchall()


def test_the_first_registration_makes_terminal_and_vehicle(conn: psycopg.Connection[Any]) -> None:
    found = admit(conn, [say("013900000001", "贵a12345", maker="MAKER", model="M1", terminal_code="T1\x00", province=52, city=103)])
    assert list(found) == ["13900000001"]
    (row,) = roster(conn)
    assert (row.terminal_id, row.vehicle_id, row.state, row.generation, row.profile) == (
        "13900000001", found["13900000001"], "unregistered", 0, "standard",
    )  # fmt: skip
    assert (row.plate, row.plate_colour, row.region_code, row.given_code) == ("贵A12345", 2, "520103", None)
    (vehicle,) = vehicles(conn)
    assert (vehicle.vehicle_class, vehicle.state, vehicle.terminal_id) == ("unknown", "unregistered", "13900000001")
    assert conn.execute("select maker, model, terminal_code from terminal").fetchone() == ("MAKER", "M1", "T1")


def test_saying_it_again_changes_nothing(conn: psycopg.Connection[Any]) -> None:
    first = one(conn, say("1", "贵A1"))
    before = conn.execute("select changed_at from terminal").fetchone()
    assert one(conn, say("1", "贵A1", at=5000)) == first
    assert conn.execute("select changed_at from terminal").fetchone() == before
    assert bindings(conn) == [("1", first, True)]


def test_a_plate_is_number_and_colour(conn: psycopg.Connection[Any]) -> None:
    assert one(conn, say("1", "贵A1", 1)) != one(conn, say("2", "贵A1", 2))


def test_the_newest_registration_binds_the_plate_with_history(conn: psycopg.Connection[Any]) -> None:
    first = one(conn, say("1", "贵A1"))
    assert one(conn, say("2", "贵A1", at=1000)) == first
    assert [(row.terminal_id, row.vehicle_id) for row in roster(conn)] == [("1", None), ("2", first)]
    assert bindings(conn) == [("1", first, False), ("2", first, True)]
    other = one(conn, say("1", at=2000))
    assert other != first


def test_an_older_registration_takes_nothing_back(conn: psycopg.Connection[Any]) -> None:
    vehicle = one(conn, say("2", "贵A1", at=1000))
    assert one(conn, say("1", "贵A1", at=0)) != vehicle
    assert one(conn, say("2", "贵B9", at=500)) == vehicle
    assert [row.vehicle_id for row in roster(conn) if row.terminal_id == "2"] == [vehicle]


def test_a_terminal_that_moves_to_another_plate_gets_another_vehicle(conn: psycopg.Connection[Any]) -> None:
    first = one(conn, say("1", "贵A1"))
    second = one(conn, say("1", "贵A2", at=1000))
    assert second != first
    assert one(conn, say("1", "贵A1", at=2000)) == first
    assert bindings(conn) == [("1", first, False), ("1", second, False), ("1", first, True)]


def test_a_vehicle_without_a_plate_gets_it_later_and_keeps_its_number(conn: psycopg.Connection[Any]) -> None:
    nameless = one(conn, say("1"))
    assert one(conn, say("1", at=10)) == nameless
    assert one(conn, say("1", "贵A1", at=1000)) == nameless
    assert one(conn, say("1", at=2000)) == nameless
    assert [vehicle.plate for vehicle in vehicles(conn)] == ["贵A1"]


def test_a_revoked_terminal_is_not_bound_anew(conn: psycopg.Connection[Any]) -> None:
    vehicle = one(conn, say("1", "贵A1"))
    conn.execute("update terminal set state = 'revoked'")
    assert one(conn, say("1", "贵A2", at=1000)) == vehicle
    conn.execute("insert into terminal (terminal_id, state) values ('9', 'revoked')")
    assert admit(conn, [say("9", "贵A3")]) == {}


def test_the_pipeline_may_admit(dsn: str) -> None:
    with connect(dsn, "ingest") as conn:
        assert len(admit(conn, [say("1", "贵A1"), say("2"), say("3", "贵A1", at=1)])) == 3


def test_two_pipelines_admitting_the_same_plate_make_one_vehicle(dsn: str) -> None:
    found: list[int] = []
    barrier = threading.Barrier(4)

    def work(number: int) -> None:
        with connect(dsn, "ingest") as conn:
            barrier.wait()
            found.append(one(conn, say(str(number), "贵A1", at=number)))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with connect(dsn) as conn:
        assert sum(vehicle.plate == "贵A1" for vehicle in vehicles(conn)) == 1
        assert sum(row.plate == "贵A1" for row in roster(conn)) == 1


def test_the_roster_since_shows_changes_of_terminal_and_vehicle(conn: psycopg.Connection[Any]) -> None:
    admit(conn, [say("1", "贵A1"), say("2", "贵A2")])
    conn.commit()
    seen = max(row.changed_at for row in roster(conn)) + timedelta(hours=1)
    assert roster(conn, seen) == []
    conn.execute("alter table vehicle disable trigger vehicle_changed")
    conn.execute("update vehicle set region_code = '520103', changed_at = %(at)s where plate = '贵A2'", {"at": seen + timedelta(minutes=1)})
    assert [(row.terminal_id, row.region_code) for row in roster(conn, seen)] == [("2", "520103")]


def test_a_change_of_a_terminal_is_announced_once_a_transaction(dsn: str) -> None:
    with connect(dsn, autocommit=True) as listener, connect(dsn) as writer:
        listener.execute("listen cuntong_roster")
        admit(writer, [say("1", "贵A1"), say("2", "贵A2")])
        writer.commit()
        assert len(list(listener.notifies(timeout=2, stop_after=1))) == 1
        assert list(listener.notifies(timeout=0.2)) == []
        admit(writer, [say("1", "贵A1", at=1)])
        writer.commit()
        assert list(listener.notifies(timeout=0.2)) == []
        writer.execute("update terminal set generation = generation + 1 where terminal_id = '1'")
        writer.commit()
        assert len(list(listener.notifies(timeout=2, stop_after=1))) == 1


def test_lists_are_empty_before_anything_is_registered(conn: psycopg.Connection[Any]) -> None:
    assert (roster(conn), vehicles(conn), operators(conn), regions(conn)) == ([], [], [], [])
