"""Geofences from GeoJSON: what is taken, what is refused with which reason, and drawings with too many points."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import psycopg
import pytest
import typer
from shapely import LineString, Polygon
from typer.testing import CliRunner

from domain.errors import RefusedError
from operations import geofences
from operations.geofence_files import drawing_of, feature_of, read_geofences
from operations.geofence_shapes import fitted
from operations.geofence_wire import SET, zone_of
from protocols.jt808.forms import command_of
from runtime.commands import geofences as commands
from storage import geofences as stored
from storage.geofences import Geofence

SQUARE = [[[106.6, 26.5], [106.61, 26.5], [106.61, 26.51], [106.6, 26.51], [106.6, 26.5]]]


def feature(kind: str = "Point", coordinates: Any = None, **words: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {"name": "甲", **({"radius_m": 50} if kind == "Point" else {}), **words},
        "geometry": {"type": kind, "coordinates": coordinates or ([106.6, 26.5] if kind == "Point" else SQUARE)},
    }


BAD: list[tuple[str, dict[str, Any]]] = [
    ("without a name", feature(name=" ")),
    ("GBK", feature(name="🚌")),
    ("unknown property max_speed", feature(max_speed=30)),
    ("radius_m 0 is no whole number", feature(radius_m=0)),
    ("radius_m 2.5", feature(radius_m=2.5)),
    ("a Point needs radius_m", feature(radius_m=None)),
    ("no longitude and latitude", feature(coordinates=[26.5, 106.6])),
    ("a MultiPolygon is no geofence", feature("MultiPolygon", [SQUARE])),
    ("1 holes", feature("Polygon", [*SQUARE, SQUARE[0]])),
    ("crosses itself", feature("Polygon", [[[0.1, 0.1], [0.2, 0.2], [0.2, 0.1], [0.1, 0.2], [0.1, 0.1]]])),
    ("four points at least", feature("Polygon", [SQUARE[0][:3]])),
    ("crosses the equator", feature("Polygon", [[[1, -1], [2, 1], [3, -1], [1, -1]]])),
    ("along meridians", feature("Polygon", [[[1, 1], [2, 2], [3, 1], [1, 1]]], shape="rectangle")),
    ("width_m belongs to a route", feature(width_m=10)),
    ("a section without width_m", feature("LineString", [[1, 1], [2, 2]])),
    ("width_m 300", feature("LineString", [[1, 1], [2, 2]], width_m=300)),
    ("two points in a row", feature("LineString", [[1, 1], [1, 1]], width_m=30)),
    ("they must rise", feature("LineString", [[1, 1], [2, 2], [3, 3]], width_m=30, sections=[{"until": 1}])),
    ("come together", feature("LineString", [[1, 1], [2, 2]], width_m=30, longest_s=60)),
    ("need max_speed_kmh", feature(night_speed_kmh=30)),
    ("come together", feature(valid_from="2026-12-01")),
    ("not after", feature(valid_from="2026-12-02", valid_to="2026-12-01")),
    ("no time of day", feature(daily_from="25:00", daily_to="05:00")),
    ("one pair of times", feature(valid_from="2026-12-01", valid_to="2026-12-02", daily_from="08:00", daily_to="09:00")),
    ("alarms", feature(alarms=["enter"])),
    ("region_code", feature(region_code="52")),
]  # fmt: skip


def write(path: Path, features: list[Any], **more: Any) -> Path:
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features, **more}, ensure_ascii=False), "utf-8")
    return path


def test_every_bad_feature_is_named_with_its_reason_and_nothing_is_imported(conn: psycopg.Connection[Any], tmp_path: Path) -> None:
    good = [feature(name="乙"), feature(name="乙"), feature("Polygon", name="丙")]
    path = write(tmp_path / "bad.geojson", [one for _, one in BAD] + good + ["no feature"])
    done = geofences.import_geofences(conn, path, "me")
    assert [row.number for row in done.bad] == [*range(1, len(BAD) + 1), len(BAD) + 2, len(BAD) + 4]
    for (reason, _), row in zip(BAD, done.bad, strict=False):
        assert reason in row.reason, row
    assert f"feature {len(BAD) + 1} has the same name" in done.bad[-2].reason
    assert stored.listed(conn) == []


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4490"}}
    with pytest.raises(RefusedError, match="not WGS-84"):
        read_geofences(write(tmp_path / "cgcs.geojson", [], crs=crs))
    assert read_geofences(write(tmp_path / "wgs.geojson", [], crs={"properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}})).bad == ()
    with pytest.raises(RefusedError, match="FeatureCollection"):
        read_geofences(_text(tmp_path / "one.geojson", json.dumps(feature())))
    with pytest.raises(RefusedError, match="no GeoJSON"):
        read_geofences(_text(tmp_path / "none.geojson", "{"))


def _text(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def test_what_is_shown_is_what_was_imported_and_versions_are_never_edited(conn: psycopg.Connection[Any], tmp_path: Path) -> None:
    route = feature(
        "LineString", [[106.6, 26.5], [106.61, 26.5], [106.62, 26.5]], name="丁", width_m=20,
        sections=[{"until": 1, "max_speed_kmh": 60}, {"until": 2, "longest_s": 90, "shortest_s": 10}],
    )  # fmt: skip
    first = [
        feature(name="甲", valid_from="2026-12-01T00:00:00Z", valid_to="2026-12-02"), route,
        feature("Polygon", name="乙", shape="rectangle", region_code="520102", max_speed_kmh=30, daily_from="07:30", daily_to="09:00"),
    ]  # fmt: skip
    assert geofences.import_geofences(conn, write(tmp_path / "a.geojson", first), "me").changed == 3
    again = write(tmp_path / "b.geojson", [feature_of(one) for one in stored.listed(conn)])
    assert geofences.import_geofences(conn, again, "me").changed == 0
    moved = write(tmp_path / "c.geojson", [feature(name="甲", radius_m=51)])
    assert geofences.import_geofences(conn, moved, "you").changed == 1
    assert [(one.version, one.outline["radius_m"], one.created_by, one.source) for one in stored.history(conn, "甲")] == [
        (2, 51, "you", "c.geojson"), (1, 50, "me", "a.geojson"),
    ]  # fmt: skip
    other = geofences.import_geofences(conn, write(tmp_path / "d.geojson", [feature(name="戊"), feature("Polygon", name="甲")]), "me")
    assert [(row.number, row.name) for row in other.bad] == [(2, "甲")] and stored.one(conn, "戊") is None
    geofences.remove(conn, "甲", "me")
    assert stored.one(conn, "甲") is None and len(stored.history(conn, "甲")) == 2
    assert geofences.import_geofences(conn, write(tmp_path / "e.geojson", [feature("Polygon", name="甲")]), "me").changed == 1
    assert [(one.shape, one.version) for one in stored.history(conn, "甲")] == [("polygon", 1), ("circle", 2), ("circle", 1)]
    with pytest.raises(RefusedError, match="no geofence 己"):
        geofences.named(conn, ["乙", "己"])


@pytest.mark.parametrize(("shape", "one"), [
    ("circle", feature(max_speed_kmh=40)), ("rectangle", feature("Polygon", shape="rectangle", max_speed_kmh=40, overspeed_s=0)),
    ("polygon", feature("Polygon", daily_from="08:00", daily_to="09:00")), ("route", feature("LineString", [[-1, -1], [2, 2]], width_m=9)),
])  # fmt: skip
@pytest.mark.parametrize("version", ["2011", "2013", "2019"])
def test_every_edition_has_a_form_for_every_shape(shape: str, one: dict[str, Any], version: str) -> None:
    drawing = drawing_of(one)
    geofence = Geofence(**{name: getattr(drawing, name) for name in drawing.__slots__}, geofence_id=7, version=1)
    zone = zone_of(geofence, drawing.outline)
    message = command_of(SET[shape], {"setting": 1, "zones": [zone]} if shape in ("circle", "rectangle") else zone, version=version)
    made = message.zones[0] if shape in ("circle", "rectangle") else message
    assert made.name == ("甲" if version == "2019" else None)
    if shape in ("circle", "rectangle"):
        assert made.night_speed_kmh == (40 if version == "2019" else None) and made.overspeed_s == (10 if shape == "circle" else 0)
    if shape == "route":
        assert [point.attributes for point in made.points] == [0b1100, 0] and made.points[0].latitude_e6 == 1_000_000


def test_a_drawing_with_too_many_points_is_simplified_within_the_stated_tolerance() -> None:
    ring = [[106.6 + 0.05 * math.cos(a / 5_000 * math.tau), 26.5 + 0.05 * math.sin(a / 5_000 * math.tau)] for a in range(5_000)]
    outline = {"corners": ring}
    fewer, tolerance = fitted("湖", outline, 100, 50.0)
    assert tolerance is not None and len(fewer["corners"]) <= 100
    drawn, kept = (Polygon([(lon * 99_600, lat * 111_320) for lon, lat in one]) for one in (ring, fewer["corners"]))
    assert 0 < drawn.exterior.hausdorff_distance(kept.exterior) <= tolerance * 1.01 and kept.is_valid
    assert fitted("湖", outline, 5_000, 50.0) == (outline, None)
    with pytest.raises(RefusedError, match="湖 has 5000 points"):
        fitted("湖", outline, 100, 1.0)
    way = {"points": ring[:2_000], "sections": [{"until": 700, "width_m": 9}, {"until": 1_999, "width_m": 20}]}
    shorter, off_m = fitted("路", way, 40, 50.0)
    first, last = (section["until"] for section in shorter["sections"])
    assert (
        off_m is not None and len(shorter["points"]) == last + 1 <= 40 and shorter["points"][first] == [round(one, 6) for one in ring[700]]
    )
    lines = [LineString([(lon * 99_600, lat * 111_320) for lon, lat in one]) for one in (ring[:2_000], shorter["points"])]
    assert lines[0].hausdorff_distance(lines[1]) <= off_m * 1.01


def test_the_command_line_lists_all_faults_of_a_file(dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("CUNTONG_DATABASE_URL", dsn), ("CUNTONG_DATA", str(tmp_path)), ("COLUMNS", "200")):
        monkeypatch.setenv(name, value)
    app = typer.Typer()
    commands.register(app)
    path = write(tmp_path / "two.geojson", [feature(), feature(name="乙", radius_m=-1), feature(name="")])
    told = CliRunner().invoke(app, ["geofence", "import", str(path)])
    assert told.exit_code == 1 and "nothing imported, 2 bad features" in told.stdout and "radius_m -1" in told.stdout
    assert "0 geofences" in CliRunner().invoke(app, ["geofence", "list"]).stdout
