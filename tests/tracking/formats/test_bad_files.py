"""Files that are not what they should be are refused with file, place and remedy."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import RefusedError
from tracking import formats

GPX = '<gpx xmlns="http://www.topografix.com/GPX/1/1" version="1.1">{}</gpx>'
LINE = '{"type":"Feature","geometry":{"type":"LineString","coordinates":%s},"properties":%s}'

BAD = [
    ("a.csv", "", "empty"),
    ("a.csv", "time,x,y\n", "line 1: no column lon and lat"),
    ("a.csv", "time,lon,lat\n", "no fix below"),
    ("a.csv", "# note: x\ntime,lon,lat\n2026-01-01,106.5,26\n\n2026-01-01,ten,26\n", "line 5: lon 'ten' is no number"),
    ("a.csv", "time,lon,lat\nnoon,106.5,26\n", "line 2: time 'noon' is no time"),
    ("a.csv", "time,lon,lat\n2026-01-01,106.5,26\n2026-01-01,106.5\n", "line 3: 2 cells, the header has 3"),
    ("a.csv", "time,lon,lat\n2026-01-01,106.5,26\n,106.5,26\n", "line 3: a fix without time among"),
    ("a.csv", "lon,lat\n26.5,106.5\n", "line 2: longitude 26.5, latitude 106.5 is not on the globe; are longitude and latitude swapped"),
    ("a.csv", "lon,lat\n106.5,\n", "only one of lon and lat"),
    ("a.csv", "lon,lat,acc\n106.5,26,maybe\n", "acc 'maybe'"),
    ("a.gpx", "time,lon,lat", "line 1: not whole XML"),
    ("a.gpx", "<kml></kml>", "root is <kml>"),
    ("a.gpx", GPX.format(""), "without a track, route or waypoint"),
    ("a.gpx", GPX.format("<trk><trkseg>\n<trkpt lon='1'/></trkseg></trk>"), "line 2: <trkpt> without numbers lat and lon"),
    ("a.gpx", GPX.format("<trk><trkseg><trkpt lon='nan' lat='1'/></trkseg></trk>"), "is not a place"),
    ("a.gpx", GPX.format("<trk><trkseg><trkpt lon='1' lat='1'><time>soon</time></trkpt></trkseg></trk>"), "time 'soon'"),
    ("a.gpx", GPX.format("<trk><trkseg><trkpt lon='1' lat='1'>"), "not whole XML"),
    ("a.gpx", GPX.format("<trk><trkseg><trkpt lon='1' lat='1'><sat>x</sat></trkpt></trkseg></trk>"), "sat 'x' is no number"),
    ("a.geojson", "{", "line 1: no JSON"),
    ("a.geojson", "[1]", "an object was expected"),
    ("a.geojson", '{"type":"Topology"}', "no GeoJSON with features"),
    ("a.geojson", '{"type":"FeatureCollection","features":[3]}', "feature 1: no feature object"),
    ("a.geojson", '{"type":"FeatureCollection","features":[]}', "nothing to read"),
    ("a.geojson", LINE % ("[[1,2],[3]]", "{}"), "feature 1, position 2"),
    ("a.geojson", LINE % ('[[1,2],["3",4]]', "{}"), "longitude '3' is no number"),
    ("a.geojson", LINE % ("[[1,2],[3,4]]", '{"coordTimes":["2026-01-01"]}'), "coordTimes has 1 values for 2 positions"),
    ("a.geojson", LINE % ("[[1,2],[3,4]]", '{"coordTimes":["x","y"]}'), "time 'x'"),
    ("a.geojson", LINE % ("[[1,2],[3,4]]", '{"speed_kmh":[1,true]}'), "speed_kmh 'True' is no number"),
    ("a.geojson", "[" * 100_000, "nested too deep"),
    ("a.mfjson", LINE % ("[[1,2],[3,4]]", "{}"), "is it MF-JSON"),
    ("a.mfjson", '{"type":"Feature","temporalGeometry":{"type":"MovingPolygon"}}', "no MovingPoint"),
    ("a.mfjson", '{"type":"Feature","temporalGeometry":{"type":"MovingPoint","datetimes":[1],"coordinates":[]}}', "equal length"),
    ("a.shp", "", "no track format; use one of .csv"),
]


@pytest.mark.parametrize(("name", "text", "why"), BAD)
def test_a_bad_file_is_refused_with_its_place(tmp_path: Path, name: str, text: str, why: str) -> None:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    with pytest.raises(RefusedError) as refused:
        formats.read(path)
    assert why in str(refused.value) and str(path) in str(refused.value)


@pytest.mark.parametrize("ending", ["csv", "gpx", "geojson", "mfjson"])
def test_an_absent_file_and_foreign_bytes_are_refused(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    with pytest.raises(RefusedError, match="cannot be read"):
        formats.read(path)
    path.write_bytes(bytes(range(256)))
    with pytest.raises(RefusedError):
        formats.read(path)


def test_entities_of_gpx_are_never_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("106.5", "utf-8")
    outside = f'<!DOCTYPE gpx [<!ENTITY x SYSTEM "file://{secret}">]>'
    laughs = '<!DOCTYPE gpx [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    remote = '<!DOCTYPE gpx SYSTEM "http://localhost:1/gpx.dtd">'
    for declaration in (outside, laughs, remote):
        path = tmp_path / "a.gpx"
        path.write_text(declaration + GPX.format("<trk><name>&x;</name><trkseg><trkpt lon='1' lat='1'/></trkseg></trk>"), "utf-8")
        with pytest.raises(RefusedError, match="line 1: a document type declaration"):
            formats.read(path)


@pytest.mark.parametrize("ending", ["csv", "gpx", "geojson", "mfjson"])
@given(content=st.binary(max_size=400) | st.text(max_size=200).map(str.encode))
@settings(max_examples=60, deadline=None)
def test_garbage_is_refused_or_read_and_never_anything_else(tmp_path_factory: pytest.TempPathFactory, ending: str, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / f"garbage.{ending}"
    path.write_bytes(content)
    try:
        formats.read(path)
    except RefusedError as refused:
        assert str(path) in str(refused)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-200, 200) | st.floats(-90, 90) | st.sampled_from(["2026-01-01", "x", "", "MovingPoint", "LineString"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["type", "features", "geometry", "coordinates", "properties", "coordTimes", "speed_kmh", "role", "name",
                         "temporalGeometry", "temporalProperties", "datetimes", "speed", "values", "prisms"]), inner, max_size=5),
    max_leaves=20,
)  # fmt: skip


@given(inner=JSON, geometry=JSON, moving=JSON, told=JSON)
@settings(max_examples=200, deadline=None)
def test_json_of_any_shape_is_refused_or_read(
    tmp_path_factory: pytest.TempPathFactory, inner: object, geometry: object, moving: object, told: object
) -> None:
    import json

    path = tmp_path_factory.getbasetemp() / "any.geojson"
    one = {"type": "Feature", "geometry": geometry, "properties": inner, "temporalGeometry": moving, "temporalProperties": told}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [one]}), "utf-8")
    moved = path.with_suffix(".mfjson")
    moved.write_bytes(path.read_bytes())
    for place in (path, moved):
        try:
            formats.read(place)
        except RefusedError as refused:
            assert str(place) in str(refused)


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    from tests.tracking.formats.recordings import matched

    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(RefusedError, match="cannot be written"):
        formats.write(tmp_path / "file" / "x.csv", [matched()])
    if os.geteuid() != 0:
        (tmp_path / "shut").mkdir(mode=0o500)
        with pytest.raises(RefusedError, match="cannot be written"):
            formats.write(tmp_path / "shut" / "x.csv", [matched()])
