"""The region table: rows with dates, all of an import or none."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import psycopg
import shapely
from shapely.geometry.base import BaseGeometry

from domain.errors import RefusedError
from operations.region_history_store import Stored, history, history_of, tree
from operations.region_outlines import Uneven, uneven
from operations.regions import Region, faults

FOUNDED = date(1949, 10, 1)
"""First day of a code of which nothing else is known."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did: codes that are new, changed (a row closed, another begun), filled (an outline where none was), corrected in place,
    ended, and left as they were; and where the parts of a whole do not tile it."""

    new: int = 0
    changed: int = 0
    filled: int = 0
    corrected: int = 0
    ended: int = 0
    same: int = 0
    uneven: list[Uneven] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """Rows of the import."""
        return self.new + self.changed + self.filled + self.corrected + self.ended + self.same


def put_regions(
    conn: psycopg.Connection[Any], regions: Sequence[Region], *, today: date, correct: bool = False, tile: bool = False
) -> Imported:
    """Store regions, all or none, in a transaction of its own or the caller's.

    A code whose row says something else is closed on the first day of the new row and begins again; the past stays as it was.

    Args:
        regions: WGS-84 (`operations.regions.decided`).
        today: first day of changes whose row names none.
        correct: change rows that begin on the same day in place: a mistake was stored, nothing in the world changed.
        tile: refuse when the parts of a region do not tile it.
    Raises:
        RefusedError: lists every faulty row; nothing was written.
    """
    present = {row.region_code: row for row in history(conn)}
    found = faults(regions, present)
    if found:
        raise RefusedError("regions refused, nothing written:\n" + "\n".join(found), field="regions")
    counts: dict[str, int] = dict.fromkeys(("new", "changed", "filled", "corrected", "ended", "same"), 0)
    late: list[str] = []
    try:
        with conn.transaction():
            for region in sorted(regions, key=lambda one: (one.region_code, one.valid_from or date.max)):
                told = _put(conn, region, present.get(region.region_code), today, correct)
                if told in counts:
                    counts[told] += 1
                    present[region.region_code] = history_of(conn, region.region_code)[-1]
                else:
                    late.append(f"{region.region_code} {region.name}: {told}")
            if late:
                raise RefusedError("regions refused, nothing written:\n" + "\n".join(late), field="regions")
            drawn = {region.region_code for region in regions if region.outline is not None}
            amiss = uneven(tree(conn, today, drawn)) if drawn else []
            if amiss and tile:
                raise RefusedError("regions refused, nothing written:\n" + "\n".join(map(str, amiss)), field="regions")
    except psycopg.errors.InsufficientPrivilege as error:
        raise RefusedError("regions refused, nothing written: some lie outside your region", field="regions", kind="forbidden") from error
    except psycopg.errors.ExclusionViolation as error:
        raise RefusedError(f"regions refused, nothing written: {error.diag.message_primary}", field="valid_from") from error
    except psycopg.errors.DataError as error:
        raise RefusedError(f"regions refused, nothing written: {error.diag.message_primary or error}", field="regions") from error
    return Imported(**counts, uneven=amiss)


def _put(conn: psycopg.Connection[Any], region: Region, held: Stored | None, today: date, correct: bool) -> str:
    """What was done, or why it was refused."""
    if held is None:
        _insert(conn, replace(region, valid_from=region.valid_from or FOUNDED))
        return "new"
    if region.valid_to is not None and region.valid_from in (None, held.valid_from):
        return _end(conn, region, held)
    if _alike(region, held):
        return "same"
    filling = region.outline is not None and not held.has_outline and _alike(replace(region, outline=None), held)
    if filling:
        _rewrite(conn, region, held)
        return "filled"
    if correct and region.valid_from in (None, held.valid_from):
        _rewrite(conn, region, held)
        return "corrected"
    begins = region.valid_from or today
    if begins <= held.valid_from:
        return f"already has a row from {held.valid_from} on that says something else; give a later valid_from, or correct the stored row"
    changed = conn.execute(
        """
        update region
           set valid_to = coalesce(valid_to, %(day)s)
         where region_code = %(code)s
           and valid_from = %(from)s
        """,
        {"day": begins, "code": held.region_code, "from": held.valid_from},
    )
    _own(changed.rowcount)
    _insert(conn, replace(region, valid_from=begins), held)
    return "changed"


def _alike(region: Region, held: Stored) -> bool:
    """The row says nothing new; what a file leaves out is no change."""
    said = (
        (region.level, held.level), (region.name, held.name), (region.name_en or held.name_en, held.name_en),
        (region.parent_code, held.parent_code), (sorted(region.also_levels or held.also_levels), sorted(held.also_levels)),
        (region.valid_from or held.valid_from, held.valid_from), (region.valid_to or held.valid_to, held.valid_to),
        (region.centre if region.centre and region.outline is None and not held.has_outline else None, None),
    )  # fmt: skip
    centred = said[:-1] if (held.centre_lon, held.centre_lat) == region.centre else said
    return all(one == other for one, other in centred) and (region.outline is None or _digest(region.outline) == held.outline_sha256)


def _end(conn: psycopg.Connection[Any], region: Region, held: Stored) -> str:
    if held.valid_to == region.valid_to and held.successor_code == region.successor_code:
        return "same"
    if region.valid_to is None or region.valid_to <= held.valid_from:
        return f"ends before it begins on {held.valid_from}"
    changed = conn.execute(
        """
        update region
           set valid_to = %(to)s,
               successor_code = %(successor)s
         where region_code = %(code)s
           and valid_from = %(from)s
        """,
        {"to": region.valid_to, "successor": region.successor_code, "code": held.region_code, "from": held.valid_from},
    )
    _own(changed.rowcount)
    return "ended"


def _insert(conn: psycopg.Connection[Any], region: Region, held: Stored | None = None) -> None:
    """A new row; what the file leaves out goes on as the row before has it."""
    conn.execute(
        """
        insert into region (region_code, level, name, name_en, parent_code, geometry, centre_lon, centre_lat, source, datum, version,
                            verified, boundary_m, valid_from, valid_to, successor_code, also_levels, outline_sha256)
        values (%(region_code)s, %(level)s, %(name)s, %(name_en)s, %(parent_code)s,
                coalesce(%(geometry)s::jsonb, (select r.geometry from region r where r.region_code = %(region_code)s
                                                and r.valid_from = %(before)s)),
                %(lon)s, %(lat)s, %(source)s, %(datum)s, %(version)s, %(verified)s, %(boundary_m)s, %(valid_from)s, %(valid_to)s,
                %(successor_code)s, %(also_levels)s, %(digest)s)
        """,
        _values(region, held),
    )


def _rewrite(conn: psycopg.Connection[Any], region: Region, held: Stored) -> None:
    changed = conn.execute(
        """
        update region
           set level = %(level)s, name = %(name)s, name_en = %(name_en)s, parent_code = %(parent_code)s,
               geometry = coalesce(%(geometry)s::jsonb, geometry), centre_lon = %(lon)s, centre_lat = %(lat)s, source = %(source)s,
               datum = %(datum)s, version = %(version)s, verified = %(verified)s, boundary_m = %(boundary_m)s,
               also_levels = %(also_levels)s, outline_sha256 = %(digest)s
         where region_code = %(region_code)s
           and valid_from = %(before)s
        """,
        _values(region, held),
    )
    _own(changed.rowcount)


def _own(changed: int) -> None:
    """Row-level security hides what one may not write: nothing changed then."""
    if changed != 1:
        raise RefusedError("regions refused, nothing written: some lie outside your region", field="regions", kind="forbidden")


def _values(region: Region, held: Stored | None) -> dict[str, Any]:
    centre, drawn = region.centre, region.outline is not None or held is None
    if centre is None and region.outline is not None:
        west, south, east, north = region.outline.bounds
        centre = (west + east) / 2, (south + north) / 2
    if centre is None and held is not None and held.centre_lon is not None and held.centre_lat is not None:
        centre = held.centre_lon, held.centre_lat
    return {
        "region_code": region.region_code, "level": region.level, "name": region.name,
        "name_en": region.name_en or (held.name_en if held is not None else None), "parent_code": region.parent_code,
        "geometry": shapely.to_geojson(region.outline) if region.outline is not None else None,
        "lon": centre[0] if centre else None, "lat": centre[1] if centre else None, "source": region.source,
        "datum": region.datum if drawn or held is None else held.datum, "version": region.version if drawn or held is None else held.version,
        "verified": region.verified if drawn or held is None else held.verified,
        "boundary_m": region.boundary_m if drawn or held is None else held.boundary_m, "valid_from": region.valid_from,
        "valid_to": region.valid_to, "successor_code": region.successor_code,
        "also_levels": list(region.also_levels or (held.also_levels if held is not None else ())),
        "digest": _digest(region.outline) if region.outline is not None else (held.outline_sha256 if held is not None else None),
        "before": held.valid_from if held is not None else None,
    }  # fmt: skip


def _digest(outline: BaseGeometry) -> bytes:
    return hashlib.sha256(shapely.to_wkb(outline)).digest()
