"""Lines as GeoJSON: drawings in, lines on the network out and in."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from domain.errors import RefusedError
from tracking.legs import geodesics
from tracking.line_path import LINE_STOP, LinePath, line_path
from tracking.matched import PATH_PART
from tracking.network.lines import DrawnLine
from tracking.network.model import EdgeFlag, RoadNetwork

_NONE = np.empty(0)


def read_drawings(path: Path) -> list[DrawnLine]:
    """The lines of a GeoJSON: a LineString each with `line_id` and perhaps `variant`, and Points with `line_id`, `variant`,
    `stop_seq` and `name`, its stops. A line may be of stops alone.

    Raises:
        RefusedError: the file is not that.
    """
    drawn: dict[tuple[str, str], Any] = {}
    stops: dict[tuple[str, str], list[tuple[float, list[float], str]]] = {}
    try:
        for number, feature in enumerate(_features(path), start=1):
            told, geometry = feature["properties"], feature["geometry"]
            key = str(told["line_id"]), str(told.get("variant") or "")
            if geometry["type"] == "LineString":
                if drawn.get(key) is not None:
                    raise RefusedError(f"{path}: feature {number} draws line {key[0]} {key[1]} again", field="lines")
                drawn[key] = np.array([place[:2] for place in geometry["coordinates"]], np.float64).reshape(-1, 2)
            elif geometry["type"] == "Point":
                drawn.setdefault(key, None)
                place = [float(axis) for axis in geometry["coordinates"][:2]]
                stops.setdefault(key, []).append((float(told["stop_seq"]), place, str(told.get("name") or "")))
            else:
                raise RefusedError(f"{path}: feature {number} is a {geometry['type']}", field="lines")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RefusedError(f"{path}: no GeoJSON of lines and stops ({error!r})", field="lines") from error
    return [_drawn(key, line, sorted(stops.get(key, []))) for key, line in drawn.items()]


def _drawn(key: tuple[str, str], line: Any, stops: list[tuple[float, list[float], str]]) -> DrawnLine:
    places = np.array([place for _, place, _ in stops], np.float64).reshape(-1, 2)
    lon, lat = (line[:, 0], line[:, 1]) if line is not None else (_NONE, _NONE)
    return DrawnLine(key[0], key[1], lon, lat, places[:, 0], places[:, 1], tuple(name for _, _, name in stops))


def _features(path: Path) -> list[Any]:
    try:
        return list(json.loads(path.read_text("utf-8"))["features"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RefusedError(f"{path}: no GeoJSON ({error!r})", field="lines") from error


def write_lines(path: Path, lines: Sequence[LinePath], network: RoadNetwork) -> None:
    """Write lines with their edges by key, measures and stops, by rename."""
    features = []
    for line in lines:
        parts = [
            [f"{int(network.edge_key[e]):016x}", round(float(a), 3), round(float(b), 3)] for e, a, b in line.parts.tolist()
        ]  # fmt: skip
        names = line.stop_names or ("",) * len(line.stops)
        stops = [{"name": name, "measure_m": round(float(at), 3)} for name, at in zip(names, line.stops["measure_m"], strict=True)]
        told = {
            "line_id": line.line_id, "variant": line.variant, "length_m": round(line.length_m, 3),
            "worst_offset_m": None if np.isnan(line.worst_offset_m) else round(line.worst_offset_m, 2),
            "map_version": line.map_version, "licence": network.licence, "parts": parts, "stops": stops,
        }  # fmt: skip
        places = [[round(float(x), 7), round(float(y), 7)] for x, y in zip(line.lon_deg, line.lat_deg, strict=True)]
        features.append({"type": "Feature", "properties": told, "geometry": {"type": "LineString", "coordinates": places}})
    draft = path.with_name(path.name + ".part")
    draft.write_text(json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False), "utf-8")
    os.replace(draft, path)


def read_lines(path: Path, network: RoadNetwork | None = None) -> list[LinePath]:
    """Lines that `write_lines` wrote.

    Args:
        path: the file.
        network: the roads that the lines were snapped to; None: only geometry, measure and stops are wanted, and edges
            are -1.

    Raises:
        RefusedError: the file is not that, or an edge is not in the network: the lines must be snapped again.
    """
    row_of: dict[str, int] = {}
    if network is not None:
        roads = np.flatnonzero(network.flags & (EdgeFlag.CONNECTOR | EdgeFlag.COPY) == 0)
        row_of = {f"{key:016x}": row for key, row in zip(network.edge_key[roads].tolist(), roads.tolist(), strict=True)}
    lines = []
    try:
        for feature in _features(path):
            told = feature["properties"]
            lost = next((key for key, _, _ in told["parts"] if network is not None and key not in row_of), None)
            if lost is not None:
                raise RefusedError(f"{path}: line {told['line_id']}: edge {lost} is not in the network; snap it again", field="lines")
            parts = np.array([(row_of.get(key, -1), start, end) for key, start, end in told["parts"]], PATH_PART)
            lines.append(_line(told, feature["geometry"]["coordinates"], parts, network))
    except (KeyError, TypeError, ValueError) as error:
        raise RefusedError(f"{path}: no lines of `cuntong lines snap` ({error!r})", field="lines") from error
    return lines


def _line(told: dict[str, Any], places: list[list[float]], parts: Any, network: RoadNetwork | None) -> LinePath:
    stops = [stop["measure_m"] for stop in told["stops"]]
    names = tuple(stop["name"] for stop in told["stops"])
    offset = float("nan") if told["worst_offset_m"] is None else float(told["worst_offset_m"])
    if network is not None:
        return line_path(
            network, parts, stops, line_id=told["line_id"], variant=told["variant"], stop_names=names, worst_offset_m=offset
        )  # fmt: skip
    lon, lat = np.array(places, np.float64).T
    rows = np.zeros(len(stops), LINE_STOP)
    rows["measure_m"], rows["edge"] = stops, -1
    measure = np.concatenate([[0.0], np.cumsum(geodesics(lon, lat))])
    return LinePath(told["line_id"], told["variant"], parts, rows, names, lon, lat, measure, offset, told["map_version"])
