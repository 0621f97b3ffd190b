"""One stream out of several logs: by arrival, each log in its own order."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import numpy.typing as npt

from ingest.log.base import Records
from ingest.log.follow import Piece
from ingest.log.record import HEADER, RECORD

Column = npt.NDArray[Any]


def merge(pieces: list[tuple[int, Piece]], limit_rows: int, logs: tuple[str, ...]) -> tuple[Records, dict[str, int]]:
    """The first records of all pieces by received_us; and for each log that was cut off by the limit the offset to go on from.

    A clock that was set back does not disturb the order inside a log: there the latest time so far counts.

    Args:
        pieces: (row of `logs`, piece), the pieces of one log in order and next to each other.
    """
    if not pieces:
        return _records(np.empty(0, np.uint8), np.empty(0, RECORD), np.empty(0, np.int32), np.empty(0, np.int64), logs), {}
    buffer = pieces[0][1].data if len(pieces) == 1 else np.concatenate([piece.data for _, piece in pieces])
    rows = np.concatenate([piece.rows for _, piece in pieces])
    counts = [len(piece.rows) for _, piece in pieces]
    log = np.repeat(np.array([number for number, _ in pieces], np.int32), counts)
    position = rows["start"] - HEADER + np.repeat([piece.base for _, piece in pieces], counts)
    place = np.cumsum([0] + [len(piece.data) for _, piece in pieces[:-1]])
    shift = np.repeat(place, counts)
    rows["start"] += shift
    rows["end"] += shift
    cut: dict[str, int] = {}
    if len({number for number, _ in pieces}) > 1:
        order = _order(rows["received_us"], log)
        kept, left = order[:limit_rows], np.sort(order[limit_rows:])
        numbers, firsts = np.unique(log[left], return_index=True)
        cut = {logs[number]: int(position[left[first]]) for number, first in zip(numbers, firsts, strict=True)}
        rows, log, position = rows[kept], log[kept], position[kept]
    return _records(buffer, rows, log, position, logs), cut


def _order(received_us: Column, log: Column) -> Column:
    """Stable order by arrival over logs that stand one behind the other."""
    arrival = np.empty(len(log), np.int64)
    bounds = [0, *(np.flatnonzero(np.diff(log)) + 1).tolist(), len(log)]
    for start, end in itertools.pairwise(bounds):
        arrival[start:end] = np.maximum.accumulate(received_us[start:end])
    return np.argsort(arrival, kind="stable")


def _records(buffer: Column, rows: Column, log: Column, position: Column, logs: tuple[str, ...]) -> Records:
    columns: dict[str, Column] = {
        name: np.ascontiguousarray(rows[name]) for name in ("start", "end", "received_us", "link", "kind", "door", "profile", "reason")
    }
    return Records(buffer=buffer, **columns, log=log, position=np.ascontiguousarray(position, dtype=np.int64), logs=logs, next={})
