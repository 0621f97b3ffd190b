"""Tracks as GPX 1.1 (topografix.com/GPX/1/1); GPX 1.0 is read too."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape as escape_markup
from xml.sax.saxutils import quoteattr

import numpy as np

from tracking.formats.gpx_reader import CREATOR, MATCHED, OURS, parse
from tracking.formats.instants import iso
from tracking.formats.recording import Leg, Recording, common, placed_rows, write_text

NAMESPACE = "http://www.topografix.com/GPX/1/1"
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold."""


def read(path: Path) -> tuple[Recording, ...]:
    """Tracks of a GPX file: its `trk`; where there is none its `rte`, else its `wpt` as one track.

    Segments of a track are joined. Speed, heading, satellites come from `sat`, from GPX 1.0's or Garmin's `speed` (m/s) and
    `course`, and from our own extensions. A time without a zone is UTC. A track without times is not `timed`.

    Raises:
        RefusedError: not GPX, a point without coordinates, a broken number or time, a document type or entity declaration
            (nothing is ever fetched or expanded), with file and line.
    """
    return parse(path)


def write(path: Path, recordings: Sequence[Recording]) -> None:
    """Write each recording as a track, and what matching made of it as a second track of type "matched".

    Fixes without coordinates are left out. The matched track has a segment for each leg; its points have times where the
    recording has.
    """
    said = {name: escape(common(recordings, name)) for name in ("licence", "map_version", "match_version")}
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<gpx xmlns="{NAMESPACE}" xmlns:ct="{OURS}" version="1.1" creator="{CREATOR}">',
        f"<metadata><copyright author={quoteattr(common(recordings, 'licence'))}/>",
        f"<extensions><ct:licence>{said['licence']}</ct:licence><ct:map_version>{said['map_version']}</ct:map_version>"
        f"<ct:match_version>{said['match_version']}</ct:match_version></extensions></metadata>",
    ]
    for one in recordings:
        lines += [f"<trk><name>{escape(one.name)}</name><trkseg>", *_fixes(one), "</trkseg></trk>"]
        if one.legs:
            lines.append(f"<trk><name>{escape(one.name)}</name><type>{MATCHED}</type>")
            for leg in one.legs:
                lines += _segment(leg)
            lines.append("</trk>")
    write_text(path, "\n".join([*lines, "</gpx>", ""]))


def escape(text: str) -> str:
    """The text as XML, without characters that XML cannot hold."""
    return escape_markup(_NO_XML.sub("", text))


def _fixes(one: Recording) -> list[str]:
    track = one.track.rows(placed_rows(one.track))
    lines = []
    for row in range(len(track)):
        parts = [f'<trkpt lat="{track.lat_deg[row]:.7f}" lon="{track.lon_deg[row]:.7f}">']
        if track.timed:
            parts.append(f"<time>{iso(int(track.t_ms[row]))}</time>")
        if np.isfinite(track.satellites[row]):
            parts.append(f"<sat>{track.satellites[row]:.0f}</sat>")
        own = [
            f"<ct:{name}>{value:.{decimals}f}</ct:{name}>"
            for name, value, decimals in (
                ("speed_kmh", track.speed_kmh[row], 2),
                ("heading_deg", track.heading_deg[row], 2),
                ("odometer_km", track.odometer_m[row] / 1000.0, 3),
                ("acc", track.acc[row] if track.acc[row] >= 0 else np.nan, 0),
            )
            if np.isfinite(value)
        ]
        if own:
            parts.append(f"<extensions>{''.join(own)}</extensions>")
        lines.append("".join(parts) + "</trkpt>")
    return lines


def _segment(leg: Leg) -> list[str]:
    points = []
    for row, (lon, lat) in enumerate(zip(leg.lon_deg.tolist(), leg.lat_deg.tolist(), strict=True)):
        time = f"<time>{iso(int(leg.t_ms[row]))}</time>" if leg.t_ms.size else ""
        points.append(f'<trkpt lat="{lat:.7f}" lon="{lon:.7f}">{time}</trkpt>')
    own = {"kind": leg.kind, "source": leg.source, "reason": leg.reason}
    figures = {"length_m": leg.length_m, "low_m": leg.low_m, "high_m": leg.high_m}
    told = [f"<ct:{name}>{escape(text)}</ct:{name}>" for name, text in own.items() if text]
    told += [f"<ct:{name}>{value:.2f}</ct:{name}>" for name, value in figures.items() if np.isfinite(value)]
    return ["<trkseg>", *points, f"<extensions>{''.join(told)}</extensions></trkseg>"]
