"""Geofences: taken from files, taken out of use, ordered of terminals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TypeVar

import psycopg

from domain.errors import RefusedError
from operations import geofences_store as store
from operations.geofence_files import BadFeature, read_geofences
from operations.geofence_shapes import fitted
from operations.geofence_wire import APPEND, CHANGE, DELETE, MOST_AT_ONCE, QUERY, REPLACE, SET, shape_number, zone_of
from storage import geofences, terminal_commands
from storage.geofences import SHAPES, Geofence, Shape

Connection = psycopg.Connection[Any]
T = TypeVar("T")
Action = Literal["set", "replace", "delete", "verify"]

MOST_POINTS = 2_000
"""Points that are sent as drawn: 16 kB of corners in 17 packets. What real terminals hold they do not tell; a u16 counts them."""
TOLERANCE_M = 10.0
"""How far a simplified drawing may lie off: about what a fix is off anyway."""


@dataclass(frozen=True, slots=True)
class ImportedGeofences:
    """Outcome of an import: nothing is stored when `bad` is not empty."""

    held: int
    changed: int
    bad: tuple[BadFeature, ...]


@dataclass(frozen=True, slots=True)
class Asking:
    """How a terminal is asked.

    Args:
        expires_at: an off-line terminal gets it until then; asked_by: who.
        most_points, tolerance_m: drawings with more points are simplified, at most so far off; refused when that is not enough.
    """

    expires_at: datetime
    asked_by: str
    most_points: int = MOST_POINTS
    tolerance_m: float = TOLERANCE_M


def import_geofences(conn: Connection, path: Path, who: str) -> ImportedGeofences:
    """Store the geofences of a GeoJSON, all or none, in the caller's transaction: a new version of each that changed.

    Raises:
        RefusedError: the file is no FeatureCollection in WGS-84.
    """
    found = read_geofences(path)
    bad = list(found.bad)
    stored = {one.name: one.shape for one in geofences.listed(conn)}
    for place, one in found.drawings.items():
        if stored.get(one.name, one.shape) != one.shape:
            why = f"{one.name} is a {stored[one.name]} already, no {one.shape}: remove it first, or choose another name"
            bad.append(BadFeature(place, one.name, why))
    if bad:
        return ImportedGeofences(len(found.drawings), 0, tuple(sorted(bad, key=lambda row: row.number)))
    changed = sum(store.put(conn, one, path.name, who) for one in found.drawings.values())
    return ImportedGeofences(len(found.drawings), changed, ())


def named(conn: Connection, names: Iterable[str]) -> list[Geofence]:
    """The geofences in use by their names; RefusedError for a name that none has."""
    found = {name: geofences.one(conn, name) for name in names}
    missing = [name for name, one in found.items() if one is None]
    if missing:
        raise RefusedError(f"no geofence {', '.join(missing)}; cuntong geofence list shows them", field="geofences", kind="missing")
    return [one for one in found.values() if one is not None]


def remove(conn: Connection, name: str, who: str, *, anyway: bool = False) -> Geofence:
    """Take a geofence out of use; RefusedError while terminals hold it, unless `anyway`."""
    (one,) = named(conn, [name])
    if one.holders and not anyway:
        raise RefusedError(
            f"{one.holders} terminals hold {name}: delete it there first (cuntong command geofence TERMINAL {name} --delete), or say --anyway",
            field="name", kind="conflict",
        )  # fmt: skip
    store.remove(conn, one.geofence_id, who)
    return one


def order(conn: Connection, terminal_id: str, action: Action, wanted: Sequence[Geofence], how: Asking) -> list[int]:
    """Ask a terminal to hold geofences or to forget them; on its way when the caller's transaction commits.

    Args:
        terminal_id: without leading zeros.
        action: "set": beside what it holds; "replace": in place of the others of the same shape; "delete", "verify" (0x8608, from 2019 on).
        wanted: none: all shapes, which only "delete" and "verify" take.
    Returns:
        Numbers of the commands, in their order.
    Raises:
        RefusedError: a drawing that does not fit.
    """
    by_shape = {shape: [one for one in wanted if one.shape == shape] for shape in SHAPES}
    if not wanted and action in ("set", "replace"):
        raise RefusedError("no geofence is named", field="geofences")
    shapes: list[Shape] = [shape for shape in SHAPES if by_shape[shape] or not wanted]
    numbers: list[int] = []
    for shape in shapes:
        of_shape = by_shape[shape]
        if action in ("delete", "verify"):
            numbers += _without_zones(conn, terminal_id, shape, action, of_shape, how)
        elif shape in ("circle", "rectangle"):
            numbers += _together(conn, terminal_id, shape, of_shape, how, replacing=action == "replace")
        else:
            if action == "replace":
                numbers += _forget_others(conn, terminal_id, shape, of_shape, how)
            numbers += [_set(conn, terminal_id, SET[shape], [one], how) for one in of_shape]
    return numbers


def _without_zones(conn: Connection, terminal_id: str, shape: Shape, action: Action, wanted: Sequence[Geofence], how: Asking) -> list[int]:
    ids = [one.geofence_id for one in wanted]
    if action == "verify":
        return [_ask(conn, terminal_id, QUERY, {"shape": shape_number(shape), "ids": ids}, how)]
    return [_ask(conn, terminal_id, DELETE[shape], {"ids": some}, how) for some in _portions(ids)] or [
        _ask(conn, terminal_id, DELETE[shape], {"ids": []}, how)
    ]


def _together(conn: Connection, terminal_id: str, shape: Shape, wanted: Sequence[Geofence], how: Asking, *, replacing: bool) -> list[int]:
    """Circles or rectangles: many in a message. The first portion replaces, the others are appended."""
    held = {one.zone_id for one in geofences.held(conn, terminal_id) if one.shape == shape_number(shape)}
    if replacing:
        first, *others = _portions(list(wanted))
        return [
            _set(conn, terminal_id, SET[shape], first, how, REPLACE),
            *(_set(conn, terminal_id, SET[shape], some, how, APPEND) for some in others),
        ]
    new = [one for one in wanted if one.geofence_id not in held]
    known = [one for one in wanted if one.geofence_id in held]
    told = [*((APPEND, some) for some in _portions(new)), *((CHANGE, some) for some in _portions(known))]
    return [_set(conn, terminal_id, SET[shape], some, how, setting) for setting, some in told]


def _forget_others(conn: Connection, terminal_id: str, shape: Shape, wanted: Sequence[Geofence], how: Asking) -> list[int]:
    """Delete what the terminal holds beside these, by number: a deletion of all that is repeated late would take the new ones with it."""
    kept = {one.geofence_id for one in wanted}
    others = [one.zone_id for one in geofences.held(conn, terminal_id) if one.shape == shape_number(shape) and one.zone_id not in kept]
    return [_ask(conn, terminal_id, DELETE[shape], {"ids": some}, how) for some in _portions(others)]


def _set(conn: Connection, terminal_id: str, message_id: int, wanted: Sequence[Geofence], how: Asking, setting: int | None = None) -> int:
    """One message that sets zones; `setting` where it has one and may have many zones."""
    outlines = [fitted(one.name, one.outline, how.most_points, how.tolerance_m) for one in wanted]
    zones = [zone_of(one, outline) for one, (outline, _) in zip(wanted, outlines, strict=True)]
    number = _ask(conn, terminal_id, message_id, zones[0] if setting is None else {"setting": setting, "zones": zones}, how)
    for one, (outline, tolerance_m) in zip(wanted, outlines, strict=True):
        points = None if tolerance_m is None else len(outline.get("corners") or outline["points"])
        store.note_order(conn, number, terminal_id, one, points, tolerance_m)
    return number


def _ask(conn: Connection, terminal_id: str, message_id: int, fields: dict[str, Any], how: Asking) -> int:
    return terminal_commands.ask(conn, terminal_id, message_id, fields, expires_at=how.expires_at, asked_by=how.asked_by)


def _portions(items: list[T]) -> list[list[T]]:
    return [items[start : start + MOST_AT_ONCE] for start in range(0, len(items), MOST_AT_ONCE)]
