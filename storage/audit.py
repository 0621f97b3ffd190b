"""The audit log: what people did, append-only and hash-chained; and the check that nobody rewrote it.

Source of the form: Formance's ledger log (hash over ordered fields and the hash before); the database's trigger computes the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

_PAGE = 5_000


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One act.

    Args:
        stream: which chain; seq counts from 1 without gaps.
        at: RFC 3339 UTC with microseconds, the database's clock.
        actor: login name, or the program.
        role: the actor's role at that time.
        address, trace_id: of the request; "" outside one.
        action: `<table>.insert|update|delete`, or a word such as `driver.read`.
        object: `<table>:<key>`.
        payload: JSON text as it was hashed: the row, or before and after of each changed column.
        region_code: root of what the actor saw.
        prev, hash: SHA-256 of the row before and of this one; prev of the first is empty.
    """

    stream: str
    seq: int
    at: str
    actor: str
    role: str
    address: str
    trace_id: str
    action: str
    object: str
    payload: str
    region_code: str
    prev: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class Broken:
    """The first thing wrong with a chain: its stream, the row's number, and what is wrong."""

    stream: str
    seq: int
    reason: str


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain: number and hash of its newest row, as printed on notices and exports."""

    stream: str
    seq: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which acts; None: any. object: `<table>:<key>`; action: whole, or a table's name for all its acts; since, until: half-open, aware."""

    stream: str | None = None
    actor: str | None = None
    object: str | None = None
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def put(conn: psycopg.Connection[Any], stream: str, action: str, object_: str, payload: Mapping[str, Any]) -> int:
    """Append an act of who asks (`storage.scope`), in the caller's transaction; its number in the stream.

    Args:
        payload: told as JSON, keys sorted; no secrets and no personal data in clear.
    Raises:
        psycopg.errors.InsufficientPrivilege: nobody asks.
    """
    text = json.dumps(payload, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    row = conn.execute(
        "select audit_put(%(stream)s, %(action)s, %(object)s, %(payload)s)",
        {"stream": stream, "action": action, "object": object_, "payload": text},
    ).fetchone()
    assert row is not None
    return int(row[0])


def row_hash(row: AuditRow) -> bytes:
    """SHA-256 that the row must carry, from all its other fields."""
    fields = (
        row.stream, str(row.seq), row.at, row.actor, row.role, row.address, row.trace_id, row.action, row.object, row.payload,
        row.region_code,
    )  # fmt: skip
    return hashlib.sha256(row.prev + b"".join(hashlib.sha256(field.encode()).digest() for field in fields)).digest()


def rows(conn: psycopg.Connection[Any], stream: str, after: int = 0) -> Iterator[AuditRow]:
    """Rows of a stream in order, read page by page."""
    while True:
        with conn.cursor(row_factory=class_row(AuditRow)) as cursor:
            page = cursor.execute(
                """
                select stream, seq, at, actor, role, address, trace_id, action, object, payload, region_code, prev, hash
                  from audit
                 where stream = %(stream)s
                   and seq > %(after)s
                 order by seq
                 limit %(page)s
                """,
                {"stream": stream, "after": after, "page": _PAGE},
            ).fetchall()
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1].seq


def newest(conn: psycopg.Connection[Any], wanted: Wanted, limit: int, before: tuple[str, str, int] | None = None) -> list[AuditRow]:
    """Acts that the asker may see, the newest first.

    Args:
        limit: most rows.
        before: (at, stream, seq) of the last row of the page before; None: from the newest.
    """
    with conn.cursor(row_factory=class_row(AuditRow)) as cursor:
        return cursor.execute(
            """
            select stream, seq, at, actor, role, address, trace_id, action, object, payload, region_code, prev, hash
              from audit
             where (%(stream)s::text is null or stream = %(stream)s)
               and (%(actor)s::text is null or actor = %(actor)s)
               and (%(object)s::text is null or object = %(object)s)
               and (%(action)s::text is null or action = %(action)s or split_part(action, '.', 1) = %(action)s)
               and at >= %(since)s
               and at < %(until)s
               and (at, stream, seq) < (%(at)s, %(last)s, %(seq)s)
             order by at desc, stream desc, seq desc
             limit %(limit)s
            """,
            {
                "stream": wanted.stream, "actor": wanted.actor, "object": wanted.object, "action": wanted.action,
                "since": _told(wanted.since) or "", "until": _told(wanted.until) or "~",
                "at": before[0] if before else "~", "last": before[1] if before else "", "seq": before[2] if before else 0, "limit": limit,
            },
        ).fetchall()  # fmt: skip


def _told(at: datetime | None) -> str | None:
    return None if at is None else f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def heads(conn: psycopg.Connection[Any]) -> list[Head]:
    """The ends of all chains as the last commit noted them, by stream."""
    with conn.cursor(row_factory=class_row(Head)) as cursor:
        return cursor.execute("select stream, seq, hash from audit_head order by stream").fetchall()


def verify(conn: psycopg.Connection[Any], known: Mapping[str, Head] | None = None) -> tuple[list[Broken], dict[str, int]]:
    """Check every chain from its first row.

    Args:
        conn: owner, or one that sees all rows; one snapshot is best (repeatable read).
        known: heads printed earlier, by stream: those rows must still be there with those hashes.
    Returns:
        The first fault of each broken chain, and the number of rows that hold by stream.
    """
    noted = {head.stream: head for head in heads(conn)}
    named = {name for (name,) in conn.execute("select distinct stream from audit").fetchall()}
    broken: list[Broken] = []
    held: dict[str, int] = {}
    for stream in sorted(named | set(noted) | set(known or {})):
        marks = [mark for mark in (noted.get(stream), (known or {}).get(stream)) if mark is not None]
        last, fault = _walk(conn, stream, marks)
        if fault is None and stream not in noted:
            fault = Broken(stream, last, "the note of the chain's end is missing")
        if fault is None and noted[stream].seq != last:
            fault = Broken(stream, last, f"the chain ends at {last}, its end was noted as {noted[stream].seq}")
        held[stream] = last
        if fault is not None:
            broken.append(fault)
    return broken, held


def _walk(conn: psycopg.Connection[Any], stream: str, marks: list[Head]) -> tuple[int, Broken | None]:
    """Number of the last good row, and the first fault."""
    last, prev = 0, b""
    wanted = {mark.seq: mark.hash for mark in marks[:1]}
    others = {mark.seq: mark.hash for mark in marks[1:]}
    for row in rows(conn, stream):
        reasons = (
            (row.seq != last + 1, f"follows row {last}: rows are missing or moved"),
            (row.prev != prev, "does not follow the row before it"),
            (row.hash != row_hash(row), "was changed: its fields do not give its hash"),
            (row.hash != wanted.get(row.seq, row.hash), "is not the row that was noted as the chain's end"),
            (row.hash != others.get(row.seq, row.hash), "is not the row that was printed as the chain's end"),
        )
        for wrong, reason in reasons:
            if wrong:
                return last, Broken(stream, row.seq, reason)
        last, prev = row.seq, row.hash
    missing = [seq for seq in (*wanted, *others) if seq > last]
    return last, Broken(stream, last + 1, f"the chain ends before row {max(missing)}") if missing else None
