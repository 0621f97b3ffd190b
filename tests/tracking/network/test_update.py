"""New maps for old networks: overrides, overlays, regions, changes, differences."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from domain.errors import RefusedError
from tests.tracking.network.drawing import EAST, SOUTH, draw, edge_of, letters, osm_text
from tracking.network import EdgeFlag, LimitOrigin, RoadClass, load, save
from tracking.network.check import check
from tracking.network.importing import import_osm
from tracking.network.overrides import Override, apply, overrides_of, read_overrides
from tracking.network.update import apply_changes, compare

PICTURE = "a--------b--------c--------d\n         |\n\n         x"
WAYS = "ab highway=primary\nbcd highway=secondary\nbx highway=residential"


def _csv(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(["edge_key,field,value,source,from", *rows]), "utf-8")
    return path


def test_overrides_hold_from_their_day_and_the_latest_counts(tmp_path: Path) -> None:
    network = draw(tmp_path, PICTURE, WAYS)
    edge = edge_of(network, "ab")
    key = f"{int(network.edge_key[edge]):016x}"
    rows = read_overrides(
        _csv(tmp_path / "o.csv", f"{key},limit_bus_kmh,40,省公告12号,2026-06-01", f"{key},limit_bus_kmh,60,省公告3号,2026-01-01",
             f"{key},access,0,closed,2026-09-01", "00000000000000ff,lanes,2,nobody,2026-01-01")
    )  # fmt: skip
    spring, lost = apply(network, rows, date(2026, 3, 1))
    assert spring.limit_bus_kmh[edge] == 60 and spring.limit_origin[edge] == LimitOrigin.OVERRIDE and spring.access[edge] == 15
    assert spring.truck_limit_origin[edge] == LimitOrigin.DEFAULT and [one.edge_key for one in lost] == ["00000000000000ff"]
    autumn, _ = apply(network, rows, date(2026, 10, 1))
    assert autumn.limit_bus_kmh[edge] == 40 and autumn.access[edge] == 0 and autumn.access[network.twin[edge]] == 15
    assert len({network.version, spring.version, autumn.version}) == 3
    save(autumn, tmp_path / "n.npz")
    assert set(overrides_of(load(tmp_path / "n.npz"))) == set(rows)


@pytest.mark.parametrize(
    "row", ["zz,lanes,1,s,2026-01-01", "ff,name,1,s,2026-01-01", "ff,lanes,99,s,2026-01-01", "ff,lanes,1,,2026-01-01", "ff,lanes,1,s,soon", "ff,lanes"]
)  # fmt: skip
def test_an_override_that_does_not_fit_is_refused_by_its_line(tmp_path: Path, row: str) -> None:
    with pytest.raises(RefusedError, match="line 2"):
        read_overrides(_csv(tmp_path / "o.csv", row))
    (tmp_path / "p.csv").write_text("key,value\n", "utf-8")
    with pytest.raises(RefusedError, match="header"):
        read_overrides(tmp_path / "p.csv")


def test_an_update_tells_what_came_went_and_changed_and_keys_stay(tmp_path: Path) -> None:
    old = draw(tmp_path, PICTURE, WAYS)
    new = draw(
        tmp_path, PICTURE + "\n\n         y", WAYS.replace("bx highway=residential", "bx highway=residential maxspeed=20\nxy highway=track")
    )
    assert old.edge_key[edge_of(old, "bd")] == new.edge_key[edge_of(new, "bd")]
    found = {one.road_class: one for one in compare(old, new)}
    assert set(found) == {RoadClass.RESIDENTIAL, RoadClass.TRACK}
    assert found[RoadClass.TRACK].added_km == pytest.approx(2 * 0.199, abs=0.01) and found[RoadClass.TRACK].removed_km == 0
    assert found[RoadClass.RESIDENTIAL].changed_km == pytest.approx(2 * 0.299, abs=0.01)
    assert compare(old, old) == []
    key = f"{int(old.edge_key[edge_of(old, 'bd')]):016x}"
    changed, lost = apply(new, [Override(key, "lanes", 3, "survey", "2026-01-01")], date(2026, 2, 1))
    assert not lost and changed.lanes[edge_of(changed, "bd")] == 3


def test_changes_are_put_to_the_old_source(tmp_path: Path) -> None:
    source, changes, made = tmp_path / "old.osm", tmp_path / "c.osc", tmp_path / "new.osm.pbf"
    source.write_text(osm_text(PICTURE, WAYS), "utf-8")
    changes.write_text(
        f'<osmChange version="0.6"><create><node id="900" version="1" lat="{26.5 - 9 * SOUTH}" lon="{106.6 + 9 * EAST}"/>'
        f'<way id="50" version="1"><nd ref="{ord("x")}"/><nd ref="900"/><tag k="highway" v="tertiary"/></way></create>'
        '<delete><way id="1" version="2"/></delete></osmChange>',
        "utf-8",
    )
    apply_changes(source, changes, made)
    found = {one.road_class: one for one in compare(import_osm(source), import_osm(made))}
    assert found[RoadClass.PRIMARY].removed_km > 0.8 and found[RoadClass.TERTIARY].added_km > 1
    with pytest.raises(RefusedError, match="no such file"):
        apply_changes(tmp_path / "none.osm", changes, made)
    changes.write_text("garbage", "utf-8")
    with pytest.raises(RefusedError, match="onto"):
        apply_changes(source, changes, made)


def _geojson(path: Path, geometry: dict[str, object], **properties: object) -> Path:
    feature = {"type": "Feature", "properties": properties, "geometry": geometry}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), "utf-8")
    return path


def test_an_overlay_brings_roads_that_the_map_lacks(tmp_path: Path) -> None:
    line = [[106.6 + 27 * EAST + 5e-5, 26.5], [106.6 + 30 * EAST, 26.5 - SOUTH], [106.6 + 33 * EAST, 26.5]]
    overlay = _geojson(tmp_path / "o.geojson", {"type": "LineString", "coordinates": line}, highway="unclassified", source="survey 2026")
    network = draw(tmp_path, PICTURE, WAYS, overlay=overlay)
    added = [e for e in range(network.edge_count) if network.road_class[e] == RoadClass.UNCLASSIFIED]
    assert len(added) == 2 and network.origin.counts["ways of the overlay"] == 1
    assert chr(network.node_id[network.tail[added[0]]]) == "d" and network.node_id[network.head[added[0]]] < 0
    assert check(network).sound


@pytest.mark.parametrize(
    ("geometry", "properties"),
    [
        ({"type": "Point", "coordinates": [1, 2]}, {"highway": "track", "source": "s"}),
        ({"type": "LineString", "coordinates": [[106.6, 26.5], [106.7, 26.5]]}, {"highway": "track"}),
        ({"type": "LineString", "coordinates": [[106.6, 26.5], [106.7, 26.5]]}, {"highway": "footway", "source": "s"}),
        ({"type": "LineString", "coordinates": [["x", 26.5], [106.7, 26.5]]}, {"highway": "track", "source": "s"}),
    ],
)
def test_an_overlay_of_something_else_is_refused(tmp_path: Path, geometry: dict[str, object], properties: dict[str, object]) -> None:
    with pytest.raises(RefusedError, match=r"o\.geojson"):
        draw(tmp_path, PICTURE, WAYS, overlay=_geojson(tmp_path / "o.geojson", geometry, **properties))


def test_edges_know_the_smallest_region_around_their_middle(tmp_path: Path) -> None:
    def square(west: float, east: float) -> dict[str, object]:
        return {"type": "Polygon", "coordinates": [[[west, 26], [east, 26], [east, 27], [west, 27], [west, 26]]]}

    features = [
        {"type": "Feature", "properties": {"region_code": code}, "geometry": shape}
        for code, shape in (("52", square(106, 107)), ("5201", square(106, 106.6 + 13 * EAST)), ("99", None))
    ]
    (tmp_path / "r.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    network = draw(tmp_path, PICTURE, WAYS, regions=tmp_path / "r.geojson")
    codes = {letters(network, e): network.regions[network.region[e]] for e in range(network.edge_count)}
    assert codes == {"ab": "5201", "ba": "5201", "bd": "52", "db": "52", "bx": "5201", "xb": "5201"}
    with pytest.raises(RefusedError, match="region_code"):
        draw(tmp_path, PICTURE, WAYS, regions=_geojson(tmp_path / "q.geojson", square(1, 2)))


def test_findings_name_what_is_odd(tmp_path: Path) -> None:
    network = draw(tmp_path, PICTURE, WAYS.replace("bx highway=residential", "bx highway=residential oneway=yes\nab highway=primary"))
    report = check(network)
    assert report.sound and {one.what for one in report.findings} == {"one-way into a dead end", "drawn twice"}
    assert not (network.flags & EdgeFlag.CONNECTOR).any()
