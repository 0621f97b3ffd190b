"""Read side of the regions' tree: names of all, the outline of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import class_row

from storage.registry import RegionRow


@dataclass(frozen=True, slots=True)
class RegionOutline(RegionRow):
    """A region with its outline, a GeoJSON geometry (WGS-84); None where only the name is known. source and datum: as imported."""

    geometry: dict[str, Any] | None = None
    source: str = ""
    datum: str = ""


def regions_below(conn: psycopg.Connection[Any], prefix: str, level: str | None, parent: str | None) -> list[RegionRow]:
    """Regions valid today whose code begins with the prefix, by code.

    Args:
        prefix: of the codes; "" for all.
        level, parent: only of this level, or directly below this region; None: any.
    """
    with conn.cursor(row_factory=class_row(RegionRow)) as cursor:
        return cursor.execute(
            """
            select region_code, level, name, name_en, parent_code, centre_lon, centre_lat
              from region
             where starts_with(region_code, %(prefix)s)
               and valid_from <= current_date
               and (valid_to is null or valid_to > current_date)
               and (%(level)s::text is null or level = %(level)s)
               and (%(parent)s::text is null or parent_code = %(parent)s)
             order by region_code
            """,
            {"prefix": prefix, "level": level, "parent": parent},
        ).fetchall()


def region(conn: psycopg.Connection[Any], region_code: str) -> RegionOutline | None:
    """A region valid today; None when there is none."""
    with conn.cursor(row_factory=class_row(RegionOutline)) as cursor:
        return cursor.execute(
            """
            select region_code, level, name, name_en, parent_code, centre_lon, centre_lat, geometry, source, datum
              from region
             where region_code = %(code)s
               and valid_from <= current_date
               and (valid_to is null or valid_to > current_date)
            """,
            {"code": region_code},
        ).fetchone()
