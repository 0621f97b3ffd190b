"""Outlines of the counties, as the pipeline reads them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import psycopg
import shapely
from shapely.geometry.base import BaseGeometry

Connection = psycopg.Connection[Any]


def newest(conn: Connection) -> tuple[int, datetime | None]:
    """(rows of the region table, its newest change)."""
    row = conn.execute("select count(*), max(changed_at) from region").fetchone()
    assert row is not None
    return row[0], row[1]


def outlines(conn: Connection, day: date) -> tuple[list[int], list[BaseGeometry]]:
    """Codes and outlines of the counties of a day; a city without counties is its own."""
    codes, found = [], []
    with conn.cursor(name="county_outlines") as cursor:
        cursor.itersize = 100
        cursor.execute(
            """
            select region_code::int, geometry::text
              from region
             where geometry is not null
               and (level = 'county' or 'county' = any (also_levels))
               and region_code ~ '^[1-9][0-9]{5}$'
               and valid_from <= %(day)s
               and (valid_to is null or valid_to > %(day)s)
             order by region_code
            """,
            {"day": day},
        )
        for code, text in cursor:
            codes.append(code)
            found.append(shapely.from_geojson(text))
    return codes, found
