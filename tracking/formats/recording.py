"""What a track file holds: fixes, and beside them what matching made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.errors import RefusedError
from domain.track import Track

ON_ROAD, OFF_ROAD, GAP, FERRY = "on_road", "off_road", "gap", "ferry"
"""Kinds of a `Leg`."""

OPTIONAL_COLUMNS = ("speed_kmh", "heading_deg", "satellites", "odometer_m", "acc")
"""Columns of a `Track` that a file may lack."""


@dataclass(frozen=True, slots=True, eq=False)
class Leg:
    """One stretch of the drive as exported.

    kind: on_road, off_road, gap or ferry; source: where its length comes from, such as "matched", "odometer", "raw";
    lon_deg, lat_deg: (p,) degrees WGS-84, in driving order; t_ms: (p,) epoch ms, interpolated along the way, empty for a
    track without times; length_m with its interval low_m to high_m, NaN when nobody measured one; reason: "" or a word; confidence 0 to 1,
    NaN unknown.
    """

    kind: str
    source: str
    lon_deg: NDArray[np.float64]
    lat_deg: NDArray[np.float64]
    t_ms: NDArray[np.int64]
    length_m: float
    low_m: float = float("nan")
    high_m: float = float("nan")
    reason: str = ""
    confidence: float = float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """Each fix on its road, (n,) in the track's row order.

    state: word of the matcher's state; lon_deg, lat_deg: degrees WGS-84, NaN where the fix has no place on a road;
    limit_kmh: the higher limit in doubt, NaN none; confidence 0 to 1, NaN none; path_m: metres along the piece, NaN none.
    """

    state: tuple[str, ...]
    lon_deg: NDArray[np.float64]
    lat_deg: NDArray[np.float64]
    limit_kmh: NDArray[np.float64]
    confidence: NDArray[np.float64]
    path_m: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """One track of a file.

    legs and placed are written, not read; licence of the map data and map_version stand in every written file.
    """

    name: str
    track: Track
    legs: tuple[Leg, ...] = ()
    placed: Placed | None = None
    licence: str = ""
    map_version: str = ""
    match_version: str = ""


@dataclass(slots=True)
class Columns:
    """The growing columns of one track while its file is read; None where a fix lacks a value."""

    path: Path
    where: list[str] = field(default_factory=list)
    lon: list[float] = field(default_factory=list)
    lat: list[float] = field(default_factory=list)
    t_ms: list[int | None] = field(default_factory=list)
    rest: dict[str, list[float | None]] = field(default_factory=lambda: {name: [] for name in OPTIONAL_COLUMNS})

    def add(self, where: str, lon: float, lat: float, t_ms: int | None, rest: dict[str, float | None]) -> None:
        """Append a fix.

        Args:
            where: place in the file for messages, such as "line 12".
            lon, lat: degrees WGS-84, both NaN for a fix without a position.
            t_ms: epoch ms; rest: optional columns by name.
        Raises:
            RefusedError: coordinates that are not on the globe.
        """
        unplaced = lon != lon and lat != lat
        if not unplaced and not (-180 <= lon <= 180 and -90 <= lat <= 90):
            hint = "are longitude and latitude swapped, or the coordinates not in degrees?"
            raise RefusedError(f"{self.path}: {where}: longitude {lon}, latitude {lat} is not on the globe; {hint}", field="lon")
        self.where.append(where)
        self.lon.append(lon)
        self.lat.append(lat)
        self.t_ms.append(t_ms)
        for name, column in self.rest.items():
            column.append(rest.get(name))

    def track(self) -> Track:
        """The track in time order. Without times, or with one time for all of several fixes, it is not `timed`.

        Raises:
            RefusedError: some fixes have a time and others have none.
        """
        timeless = [row for row, t in enumerate(self.t_ms) if t is None]
        if timeless and len(timeless) < len(self.t_ms):
            row = self.where[timeless[0]]
            raise RefusedError(
                f"{self.path}: {row}: a fix without time among fixes with times; give it one or take all times out", field="time"
            )
        lon, lat = np.array(self.lon, np.float64), np.array(self.lat, np.float64)
        columns: dict[str, Any] = {name: _column(values, name) for name, values in self.rest.items()}
        columns["located"] = ~np.isnan(lon)
        times = np.array([t for t in self.t_ms if t is not None], np.int64)
        if timeless or (times.size > 1 and (times == times[0]).all()):
            return Track.plain(lon, lat, None, **columns)
        order = np.argsort(times, kind="stable")
        return Track.plain(lon, lat, times / 1000.0, **columns).rows(order)


def _column(values: list[float | None], name: str) -> NDArray[Any]:
    absent = -1.0 if name == "acc" else np.nan
    return np.array([absent if value is None else value for value in values], np.float64)


def read_text(path: Path) -> str:
    """The file's text, UTF-8 with or without a byte order mark.

    Raises:
        RefusedError: no such file, or not UTF-8.
    """
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise RefusedError(f"{path}: cannot be read ({error.strerror}); check the name and its permissions", field="path") from error
    except UnicodeDecodeError as error:
        raise RefusedError(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8", field="path") from error


def write_text(path: Path, text: str) -> None:
    """Write by rename, so that nobody reads half a file.

    Raises:
        RefusedError: the folder cannot be written.
    """
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, "utf-8", newline="")
        part.replace(path)
    except OSError as error:
        raise RefusedError(f"{path}: cannot be written ({error.strerror}); choose another place", field="path") from error


def placed_rows(track: Track) -> NDArray[np.int64]:
    """Rows of fixes that have coordinates: formats of geometry leave the others out."""
    return np.flatnonzero(np.isfinite(track.lon_deg) & np.isfinite(track.lat_deg))


def common(recordings: Sequence[Recording], name: str) -> str:
    """The value of a text member over all recordings, several joined by "; "."""
    return "; ".join(dict.fromkeys(value for value in (getattr(one, name) for one in recordings) if value))
