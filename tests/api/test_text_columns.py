"""Text of columns against what the standard library writes, value by value."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from api import text_columns
from api.text_columns import CHUNK, Column

INT8 = st.integers(-(2**62), 2**62)


def read(column: Column, count: int) -> list[Any]:
    text = b"".join(text_columns.rows_of([b",", column], count))
    found: list[Any] = json.loads(b"[" + text + b"]", parse_float=Decimal)
    return found


@given(values=st.lists(st.none() | INT8))
def test_whole_numbers_are_those_given(values: list[int | None]) -> None:
    absent = np.array([one is None for one in values], bool)
    column = text_columns.whole(np.array([one or 0 for one in values], np.int64), absent)
    assert read(column, len(values)) == values


@given(values=st.lists(st.none() | st.integers(-(10**12), 10**12)), places=st.integers(1, 7))
def test_decimals_are_exact(values: list[int | None], places: int) -> None:
    absent = np.array([one is None for one in values], bool)
    column = text_columns.decimal(np.array([one or 0 for one in values], np.int64), places, absent)
    assert read(column, len(values)) == [None if one is None else Decimal(one).scaleb(-places) for one in values]


@given(values=st.lists(st.none() | st.integers(-(2**40), 2**42)))
def test_instants_are_those_given(values: list[int | None]) -> None:
    absent = np.array([one is None for one in values], bool)
    column = text_columns.instants(np.array([one or 0 for one in values], np.int64), absent)
    told = [None if one is None else datetime.fromisoformat(one) for one in read(column, len(values))]
    assert told == [None if one is None else datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=one) for one in values]


@given(values=st.lists(st.none() | st.text(st.characters(exclude_characters="\0"))))
def test_texts_are_those_given(values: list[str | None]) -> None:
    assert read(text_columns.texts(values), len(values)) == values


def test_chunks_join_without_seam_also_when_packed() -> None:
    count = 2 * CHUNK + 1
    numbers = np.arange(count)
    parts = [b',{"n":', text_columns.whole(numbers), b',"even":', text_columns.choices(numbers % 2, [b"true", b"false"]), b"}"]
    plain = b"".join(text_columns.rows_of(parts, count))
    rows = json.loads(b"[" + plain + b"]")
    assert rows == [{"n": number, "even": number % 2 == 0} for number in range(count)]
    assert gzip.decompress(b"".join(text_columns.gzipped(text_columns.rows_of(parts, count)))) == plain
