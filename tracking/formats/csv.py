"""Tracks as CSV: one fix a line under a header line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from domain.errors import RefusedError
from domain.track import Track
from tracking.formats.instants import iso, parse_instant
from tracking.formats.recording import Columns, Recording, common, read_text, write_text

_NAMES = {
    "track": ("track", "vehicle", "vehicle_id", "plate", "agent_id", "name"),
    "time": ("time", "timestamp", "datetime", "t_ms", "时间"),
    "lon": ("lon", "lng", "longitude", "lon_deg", "经度"),
    "lat": ("lat", "latitude", "lat_deg", "纬度"),
    "speed_kmh": ("speed_kmh",),
    "heading_deg": ("heading_deg",),
    "satellites": ("satellites",),
    "odometer_km": ("odometer_km",),
    "acc": ("acc",),
}
"""Our column, and the header words that mean it; other columns are left alone."""

_ACC = {"1": 1.0, "on": 1.0, "true": 1.0, "0": 0.0, "off": 0.0, "false": 0.0}
_LICENCE, _MAP, _MATCH = "# licence: ", "# map_version: ", "# match_version: "


def read(path: Path) -> tuple[Recording, ...]:
    """Tracks of a CSV file, one for each value of its track column, in order of appearance.

    Header words: `time` (ISO 8601, without a zone Asia/Shanghai; or epoch ms), `lon`, `lat`, and where present `track`,
    `speed_kmh`, `heading_deg`, `satellites`, `odometer_km`, `acc`. Empty cells are absent values; a fix without lon and lat
    has no position. Separator comma, semicolon or tab; lines that begin with # before the header are notes.

    Raises:
        RefusedError: no file, no header with lon and lat, a cell that is no number or time, with file and line.
    """
    text = read_text(path).replace("\r\n", "\n").replace("\r", "\n")
    notes = {line[: line.index(":") + 2]: line.split(":", 1)[1].strip() for line in _notes(text)}
    table = _table(path, text)
    tracks: dict[str, Columns] = {}
    for line, cells in table.rows():
        name = table.cell(cells, "track")
        _add(tracks.setdefault(name, Columns(path)), table, line, cells)
    if not tracks:
        raise RefusedError(f"{path}: a header but no fix below it; is it the right file?", field="path")
    said: dict[str, Any] = {"licence": notes.get(_LICENCE, ""), "map_version": notes.get(_MAP, ""), "match_version": notes.get(_MATCH, "")}
    return tuple(Recording(name, columns.track(), **said) for name, columns in tracks.items())


@dataclass(frozen=True, slots=True)
class _Table:
    path: Path
    text: str
    skipped: int
    separator: str
    at: dict[str, int]
    width: int

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """(line number, cells) of every fix."""
        lines = io.StringIO(self.text, newline="")
        for _ in range(self.skipped + 1):
            lines.readline()
        reader = csv.reader(lines, delimiter=self.separator)
        try:
            for cells in reader:
                line = self.skipped + 1 + reader.line_num
                if not any(cell.strip() for cell in cells):
                    continue
                if len(cells) < self.width:
                    raise RefusedError(
                        f"{self.path}: line {line}: {len(cells)} cells, the header has {self.width}; complete the line", field="path"
                    )
                yield line, cells
        except csv.Error as error:
            raise RefusedError(f"{self.path}: line {self.skipped + 1 + reader.line_num}: {error}; not a CSV file?", field="path") from error

    def cell(self, cells: list[str], name: str) -> str:
        """Text of a cell, "" when the file has no such column."""
        return cells[self.at[name]].strip() if name in self.at else ""


def _notes(text: str) -> list[str]:
    notes = []
    for line in text.split("\n"):
        if not line.startswith("#"):
            break
        if ":" in line:
            notes.append(line)
    return notes


def _table(path: Path, text: str) -> _Table:
    lines = text.split("\n")
    skipped = 0
    while skipped < len(lines) and (lines[skipped].startswith("#") or not lines[skipped].strip()):
        skipped += 1
    if skipped == len(lines):
        raise RefusedError(f"{path}: empty; expected a header line such as time,lon,lat", field="path")
    header = lines[skipped]
    separator = max(",;\t", key=header.count)
    try:
        words = [word.strip().lower() for word in next(csv.reader([header], delimiter=separator))]
    except csv.Error as error:
        raise RefusedError(f"{path}: line {skipped + 1}: {error}; not a CSV file?", field="path") from error
    at = {name: words.index(word) for name, known in _NAMES.items() for word in known[::-1] if word in words}
    missing = [name for name in ("lon", "lat") if name not in at]
    if missing:
        raise RefusedError(
            f"{path}: line {skipped + 1}: no column {' and '.join(missing)} in the header {header[:80]!r}; name them lon and lat",
            field="lon",
        )
    return _Table(path, text, skipped, separator, at, len(words))


def _add(columns: Columns, table: _Table, line: int, cells: list[str]) -> None:
    def number(name: str) -> float | None:
        text = table.cell(cells, name)
        if not text:
            return None
        try:
            return _ACC[text.lower()] if name == "acc" else float(text)
        except (ValueError, KeyError) as error:
            raise RefusedError(
                f"{table.path}: line {line}: {name} {text!r} is no number; correct the cell or leave it empty", field=name
            ) from error

    time = table.cell(cells, "time")
    try:
        t_ms = parse_instant(time) if time else None
    except (ValueError, OverflowError) as error:
        raise RefusedError(
            f"{table.path}: line {line}: time {time!r} is no time; write ISO 8601 (2026-01-31T08:00:00+08:00) or epoch ms", field="time"
        ) from error
    lon, lat, odometer_km = number("lon"), number("lat"), number("odometer_km")
    if (lon is None) != (lat is None):
        raise RefusedError(f"{table.path}: line {line}: only one of lon and lat; give both or none", field="lon")
    rest = {name: number(name) for name in ("speed_kmh", "heading_deg", "satellites", "acc")}
    rest["odometer_m"] = None if odometer_km is None else odometer_km * 1000.0
    columns.add(f"line {line}", np.nan if lon is None else lon, np.nan if lat is None else lat, t_ms, rest)


def write(path: Path, recordings: Sequence[Recording]) -> None:
    """Write fixes, and beside each its place on the road when the recording is matched.

    Coordinates have 7 decimals; times ISO 8601 UTC, left empty for a track without times.
    """
    out = io.StringIO()
    for note, name in ((_LICENCE, "licence"), (_MAP, "map_version"), (_MATCH, "match_version")):
        out.write(f"{note}{common(recordings, name)}\n")
    matched = any(one.placed is not None for one in recordings)
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        ["track", "time", "lon", "lat", "speed_kmh", "heading_deg", "satellites", "odometer_km", "acc"]
        + (["state", "road_lon", "road_lat", "limit_kmh", "confidence", "path_m"] if matched else [])
    )
    for one in recordings:
        rows = _fixes(one.name.replace("\r", " "), one.track)
        writer.writerows([row + place for row, place in zip(rows, _places(one), strict=True)] if matched else rows)
    write_text(path, out.getvalue())


def _fixes(name: str, track: Track) -> list[list[str]]:
    times = [iso(t) for t in track.t_ms.tolist()] if track.timed else [""] * len(track)
    acc = ["" if value < 0 else str(value) for value in track.acc.tolist()]
    return [
        [name, *cells]
        for cells in zip(
            times, _cells(track.lon_deg, 7), _cells(track.lat_deg, 7), _cells(track.speed_kmh, 2), _cells(track.heading_deg, 2),
            _cells(track.satellites, 0), _cells(track.odometer_m / 1000.0, 3), acc, strict=True,
        )
    ]  # fmt: skip


def _places(one: Recording) -> list[list[str]]:
    placed = one.placed
    if placed is None:
        return [[""] * 6 for _ in range(len(one.track))]
    columns = (
        placed.state, _cells(placed.lon_deg, 7), _cells(placed.lat_deg, 7), _cells(placed.limit_kmh, 0), _cells(placed.confidence, 3),
        _cells(placed.path_m, 2),
    )  # fmt: skip
    return [list(cells) for cells in zip(*columns, strict=True)]


def _cells(column: np.ndarray, decimals: int) -> list[str]:
    return ["" if value != value else f"{value:.{decimals}f}" for value in column.tolist()]
