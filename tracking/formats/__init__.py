"""Track files, one format a module; `read` and `write` choose by the file's ending."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from domain.errors import RefusedError
from tracking.formats import csv, geojson, gpx, mfjson
from tracking.formats.recording import Leg, Placed, Recording

__all__ = ["FORMATS", "Leg", "Placed", "Recording", "read", "write"]

FORMATS = {
    ".csv": csv,
    ".txt": csv,
    ".tsv": csv,
    ".gpx": gpx,
    ".geojson": geojson,
    ".json": geojson,
    ".mfjson": mfjson,
}
"""Ending of the file name: its format."""


def read(path: Path) -> tuple[Recording, ...]:
    """Tracks of a file; `RefusedError` names file, line and remedy."""
    return _format(path).read(path)  # type: ignore[no-any-return, attr-defined]


def write(path: Path, recordings: Sequence[Recording]) -> None:
    """Write recordings in the format of the file's ending."""
    _format(path).write(path, recordings)  # type: ignore[attr-defined]


def _format(path: Path) -> object:
    if path.suffix.lower() not in FORMATS:
        raise RefusedError(f"{path}: ending {path.suffix!r} is no track format; use one of {', '.join(FORMATS)}", field="path")
    return FORMATS[path.suffix.lower()]
