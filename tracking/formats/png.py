"""A picture of matched tracks: roads, raw fixes, matched way, gaps, off the road. Written only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from numpy.typing import NDArray

from domain.errors import RefusedError
from tracking.formats.recording import FERRY, GAP, OFF_ROAD, ON_ROAD, Leg, Recording, common, placed_rows
from tracking.network.model import EdgeFlag, RoadClass, RoadNetwork

Floats = NDArray[np.float64]

_LEGS = {
    ON_ROAD: ("matched", "#0072b2", "solid", 2.4),
    GAP: ("gap, inferred", "#e69f00", (0, (4, 2)), 2.4),
    OFF_ROAD: ("off road", "#d55e00", (0, (1, 1.2)), 2.8),
    FERRY: ("ferry", "#56b4e9", "dashdot", 2.0),
}
"""Kind of a leg: words, colour (safe for colour-blind eyes), dashes, width."""
_RAW = "#222222"
_CJK = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "SimHei",
    "Microsoft YaHei",
    "PingFang SC",
)
_SIZE_INCHES = (11.0, 8.5)
_DPI = 150


def write(path: Path, recordings: Sequence[Recording], network: RoadNetwork) -> None:
    """Draw matched tracks on their roads, metres on both axes alike, ways a little to the right of the road's middle.

    Raises:
        RefusedError: no fix has coordinates, or the folder cannot be written.
    """
    places = [
        network.project(one.track.lon_deg[rows], one.track.lat_deg[rows]) for one in recordings if (rows := placed_rows(one.track)).size
    ]
    if not places:
        raise RefusedError(f"{path}: no fix with coordinates to draw", field="plot")
    x, y = np.concatenate([place[0] for place in places]), np.concatenate([place[1] for place in places])
    view = _view(x, y)
    figure = Figure(figsize=_SIZE_INCHES, dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    _draw_roads(axes, network, view)
    shift_m = 0.0025 * (view[2] - view[0])
    for one in recordings:
        for leg in one.legs:
            _draw_leg(axes, network, leg, shift_m)
    for place in places:
        axes.plot(*place, color=_RAW, linewidth=0.5, alpha=0.5, marker="o", markersize=3.2, markeredgewidth=0, label="raw fixes", zorder=4)
        axes.plot(place[0][0], place[1][0], marker="^", markersize=9, color="#009e73", linestyle="none", label="first fix", zorder=6)
        axes.plot(place[0][-1], place[1][-1], marker="s", markersize=7, color="#cc79a7", linestyle="none", label="last fix", zorder=6)
    _frame(axes, view, recordings)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, format="png")
    except OSError as error:
        raise RefusedError(f"{path}: cannot be written ({error.strerror}); choose another place", field="plot") from error


def _view(x: Floats, y: Floats) -> tuple[float, float, float, float]:
    """West, south, east, north metres around the fixes, in the picture's proportion, at least 200 m wide."""
    middle = (x.min() + x.max()) / 2, (y.min() + y.max()) / 2
    width, height = max(float(np.ptp(x)) * 1.12, 200.0), max(float(np.ptp(y)) * 1.12, 150.0)
    proportion = _SIZE_INCHES[0] / _SIZE_INCHES[1] * 1.05
    width, height = max(width, height * proportion), max(height, width / proportion)
    return middle[0] - width / 2, middle[1] - height / 2, middle[0] + width / 2, middle[1] + height / 2


def _draw_roads(axes: Any, network: RoadNetwork, view: tuple[float, float, float, float]) -> None:
    start, end = network.shape_start[:-1].astype(np.int64), network.shape_start[1:].astype(np.int64)
    x, y = network.x_m.astype(np.float64), network.y_m.astype(np.float64)
    inside = (np.minimum.reduceat(x, start) <= view[2]) & (np.maximum.reduceat(x, start) >= view[0])
    inside &= (np.minimum.reduceat(y, start) <= view[3]) & (np.maximum.reduceat(y, start) >= view[1])
    twin = network.twin
    drawn = inside & ((twin < 0) | (np.arange(twin.size) < twin)) & ((network.flags & (EdgeFlag.CONNECTOR | EdgeFlag.COPY)) == 0)
    rows = np.flatnonzero(drawn)
    lines = [np.column_stack([x[start[row] : end[row]], y[start[row] : end[row]]]) for row in rows.tolist()]
    main = network.road_class[rows]
    widths = np.select([main <= RoadClass.PRIMARY, main <= RoadClass.TERTIARY, main <= RoadClass.LIVING_STREET], [3.4, 2.4, 1.6], 0.9)
    widths = widths * np.clip(3000.0 / (view[2] - view[0]), 0.35, 1.0)
    axes.add_collection(LineCollection(lines, colors="#c9c9c9", linewidths=widths, zorder=1, label="roads"))


