"""Lines and timetables from files: GeoJSON of ways and stops, CSV of departures."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import psycopg

from domain.errors import RefusedError
from operations import lines_store
from operations.lines_store import ScheduledLine, Stop, TimetableTrip, Way
from storage.registry import vehicles

Connection = psycopg.Connection[Any]

TIMETABLE_COLUMNS = ("line_id", "variant", "departs", "arrives", "plate", "plate_colour", "weekdays")
"""Heading of a timetable; the last three may be empty: no fixed vehicle, every day."""


@dataclass(frozen=True, slots=True)
class ImportedLines:
    """Outcome of an import: what the file holds, and how much of it is new or changed."""

    held: int
    changed: int


def import_lines(conn: Connection, path: Path, from_day: date) -> ImportedLines:
    """Store the lines of a GeoJSON, in the caller's transaction.

    The file is the one `cuntong lines snap` takes: a LineString a way with `line_id`, `variant` and perhaps `name`, `name_en`, `kind`,
    `region_code`; Points with `line_id`, `variant`, `stop_seq`, `name` and perhaps `name_en`, `station`.

    Raises:
        RefusedError: the file is not that.
    """
    lines = read_line_file(path)
    return ImportedLines(len(lines), lines_store.put_lines(conn, lines, from_day))


def read_line_file(path: Path) -> list[ScheduledLine]:
    """Lines of a GeoJSON, in its order.

    Raises:
        RefusedError: the file is not that.
    """
    told: dict[str, dict[str, Any]] = {}
    drawn: dict[str, dict[str, tuple[tuple[float, float], ...]]] = defaultdict(dict)
    stops: dict[tuple[str, str], list[tuple[float, Stop]]] = defaultdict(list)
    try:
        for feature in json.loads(path.read_text("utf-8"))["features"]:
            words, places = feature["properties"], feature["geometry"]["coordinates"]
            code, variant = str(words["line_id"]), str(words.get("variant") or "")
            drawn[code].setdefault(variant, ())
            if feature["geometry"]["type"] == "Point":
                stop = Stop(
                    str(words.get("name") or ""), float(places[0]), float(places[1]), words.get("name_en"), bool(words.get("station"))
                )
                stops[code, variant].append((float(words["stop_seq"]), stop))
            else:
                told.setdefault(code, words)
                drawn[code][variant] = tuple((float(place[0]), float(place[1])) for place in places)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise RefusedError(f"{path}: no GeoJSON of lines and stops ({error!r})", field="lines") from error
    return [_line(code, told.get(code, {}), ways, stops) for code, ways in drawn.items()]


def _line(
    code: str,
    words: dict[str, Any],
    ways: dict[str, tuple[tuple[float, float], ...]],
    stops: dict[tuple[str, str], list[tuple[float, Stop]]],
) -> ScheduledLine:
    made = tuple(
        Way(variant, drawing, tuple(stop for _, stop in sorted(stops.get((code, variant), []), key=lambda pair: pair[0])))
        for variant, drawing in ways.items()
    )
    said = {name: words[name] for name in ("name_en", "kind", "region_code") if words.get(name)}
    return ScheduledLine(code, str(words.get("name") or code), made, **said)


def import_timetable(conn: Connection, path: Path, from_day: date) -> ImportedLines:
    """Make a CSV file the timetable of the lines in it from the day on, all rows or none, in the caller's transaction.

    Columns: `TIMETABLE_COLUMNS`; times HH:MM or HH:MM:SS, an arrival past midnight counts on (24:10); weekdays such as 12345.

    Raises:
        RefusedError: a row that cannot be taken, with its number.
    """
    known = lines_store.line_ids(conn)
    plates = {(row.plate, row.plate_colour): row.vehicle_id for row in vehicles(conn)}
    trips: dict[str, list[TimetableTrip]] = defaultdict(list)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for number, row in enumerate(csv.DictReader(file), start=2):
                try:
                    trips[row["line_id"]].append(_trip(row, known, plates))
                except (KeyError, ValueError, TypeError) as error:
                    raise RefusedError(f"{path}, line {number}: {error}", field="timetable") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RefusedError(f"{path}: no timetable ({error})", field="timetable") from error
    changed = sum(lines_store.put_timetable(conn, known[code], of_line, from_day) for code, of_line in trips.items())
    return ImportedLines(sum(map(len, trips.values())), changed)


def _trip(row: dict[str, str], known: dict[str, int], plates: dict[tuple[str | None, int | None], int]) -> TimetableTrip:
    """A row; ValueError says what is wrong with it."""
    if row["line_id"] not in known:
        raise ValueError(f"no line {row['line_id']}: cuntong lines import first")
    vehicle_id = None
    if row.get("plate"):
        vehicle_id = plates.get((row["plate"], int(row["plate_colour"])))
        if vehicle_id is None:
            raise ValueError(f"no vehicle {row['plate']} of colour {row['plate_colour']}: cuntong registry import first")
    departs, arrives = _seconds(row["departs"]), _seconds(row["arrives"])
    if not 0 <= departs < 86_400 or arrives <= departs:
        raise ValueError(f"{row['departs']} to {row['arrives']} is no trip of a day")
    weekdays = sum({1 << int(day) - 1 for day in row.get("weekdays") or "1234567"})
    if not 0 < weekdays < 128:
        raise ValueError(f"{row['weekdays']}: weekdays are 1 (Monday) to 7")
    return TimetableTrip(row["line_id"], row["variant"], departs, arrives, weekdays, vehicle_id)


def _seconds(clock: str) -> int:
    """Seconds from midnight of HH:MM or HH:MM:SS."""
    parts = [int(part) for part in clock.split(":")]
    if len(parts) not in (2, 3) or any(part > 59 for part in parts[1:]):
        raise ValueError(f"{clock} is no time of day")
    return sum(part * unit for part, unit in zip(parts, (3_600, 60, 1), strict=False))
