"""Files of others: GraphHopper's GPX, the Newson-Krumm drive, Xi'an's CSV, and small ones by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from tracking import formats
from tracking.kernels.geodesy import leg_lengths

GPX_FIXES = {
    "issue-127": (2, False), "issue-13": (29, False), "issue-70": (17, True), "test1": (264, True), "tour-with-loop": (11, True),
    "tour2-with-loop": (12, True), "tour3-with-long-edge": (7, True), "tour4-with-uturn": (5, True),
}  # fmt: skip
"""File: fixes of its track, times usable."""


@pytest.mark.parametrize("name", GPX_FIXES)
def test_gpx_of_a_router_is_read(shared: Path, name: str) -> None:
    (one,) = formats.read(shared / "data" / "roads" / "graphhopper_gpx" / f"{name}.gpx")
    assert (len(one.track), one.track.timed) == GPX_FIXES[name]
    assert (np.diff(one.track.t_ms) >= 0).all() and np.isfinite(one.track.lon_deg).all()


def test_the_issue_13_track_has_its_length_and_no_usable_time(shared: Path) -> None:
    (one,) = formats.read(shared / "data" / "roads" / "graphhopper_gpx" / "issue-13.gpx")
    assert leg_lengths(one.track.lon_deg, one.track.lat_deg).sum() == pytest.approx(237.9, abs=1.0)
    assert not one.track.timed


def test_vehicles_of_one_csv_become_tracks(shared: Path) -> None:
    recordings = formats.read(shared / "data" / "roads" / "xian_trackit" / "example_gps.csv")
    assert [one.name for one in recordings][:2] == ["xa_car_1", "xa_car_2"] or len(recordings) == 12
    sizes = {one.name: len(one.track) for one in recordings}
    assert sizes["xa_car_1"] == 249 and sizes["xa_car_12"] == 1 and sum(sizes.values()) == 2_241
    first = next(one for one in recordings if one.name == "xa_car_1").track
    assert first.t_ms[0] == datetime(2022, 5, 12, 8, 14, tzinfo=UTC).timestamp() * 1000, "without a zone it is Asia/Shanghai"
    assert first.lon_deg[0] == pytest.approx(108.95795677232438, abs=1e-12)


def test_the_newson_krumm_drive_reads_as_tab_separated_csv(shared: Path, tmp_path: Path) -> None:
    lines = (shared / "data" / "roads" / "newson_krumm_gps" / "gps_data.txt").read_text("utf-8").splitlines()
    fixes = [line.split("\t") for line in lines[1:] if line.strip()]
    rows = [
        f"{datetime.strptime(f'{cells[0]} {cells[1]} +0000', '%d-%b-%Y %H:%M:%S %z').isoformat()}\t{cells[2]}\t{cells[3]}"
        for cells in fixes
    ]
    (tmp_path / "drive.tsv").write_text("\n".join(["Time\tLatitude\tLongitude", *rows]), "utf-8")
    (one,) = formats.read(tmp_path / "drive.tsv")
    assert len(one.track) == 7531 and one.track.t_ms[0] == datetime(2009, 1, 17, 20, 27, 37, tzinfo=UTC).timestamp() * 1000
    assert leg_lengths(one.track.lon_deg, one.track.lat_deg).sum() == pytest.approx(80_620, abs=30)


def test_csv_knows_epoch_ms_chinese_headers_and_semicolons(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("时间;经度;纬度;speed_kmh;acc\n1767196810000;106.6;26.5;30.5;on\n1767196800;106.5;26.4;;0\n", "utf-8")
    (one,) = formats.read(tmp_path / "a.csv")
    assert one.track.t_ms.tolist() == [1767196800000, 1767196810000] and one.track.lon_deg.tolist() == [106.5, 106.6]
    assert np.isnan(one.track.speed_kmh[0]) and one.track.speed_kmh[1] == 30.5 and one.track.acc.tolist() == [0, 1]


def test_gpx_with_garmin_extensions_namespaces_and_waypoints(tmp_path: Path) -> None:
    text = """<?xml version="1.0"?>
<g:gpx xmlns:g="http://www.topografix.com/GPX/1/1" xmlns:x="http://www.garmin.com/xmlschemas/TrackPointExtension/v2" version="1.1">
 <g:wpt lat="1" lon="1"/>
 <g:trk><g:name>run</g:name><g:trkseg>
  <g:trkpt lat="26.5" lon="106.5"><g:ele>900</g:ele><g:time>2026-01-01T00:00:00Z</g:time><g:sat>9</g:sat>
   <g:extensions><x:TrackPointExtension><x:speed>10</x:speed><x:course>90</x:course></x:TrackPointExtension></g:extensions></g:trkpt>
 </g:trkseg><g:trkseg>
  <g:trkpt lat="26.6" lon="106.6"><g:time>2026-01-01T00:01:00.250</g:time></g:trkpt>
 </g:trkseg></g:trk></g:gpx>"""
    (tmp_path / "a.gpx").write_text(text, "utf-8")
    (one,) = formats.read(tmp_path / "a.gpx")
    assert one.name == "run" and np.diff(one.track.t_ms).tolist() == [60_250]
    assert (one.track.speed_kmh[0], one.track.heading_deg[0], one.track.satellites[0]) == (36.0, 90.0, 9.0)


def test_geojson_of_points_of_several_lines_and_of_a_bare_geometry(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    point = (
        '{"type":"Feature","geometry":{"type":"Point","coordinates":[%s,26.5]},"properties":{"time":"2026-01-01T00:00:0%sZ","speed_kmh":5}}'
    )
    two = f"{point % (106.6, 5)},{point % (106.5, 1)}"
    path.write_text('{"type":"FeatureCollection","features":[' + two + "]}", "utf-8")
    (one,) = formats.read(path)
    assert one.track.lon_deg.tolist() == [106.5, 106.6] and one.track.timed and one.track.speed_kmh.tolist() == [5, 5]
    lines = '{"type":"Feature","geometry":{"type":"MultiLineString","coordinates":[[[1,2],[3,4,900]],[[5,6]]]},"properties":{"coordTimes":[[1767196800000,1767196801000],[1767196802000]]}}'
    path.write_text(lines, "utf-8")
    (one,) = formats.read(path)
    assert one.track.lat_deg.tolist() == [2, 4, 6] and np.diff(one.track.t_ms).tolist() == [1000, 1000]
    path.write_text('{"type":"LineString","coordinates":[[1,2],[3,4]]}', "utf-8")
    assert not formats.read(path)[0].track.timed


def test_moving_points_in_parts_with_numbers_as_times(tmp_path: Path) -> None:
    part = '{"type":"MovingPoint","datetimes":[%s,%s],"coordinates":[[1,2],[3,4]]}'
    parts = '{"type":"Feature","temporalGeometry":{"type":"MovingGeometryCollection","prisms":[%s,%s]},"properties":{"name":"n"}}'
    (tmp_path / "a.mfjson").write_text(parts % (part % (1767196800000, 1767196801000), part % (1767196802000, 1767196803000)), "utf-8")
    (one,) = formats.read(tmp_path / "a.mfjson")
    assert one.name == "n" and len(one.track) == 4 and np.diff(one.track.t_ms).tolist() == [1000, 1000, 1000]
