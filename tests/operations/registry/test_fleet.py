"""Import of the registry: every fault is reported, nothing is half imported."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from domain.errors import RefusedError
from operations.registry import fleet as registry
from operations.registry.fleet import BadRow, import_csv
from operations.registry.fleet_store import Entry
from storage.pool import connect
from storage.registry import Registration, admit, operators, roster, vehicles
from storage.scope import enter, service

AT = datetime(2026, 11, 21, tzinfo=UTC)
HEADING = "plate,plate_colour,terminal_id,operator,vehicle_class,region_code,dangerous_goods,profile,given_code\n"
GOOD = (
    HEADING
    + "贵A12345,yellow,013900000001,清水公交,rural_bus,520103,no,standard,\n"
    + "\n"
    + "贵B00001d,93,13900000002,清水公交,freight,520103,是,standard,OLD-CODE\n"
    + "贵C1,1,,,,,,,\n"
)


def put(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "fleet.csv"
    path.write_bytes(text.encode(encoding))
    return path


def tables(conn: psycopg.Connection[Any]) -> tuple[int, ...]:
    return tuple(
        conn.execute(f"select count(*) from {name}".encode()).fetchone()[0]  # type: ignore[index]
        for name in ("vehicle", "terminal", "operator", "terminal_binding")
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_good_file_is_imported_whole(conn: psycopg.Connection[Any], tmp_path: Path, encoding: str) -> None:
    done = import_csv(conn, put(tmp_path, GOOD, encoding), AT)
    assert (done.vehicles, done.terminals, done.operators, done.bad) == (3, 2, 1, [])
    assert [(v.plate, v.plate_colour, v.vehicle_class, v.state, v.dangerous_goods, v.terminal_id) for v in vehicles(conn)] == [
        ("贵A12345", 2, "rural_bus", "registered", False, "13900000001"),
        ("贵B00001D", 93, "freight", "registered", True, "13900000002"),
        ("贵C1", 1, "unknown", "registered", False, None),
    ]
    assert [(row.terminal_id, row.state, row.given_code, row.region_code) for row in roster(conn)] == [
        ("13900000001", "registered", None, "520103"), ("13900000002", "registered", "OLD-CODE", "520103"),
    ]  # fmt: skip
    assert [operator.name for operator in operators(conn)] == ["清水公交"]


def test_importing_the_same_file_again_changes_no_number_and_no_binding(conn: psycopg.Connection[Any], tmp_path: Path) -> None:
    path = put(tmp_path, GOOD)
    import_csv(conn, path, AT)
    before, counted = [v.vehicle_id for v in vehicles(conn)], tables(conn)
    import_csv(conn, path, datetime(2026, 12, 1, tzinfo=UTC))
    assert ([v.vehicle_id for v in vehicles(conn)], tables(conn)) == (before, counted)


def test_every_bad_row_is_named_and_nothing_is_imported(conn: psycopg.Connection[Any], tmp_path: Path) -> None:
    conn.execute("insert into region (region_code, level, name) values ('520103', 'county', '云岩区')")
    conn.execute("insert into terminal (terminal_id, state) values ('77', 'revoked')")
    before = tables(conn)
    text = HEADING + (
        "贵A1,yellow,1,甲,rural_bus,520103,,,\n"
        ",yellow,2,,,,,,\n"
        "贵A3,pink,3x,,,,,,\n"
        "贵A4,2,123456789012345678901,,tractor,52010,maybe,,\n"
        "贵A1,2,5,,,,,,\n"
        "贵A6,2,01,,,,,,\n"
        "贵A7,2,7,,,999999,,,\n"
        "贵A8,2,77,,,,,,\n"
        "贵A9,2,9,,,,,,,,extra\n"
    )
    done = import_csv(conn, put(tmp_path, text), AT)
    assert [(row.line, row.column) for row in done.bad] == [
        (3, "plate"), (4, "plate_colour"), (4, "terminal_id"), (5, "dangerous_goods"), (5, "region_code"), (5, "terminal_id"),
        (5, "vehicle_class"), (6, "plate"), (7, "terminal_id"), (8, "region_code"), (9, "terminal_id"), (10, ""),
    ]  # fmt: skip
    assert BadRow(6, "plate", "plate 贵A1 of this colour is on line 2 already") in done.bad
    assert done.vehicles == 0 and tables(conn) == before


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("plate,terminal_id\n贵A1,1\n", "lacks the column 'plate_colour'"),
        ("plate,plate_colour,colour\n", "unknown column 'colour'"),
        ("plate,plate_colour,plate\n", "has twice the column 'plate'"),
        ("", "lacks the column 'plate'"),
        ('plate,plate_colour\n"贵A1,2\n', "line 2"),
    ],
)
def test_a_file_that_is_no_registry_is_refused(conn: psycopg.Connection[Any], tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(RefusedError, match=reason):
        import_csv(conn, put(tmp_path, text), AT)


def test_a_file_that_is_no_text_is_refused(conn: psycopg.Connection[Any], tmp_path: Path) -> None:
    path = tmp_path / "fleet.csv"
    path.write_bytes(b"plate,plate_colour\n\xff\xff\xff,2\n")
    with pytest.raises(RefusedError, match="neither UTF-8 nor GB 18030"):
        import_csv(conn, path, AT)


def test_a_terminal_that_admitted_itself_becomes_registered_and_keeps_its_vehicle(conn: psycopg.Connection[Any], tmp_path: Path) -> None:
    vehicle = admit(conn, [Registration("13900000001", "贵A12345", 2)])["13900000001"]
    import_csv(conn, put(tmp_path, GOOD), AT)
    (row,) = [row for row in roster(conn) if row.terminal_id == "13900000001"]
    assert (row.vehicle_id, row.state) == (vehicle, "registered")


def test_a_terminal_named_on_another_vehicle_moves_with_history(conn: psycopg.Connection[Any]) -> None:
    first = registry.register(conn, Entry("贵A1", 2, "1"), AT)
    second = registry.register(conn, Entry("贵A2", 2, "1"), datetime(2026, 12, 1, tzinfo=UTC))
    assert first != second
    history = conn.execute("select vehicle_id, bound_to is null from terminal_binding order by bound_from").fetchall()
    assert history == [(first, False), (second, True)]


def test_revoking_raises_the_generation_and_restoring_does_not_lower_it(conn: psycopg.Connection[Any]) -> None:
    registry.register(conn, Entry("贵A1", 2, "1", given_code="X"), AT)
    registry.revoke(conn, "0001")
    assert [(row.state, row.generation, row.given_code) for row in roster(conn)] == [("revoked", 1, None)]
    with pytest.raises(RefusedError, match="revoked"):
        registry.register(conn, Entry("贵A1", 2, "1"), AT)
    registry.restore(conn, "1")
    assert [(row.state, row.generation) for row in roster(conn)] == [("registered", 1)]


@pytest.mark.parametrize("action", [registry.revoke, registry.restore])
def test_an_unknown_terminal_is_refused(conn: psycopg.Connection[Any], action: Any) -> None:
    with pytest.raises(RefusedError, match="terminal 4711"):
        action(conn, "4711")


def test_the_screens_may_edit_the_registry(dsn: str) -> None:
    with connect(dsn, "app") as conn:
        enter(conn, service("test"))
        assert registry.register(conn, Entry("贵A1", 2, "1", operator="甲"), AT) is not None
        registry.revoke(conn, "1")
