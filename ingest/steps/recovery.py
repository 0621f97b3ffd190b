"""What happens when the database says no: wait and read again, or find the one row that cannot be stored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import psycopg

from ingest import position_store
from ingest.log.base import Records
from ingest.log.record import HEADER
from ingest.steps.batch import Batch, Context, CutError
from ingest.steps.terminals import Terminals

Through = Callable[[Batch], None]
"""Takes a batch with its records through all steps and commits it."""

_RETRIABLE = {"08": "connection", "57": "connection", "40": "lock", "55": "lock", "53": "resource"}
_DATA = ("22", "23")
RECOVERED = ("data", "cut")
"""Classes that `recover` takes; the others need a fresh connection or a person."""


def kind_of(error: BaseException) -> str | None:
    """Class of an error: "connection", "lock", "resource", "data", "cut"; None when it is none that can be recovered from.

    Source: PostgreSQL manual, appendix A, error code classes.
    """
    if isinstance(error, CutError):
        return "cut"
    if isinstance(error, UnicodeEncodeError):
        return "data"
    if not isinstance(error, psycopg.Error):
        return None
    if error.sqlstate is None:
        if isinstance(error, psycopg.DataError):
            return "data"
        return "connection" if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError) else None
    if error.sqlstate[:2] in _DATA:
        return "data"
    return _RETRIABLE.get(error.sqlstate[:2])


def recover(context: Context, records: Records, error: BaseException, through: Through) -> int:
    """Store the records of a batch that could not be stored as one: in two, and so on until what is impossible stands alone.

    Args:
        error: a `CutError`, or a data error.
    Returns:
        Fixes stored. Every part is a transaction of its own, with its own place in the log.
    """
    forget(context)
    count = len(records.start)
    if isinstance(error, CutError):
        middle = error.at
    elif count == 1:
        return _isolate(context, records, through)
    else:
        middle = count // 2
    return sum(_store_part(context, part(records, first, last), through) for first, last in ((0, middle), (middle, count)))


def _store_part(context: Context, records: Records, through: Through) -> int:
    batch = Batch(records=records)
    try:
        through(batch)
    except (CutError, psycopg.Error, UnicodeEncodeError) as error:
        if kind_of(error) not in RECOVERED:
            raise
        return recover(context, records, error, through)
    return batch.stored


def forget(context: Context) -> None:
    """Roll back, and read registry and live records again: what the lost transaction admitted and matched does not exist."""
    context.conn.rollback()
    if context.live is not None:
        context.live.forget()
    context.terminals = Terminals()
    context.registry_seen = None
    context.stale_registry = True


def part(records: Records, first: int, last: int) -> Records:
    """Records first to last of a batch, with the offsets behind them."""
    rows = slice(first, last)
    following: dict[str, int] = {}
    ends = records.position + HEADER + (records.end - records.start)
    for log in np.unique(records.log[rows]):
        mine = ends[rows][records.log[rows] == log]
        following[records.logs[int(log)]] = int(mine.max())
    if last == len(records.start):
        following = dict(records.next)
    return replace(
        records, start=records.start[rows], end=records.end[rows], received_us=records.received_us[rows], link=records.link[rows],
        kind=records.kind[rows], door=records.door[rows], profile=records.profile[rows], reason=records.reason[rows],
        log=records.log[rows], position=records.position[rows], next=following,
    )  # fmt: skip


def _isolate(context: Context, records: Records, through: Through) -> int:
    """One record that met a data error: its sound fixes are stored, the others, or all of it, go to quarantine."""
    probe = Batch(records=records, dry=True)
    try:
        through(probe)
        poison = _poison(context, probe)
        forget(context)
        if poison:
            batch = Batch(records=records, skip=poison)
            through(batch)
            return batch.stored
        reason = "data_error"
    except (psycopg.Error, UnicodeEncodeError) as error:
        if kind_of(error) != "data":
            raise
        reason = _reason(error)
    forget(context)
    through(Batch(records=records, condemned=reason))
    return 0


def _poison(context: Context, probe: Batch) -> dict[tuple[int, int], str]:
    """(record, item) and reason of the fixes of one record that the table refuses, each tried alone."""
    found: dict[tuple[int, int], str] = {}
    for row in range(len(probe.positions)):
        one = slice(row, row + 1)
        try:
            with context.conn.transaction(force_rollback=True):
                position_store.stage(context.conn, probe.positions[one], np.zeros(1, np.bool_), np.zeros(1, np.bool_))
                position_store.insert_new(context.conn)
        except psycopg.Error as error:
            if kind_of(error) != "data":
                raise
            found[0, int(probe.items[row])] = _reason(error)
    return found


def _reason(error: BaseException) -> str:
    state = error.sqlstate if isinstance(error, psycopg.Error) else None
    return f"data_error_{state}" if state else "data_error"
