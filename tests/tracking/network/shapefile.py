"""Polylines of a shapefile with its dBASE table, as far as the tests need it."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

from tracking.network import EdgeTable, RoadClass


def read_links(stem: Path) -> EdgeTable:
    """Links with dir (0 both ways, 1 along, -1 against), from_node, to_node as pieces of road."""
    rows = _rows(stem.with_suffix(".dbf"))
    lines = _lines(stem.with_suffix(".shp"))
    lines = [line[::-1] if row["dir"] == "-1" else line for row, line in zip(rows, lines, strict=True)]
    ends = np.array([(int(row["from_node"]), int(row["to_node"])) for row in rows])
    against = np.array([row["dir"] == "-1" for row in rows])
    ends[against] = ends[against][:, ::-1]
    names = sorted({row["road_name"] for row in rows} - {""})
    flat = np.concatenate(lines)
    return EdgeTable(
        tail=ends[:, 0], head=ends[:, 1], shape_start=np.concatenate([[0], np.cumsum([len(line) for line in lines])]),
        lon_deg=flat[:, 0], lat_deg=flat[:, 1], road_class=np.full(len(rows), RoadClass.SECONDARY, np.uint8),
        oneway=np.array([row["dir"] != "0" for row in rows]), way_id=np.array([int(row["link_id"]) for row in rows]),
        name=np.array([names.index(row["road_name"]) if row["road_name"] else -1 for row in rows], np.int32), names=tuple(names),
    )  # fmt: skip


def _rows(path: Path) -> list[dict[str, str]]:
    content = path.read_bytes()
    count, head, size = struct.unpack("<IHH", content[4:12])
    fields, at = [], 32
    while content[at] != 0x0D:
        fields.append((content[at : at + 11].split(b"\0")[0].decode(), content[at + 16]))
        at += 32
    rows = []
    for number in range(count):
        place, row = head + number * size + 1, {}
        for name, width in fields:
            row[name] = content[place : place + width].decode("gb18030", "replace").strip()
            place += width
        rows.append(row)
    return rows


def _lines(path: Path) -> list[np.ndarray]:
    content, at, lines = path.read_bytes(), 100, []
    while at < len(content):
        (size,) = struct.unpack(">I", content[at + 4 : at + 8])
        kind, parts, points = struct.unpack("<I32xII", content[at + 8 : at + 8 + 44])
        assert kind == 3 and parts == 1
        lines.append(np.frombuffer(content, "<f8", 2 * points, at + 8 + 44 + 4).reshape(-1, 2))
        at += 8 + 2 * size
    return lines
