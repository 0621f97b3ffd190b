"""Read side of operators, vehicles and terminals, and the admission of terminals that register themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import class_row

from domain.units import instant

OVERLAP = timedelta(seconds=10)
"""Rows of transactions that were open at the last reading carry an older mark: they are read again."""

_BEGINNING = instant(0)


@dataclass(frozen=True, slots=True)
class RosterRow:
    """What the gateway knows of a terminal.

    Args:
        terminal_id: digits without leading zeros.
        vehicle_id: None: bound to no vehicle.
        state: "registered", "unregistered" or "revoked".
        generation: part of the auth code; raised by a revocation.
        given_code: code brought from another platform, compared as stored; None: ours.
        profile: name of the vendor profile.
        region_code: GB/T 2260; None: unknown.
        plate, plate_colour: of the bound vehicle; None: without plate.
        changed_at: when the row changed, by the database's clock.
        maker, model: as it registered; None: it never did.
    """

    terminal_id: str
    vehicle_id: int | None
    state: str
    generation: int
    given_code: str | None
    profile: str
    region_code: str | None
    plate: str | None
    plate_colour: int | None
    changed_at: datetime
    maker: str | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Registration:
    """What a terminal says of itself in a 0x0100.

    Args:
        terminal_id: digits as on the wire; leading zeros do not count.
        plate: "" when the terminal names none.
        plate_colour: code of `domain.plate.PLATE_COLOURS`.
        maker, model, terminal_code: as sent, "" when unknown.
        province: first two digits of GB/T 2260, 0 unknown.
        city: last four digits of GB/T 2260.
        at_ms: when it was received, epoch ms UTC: of two registrations of one plate the newer binds it.
    """

    terminal_id: str
    plate: str = ""
    plate_colour: int = 0
    maker: str = ""
    model: str = ""
    terminal_code: str = ""
    province: int = 0
    city: int = 0
    at_ms: int = 0


@dataclass(frozen=True, slots=True)
class VehicleRow:
    """A vehicle as lists and screens show it; None in a field: unknown."""

    vehicle_id: int
    plate: str | None
    plate_colour: int | None
    vehicle_class: str
    state: str
    operator_id: int | None
    region_code: str | None
    line_id: int | None
    dangerous_goods: bool
    terminal_id: str | None
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class OperatorRow:
    """An operator of vehicles; None in a field: unknown."""

    operator_id: int
    name: str
    name_en: str | None
    region_code: str | None
    operator_licence: str | None


@dataclass(frozen=True, slots=True)
class RegionRow:
    """A region of the tree, without its outline; parent None: the root; centre None: unknown. Degrees, WGS-84."""

    region_code: str
    level: str
    name: str
    name_en: str | None
    parent_code: str | None
    centre_lon: float | None
    centre_lat: float | None


def roster(conn: psycopg.Connection[Any], since: datetime | None = None) -> list[RosterRow]:
    """Terminals changed since the newest `changed_at` seen (some of the last seconds again); None: all of them."""
    with conn.cursor(row_factory=class_row(RosterRow)) as cursor:
        return cursor.execute(
            """
            select t.terminal_id, t.vehicle_id, t.state, t.generation, t.given_code, t.profile,
                   coalesce(v.region_code, t.region_code) as region_code, v.plate, v.plate_colour,
                   greatest(t.changed_at, v.changed_at) as changed_at, t.maker, t.model
              from terminal t
              left join vehicle v on v.vehicle_id = t.vehicle_id
             where greatest(t.changed_at, v.changed_at) > %(since)s
             order by t.terminal_id
            """,
            {"since": _after(since)},
        ).fetchall()


def admit(conn: psycopg.Connection[Any], registrations: Sequence[Registration]) -> dict[str, int]:
    """Make or find terminals and vehicles, in the order given, in the caller's transaction.

    Args:
        conn: owner or `cuntong_ingest`.
        registrations: a terminal that only reported has an empty plate.
    Returns:
        vehicle_id by terminal_id without leading zeros; a revoked terminal without a vehicle is missing.
    """
    rows = conn.execute(
        """
        select said.terminal_id,
               admit_terminal(said.terminal_id, said.plate, said.plate_colour, said.maker, said.model, said.terminal_code,
                              said.province, said.city, said.at)
          from unnest(%(terminal_id)s::text[], %(plate)s::text[], %(plate_colour)s::smallint[], %(maker)s::text[], %(model)s::text[],
                      %(terminal_code)s::text[], %(province)s::int[], %(city)s::int[], %(at)s::timestamptz[])
               as said (terminal_id, plate, plate_colour, maker, model, terminal_code, province, city, at)
        """,
        {
            "terminal_id": [row.terminal_id for row in registrations],
            "plate": [_text(row.plate) for row in registrations],
            "plate_colour": [row.plate_colour for row in registrations],
            "maker": [_text(row.maker) for row in registrations],
            "model": [_text(row.model) for row in registrations],
            "terminal_code": [_text(row.terminal_code) for row in registrations],
            "province": [row.province for row in registrations],
            "city": [row.city for row in registrations],
            "at": [instant(row.at_ms) for row in registrations],
        },
    ).fetchall()
    return {terminal_id.lstrip("0") or "0": vehicle_id for terminal_id, vehicle_id in rows if vehicle_id is not None}


def vehicles(conn: psycopg.Connection[Any], since: datetime | None = None) -> list[VehicleRow]:
    """Vehicles changed since the newest `changed_at` seen (some of the last seconds again); None: all of them."""
    with conn.cursor(row_factory=class_row(VehicleRow)) as cursor:
        return cursor.execute(
            """
            select v.vehicle_id, v.plate, v.plate_colour, v.vehicle_class, v.state, v.operator_id, v.region_code, v.line_id,
                   v.dangerous_goods, t.terminal_id, greatest(v.changed_at, t.changed_at) as changed_at
              from vehicle v
              left join terminal t on t.vehicle_id = v.vehicle_id
             where greatest(v.changed_at, t.changed_at) > %(since)s
             order by v.vehicle_id
            """,
            {"since": _after(since)},
        ).fetchall()


def terminals_of_plate(conn: psycopg.Connection[Any], plate: str) -> list[str]:
    """Terminals of the vehicles with a plate, whatever its colour."""
    rows = conn.execute(
        """
        select t.terminal_id
          from vehicle v
          join terminal t on t.vehicle_id = v.vehicle_id
         where v.plate = %(plate)s
         order by t.terminal_id
        """,
        {"plate": plate},
    ).fetchall()
    return [row[0] for row in rows]


def operators(conn: psycopg.Connection[Any]) -> list[OperatorRow]:
    """All operators that the asker may see, by name."""
    with conn.cursor(row_factory=class_row(OperatorRow)) as cursor:
        return cursor.execute(
            """
            select operator_id, name, name_en, region_code, operator_licence
              from operator
             order by name
            """
        ).fetchall()


def regions(conn: psycopg.Connection[Any]) -> list[RegionRow]:
    """Regions valid today, by code (a parent before its children)."""
    with conn.cursor(row_factory=class_row(RegionRow)) as cursor:
        return cursor.execute(
            """
            select region_code, level, name, name_en, parent_code, centre_lon, centre_lat
              from region
             where valid_from <= current_date
               and (valid_to is null or valid_to > current_date)
             order by region_code
            """
        ).fetchall()


def _after(since: datetime | None) -> datetime:
    return since - OVERLAP if since is not None else _BEGINNING


def _text(said: str) -> str:
    """Text that PostgreSQL takes: terminals pad with NUL, which it refuses."""
    return said.replace("\x00", "")


def subject_of(conn: psycopg.Connection[Any], vehicle_id: int) -> tuple[str, str, str] | None:
    """(plate, region code, vehicle class) by which a vehicle is judged; None for one that is not known."""
    row = conn.execute(
        """
        select coalesce(plate, ''), coalesce(region_code, ''),
               case when dangerous_goods then 'dangerous_goods' else vehicle_class end
          from vehicle
         where vehicle_id = %(vehicle)s
        """,
        {"vehicle": vehicle_id},
    ).fetchone()
    return (row[0], row[1], row[2]) if row else None
