"""Binary COPY bodies against the server that reads them."""

from __future__ import annotations

from typing import Any

import numpy as np
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import StoreError
from domain.position import POSITION
from domain.units import epoch_ms
from storage.copy import POSITION_COLUMNS, Column, buffer

DTYPE = np.dtype([("t_ms", "<i8"), ("a", "<i2"), ("b", "<i4"), ("c", "<i8"), ("bits", "<u4")])
COLUMNS = (
    Column("t_ms", "timestamptz", -(2**62)),
    Column("a", "int2", -1),
    Column("b", "int4"),
    Column("c", "int8", 0),
    Column("bits", "int4"),
)


def stored(conn: psycopg.Connection[Any], array: np.ndarray) -> list[tuple[Any, ...]]:
    """What the server makes of the body, in the order written."""
    conn.execute(
        "create temp table if not exists target (n int generated always as identity, t timestamptz, a int2, b int4, c int8, bits int4)"
    )
    conn.execute("truncate target restart identity")
    with conn.cursor() as cursor, cursor.copy("copy target (t, a, b, c, bits) from stdin (format binary)") as copy:
        copy.write(buffer(array, COLUMNS))
    return conn.execute("select t, a, b, c, bits from target order by n").fetchall()


def expected(array: np.ndarray) -> list[tuple[Any, ...]]:
    return [
        (
            None if row["t_ms"] == -(2**62) else int(row["t_ms"]),
            None if row["a"] == -1 else int(row["a"]),
            int(row["b"]),
            None if row["c"] == 0 else int(row["c"]),
            int(np.int32(row["bits"])),
        )
        for row in array
    ]


def in_ms(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [(None if row[0] is None else epoch_ms(row[0]), *row[1:]) for row in rows]


times = st.one_of(st.just(-(2**62)), st.integers(-62_135_596_800_000, 253_402_300_799_999))
rows = st.tuples(
    times, st.integers(-(2**15), 2**15 - 1), st.integers(-(2**31), 2**31 - 1), st.integers(-(2**63), 2**63 - 1), st.integers(0, 2**32 - 1)
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(rows, max_size=12))
def test_what_is_written_is_read_back(conn: psycopg.Connection[Any], values: list[tuple[int, ...]]) -> None:
    array = np.array(values, DTYPE)
    array["bits"] = [value[4] for value in values]
    assert in_ms(stored(conn, array)) == expected(array)


def test_a_column_of_nulls_only_and_no_rows_at_all(conn: psycopg.Connection[Any]) -> None:
    array = np.zeros(3, DTYPE)
    array["a"] = -1
    assert [row[1] for row in stored(conn, array)] == [None, None, None]
    assert stored(conn, array[:0]) == []


def test_rows_keep_their_order_when_some_have_nulls(conn: psycopg.Connection[Any]) -> None:
    array = np.zeros(1000, DTYPE)
    array["b"] = np.arange(1000)
    array["a"] = np.where(np.arange(1000) % 3 == 0, -1, np.arange(1000))
    found = stored(conn, array)
    assert [row[2] for row in found] == list(range(1000))
    assert [row[1] for row in found] == [None if n % 3 == 0 else n for n in range(1000)]


def test_extreme_times_are_taken_and_those_beyond_refused(conn: psycopg.Connection[Any]) -> None:
    array = np.zeros(2, DTYPE)
    array["t_ms"] = [-210_866_803_200_000, 9_224_318_015_999_999]
    conn.execute("create temp table target (n int generated always as identity, t timestamptz, a int2, b int4, c int8, bits int4)")
    with conn.cursor() as cursor, cursor.copy("copy target (t, a, b, c, bits) from stdin (format binary)") as copy:
        copy.write(buffer(array, COLUMNS))
    found = conn.execute("select t::text from target order by n").fetchall()
    assert [text for (text,) in found] == ["4714-11-24 00:00:00+00 BC", "294276-12-31 23:59:59.999+00"]
    array["t_ms"][1] += 1
    with pytest.raises(StoreError, match="outside PostgreSQL's range"):
        buffer(array, COLUMNS)


@pytest.mark.parametrize(("field", "kind"), [("b", "int2"), ("c", "int4")])
def test_a_field_wider_than_its_column_is_refused(field: str, kind: Any) -> None:
    with pytest.raises(StoreError, match="does not fit"):
        buffer(np.zeros(1, DTYPE), [Column(field, kind)])


def test_the_columns_of_a_position_are_those_of_the_table(conn: psycopg.Connection[Any]) -> None:
    found = conn.execute(
        """
        select column_name, data_type, is_nullable
          from information_schema.columns
         where table_name = 'positions' and table_schema = 'public'
         order by ordinal_position
        """
    ).fetchall()
    kinds = {"timestamptz": "timestamp with time zone", "int4": "integer", "int2": "smallint"}
    names = {"t_ms": "time", "received_ms": "received"}
    assert found == [
        (names.get(column.name, column.name), kinds[column.kind], "NO" if column.absent is None else "YES") for column in POSITION_COLUMNS
    ]
    assert [column.name for column in POSITION_COLUMNS] == list(POSITION.names or ())
