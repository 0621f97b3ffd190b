"""SQL of operators, vehicles and terminals. Nobody else writes these tables, except `admit_terminal`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from domain.errors import RefusedError


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the registry: a vehicle, its operator and its terminal.

    Args:
        plate, plate_colour: number and colour code; together they name the vehicle.
        terminal_id: digits without leading zeros; None: the vehicle has no terminal yet.
        operator: name of the operator; None: unknown. Made when it does not exist.
        vehicle_class: word of the product, such as "rural_bus".
        region_code: GB/T 2260, six digits; None: unknown.
        dangerous_goods: the vehicle is licensed for dangerous goods.
        profile: vendor profile of the terminal.
        given_code: auth code brought from another platform; None: ours.
    """

    plate: str
    plate_colour: int
    terminal_id: str | None = None
    operator: str | None = None
    vehicle_class: str = "unknown"
    region_code: str | None = None
    dangerous_goods: bool = False
    profile: str = "standard"
    given_code: str | None = None


def put_operators(conn: psycopg.Connection[Any], names: Sequence[str], region_code: str | None = None) -> dict[str, int]:
    """operator_id by name; operators that do not exist are made."""
    with conn.cursor() as cursor:
        cursor.executemany(
            """
            insert into operator (name, region_code)
            values (%(name)s, %(region_code)s)
                on conflict (name) do nothing
            """,
            [{"name": name, "region_code": region_code} for name in sorted(set(names))],
        )
        found = cursor.execute("select name, operator_id from operator where name = any(%(names)s)", {"names": list(names)}).fetchall()
    return dict(found)


def put_entries(conn: psycopg.Connection[Any], entries: Sequence[Entry], at: datetime) -> dict[str, int]:
    """Write vehicles and terminals as registered, and bind them; in the caller's transaction.

    A vehicle found by its plate keeps its number; a terminal bound elsewhere moves to the vehicle named, with history.

    Args:
        entries: no plate and no terminal twice.
        at: from when the binding counts.
    Returns:
        vehicle_id by terminal_id, of the entries with a terminal.
    Raises:
        RefusedError: a terminal or vehicle named is revoked.
    """
    operators = put_operators(conn, [entry.operator for entry in entries if entry.operator])
    bound: dict[str, int] = {}
    with conn.cursor() as cursor:
        for entry in entries:
            vehicle_id = _put_vehicle(cursor, entry, operators.get(entry.operator or ""))
            if entry.terminal_id is not None:
                _put_terminal(cursor, entry)
                _bind(cursor, entry.terminal_id, vehicle_id, at)
                bound[entry.terminal_id] = vehicle_id
    return bound


def _put_vehicle(cursor: psycopg.Cursor[Any], entry: Entry, operator_id: int | None) -> int:
    row = cursor.execute(
        """
        insert into vehicle as v (plate, plate_colour, vehicle_class, state, operator_id, region_code, dangerous_goods)
        values (%(plate)s, %(plate_colour)s, %(vehicle_class)s, 'registered', %(operator_id)s, %(region_code)s, %(dangerous_goods)s)
            on conflict (plate, plate_colour) do update
           set vehicle_class = excluded.vehicle_class,
               state = 'registered',
               operator_id = coalesce(excluded.operator_id, v.operator_id),
               region_code = coalesce(excluded.region_code, v.region_code),
               dangerous_goods = excluded.dangerous_goods
         where v.state <> 'revoked'
        returning v.vehicle_id
        """,
        {
            "plate": entry.plate, "plate_colour": entry.plate_colour, "vehicle_class": entry.vehicle_class, "operator_id": operator_id,
            "region_code": entry.region_code, "dangerous_goods": entry.dangerous_goods,
        },
    ).fetchone()  # fmt: skip
    if row is None:
        raise RefusedError(f"vehicle {entry.plate} ({entry.plate_colour}) is revoked", field="plate", kind="conflict")
    return int(row[0])


def _put_terminal(cursor: psycopg.Cursor[Any], entry: Entry) -> None:
    row = cursor.execute(
        """
        insert into terminal as t (terminal_id, state, profile, given_code, region_code)
        values (%(terminal_id)s, 'registered', %(profile)s, %(given_code)s, %(region_code)s)
            on conflict (terminal_id) do update
           set state = 'registered',
               profile = excluded.profile,
               given_code = coalesce(excluded.given_code, t.given_code),
               region_code = coalesce(excluded.region_code, t.region_code)
         where t.state <> 'revoked'
        returning t.terminal_id
        """,
        {
            "terminal_id": entry.terminal_id, "profile": entry.profile, "given_code": entry.given_code, "region_code": entry.region_code,
        },
    ).fetchone()  # fmt: skip
    if row is None:
        raise RefusedError(f"terminal {entry.terminal_id} is revoked: restore it first", field="terminal_id", kind="conflict")


def _bind(cursor: psycopg.Cursor[Any], terminal_id: str, vehicle_id: int, at: datetime) -> None:
    """Bind, unless they are bound to each other already."""
    cursor.execute(
        """
        select bind_terminal(%(terminal_id)s, %(vehicle_id)s, %(at)s)
          from terminal
         where terminal_id = %(terminal_id)s
           and vehicle_id is distinct from %(vehicle_id)s
        """,
        {"terminal_id": terminal_id, "vehicle_id": vehicle_id, "at": at},
    )


def revoke(conn: psycopg.Connection[Any], terminal_id: str) -> bool:
    """Revoke a terminal: its auth code is worth nothing from now on, also after it is restored. False: no such terminal."""
    return (
        conn.execute(
            """
            update terminal
               set state = 'revoked', generation = generation + 1, given_code = null
             where terminal_id = %(terminal_id)s
            """,
            {"terminal_id": terminal_id},
        ).rowcount
        == 1
    )


def restore(conn: psycopg.Connection[Any], terminal_id: str) -> bool:
    """Let a revoked terminal register again (with a new auth code). False: no such revoked terminal."""
    return (
        conn.execute(
            """
            update terminal
               set state = 'registered'
             where terminal_id = %(terminal_id)s
               and state = 'revoked'
            """,
            {"terminal_id": terminal_id},
        ).rowcount
        == 1
    )


def known_regions(conn: psycopg.Connection[Any]) -> set[str]:
    """Codes of the region table that hold today; empty before any import."""
    rows = conn.execute(
        """
        select region_code
          from region
         where valid_from <= current_date
           and (valid_to is null or valid_to > current_date)
        """
    ).fetchall()
    return {code for (code,) in rows}


def revoked(conn: psycopg.Connection[Any]) -> tuple[set[str], set[tuple[str, int]]]:
    """Revoked terminals by number, revoked vehicles by plate and colour."""
    terminals = conn.execute("select terminal_id from terminal where state = 'revoked'").fetchall()
    plates = conn.execute("select plate, plate_colour from vehicle where state = 'revoked' and plate is not null").fetchall()
    return {number for (number,) in terminals}, {(plate, colour) for plate, colour in plates}