def _draw_leg(axes: Any, network: RoadNetwork, leg: Leg, shift_m: float) -> None:
    label, colour, dashes, width = _LEGS[leg.kind]
    x, y = _beside(*network.project(leg.lon_deg, leg.lat_deg), shift_m)
    axes.plot(x, y, color=colour, linestyle=dashes, linewidth=width, alpha=0.9, label=label, zorder=3, solid_joinstyle="round")
    along = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    if along[-1] < 25.0 * shift_m:
        return
    at = np.arange(12.0 * shift_m, along[-1], 45.0 * shift_m)
    ahead = np.minimum(at + 2.0 * shift_m, along[-1])
    x0, y0, x1, y1 = (np.interp(where, along, column) for where in (at, ahead) for column in (x, y))
    axes.quiver(
        x0, y0, x1 - x0, y1 - y0, color=colour, angles="xy", pivot="mid", scale_units="inches", units="dots", zorder=5,
        scale=float(np.median(np.hypot(x1 - x0, y1 - y0))) * 12.0 or 1.0, width=3.2, headwidth=5, headlength=5, headaxislength=4.5,
    )  # fmt: skip


def _beside(x: Floats, y: Floats, shift_m: float) -> tuple[Floats, Floats]:
    """The line moved to the right of its way, so that both directions of a road are seen."""
    keep = np.concatenate([[True], (np.diff(x) != 0) | (np.diff(y) != 0)])
    x, y = x[keep], y[keep]
    if x.size < 2:
        return x, y
    dx, dy = np.diff(x), np.diff(y)
    length = np.hypot(dx, dy)
    right = np.column_stack([dy, -dx]) / length[:, None]
    middle = right[:-1] + right[1:]
    size = np.hypot(*middle.T)
    bent = np.where(size[:, None] > 0.6, middle / np.maximum(size, 1e-9)[:, None], right[1:])
    normal = np.concatenate([right[:1], bent, right[-1:]])
    return x + shift_m * normal[:, 0], y + shift_m * normal[:, 1]


def _frame(axes: Any, view: tuple[float, float, float, float], recordings: Sequence[Recording]) -> None:
    west, south, east, north = view
    axes.set_aspect("equal")
    axes.set_xlim(west, east)
    axes.set_ylim(south, north)
    unit, divide = ("km", 1000.0) if east - west > 4000 else ("m", 1.0)
    steps = _steps(east - west)
    for axis, begin, end in ((axes.xaxis, west, east), (axes.yaxis, south, north)):
        at = np.arange(0.0, end - begin, steps)
        axis.set_ticks(begin + at, [f"{metres / divide:g}" for metres in at])
    axes.set_xlabel(f"{unit} east")
    axes.set_ylabel(f"{unit} north")
    axes.tick_params(labelsize=8)
    names = ", ".join(one.name for one in recordings if one.name)
    driven = sum(leg.length_m for one in recordings for leg in one.legs if leg.kind != FERRY) / 1000.0
    fixes = sum(len(one.track) for one in recordings)
    title, font = _lettering(f"{names[:60]}{'…' if len(names) > 60 else ''}   {fixes:,} fixes, {driven:,.3f} km".strip())
    axes.set_title(title, fontproperties=font, loc="left")
    licence = common(recordings, "licence")
    if licence:
        axes.text(0.995, 0.005, _lettering(licence)[0], transform=axes.transAxes, ha="right", va="bottom", fontsize=7, color="#555555")
    handles, labels = axes.get_legend_handles_labels()
    once = dict(zip(labels, handles, strict=True))
    axes.legend(once.values(), once.keys(), loc="best", fontsize=8, framealpha=0.9)


def _steps(width_m: float) -> float:
    """Round metres between ticks, six to fifteen over the width."""
    power = 10.0 ** np.floor(np.log10(width_m / 6.0))
    return float(next(step * power for step in (5, 2, 1) if width_m / (step * power) >= 6))


def _lettering(text: str) -> tuple[str, FontProperties]:
    """The text and a font that can write it; without one for Chinese its letters become dots."""
    if all(ord(letter) < 0x2E80 for letter in text):
        return text, FontProperties(size=10)
    known = {font.name for font in font_manager.fontManager.ttflist}
    for name in _CJK:
        if name in known:
            return text, FontProperties(family=name, size=10)
    return "".join(letter if ord(letter) < 0x2E80 else "·" for letter in text), FontProperties(size=10)
