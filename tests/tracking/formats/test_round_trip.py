"""What is written is read back, in every format."""

from __future__ import annotations

import dataclasses
import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import RefusedError
from domain.track import Track
from tests.tracking.formats.recordings import matched, same, tracks
from tracking import formats
from tracking.formats.recording import Recording

UNTIMED_TOO = ("csv", "gpx", "geojson")
ALL = (*UNTIMED_TOO, "mfjson")


def _again(ending: str, recordings: list[Recording]) -> tuple[Recording, ...]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"track.{ending}"
        formats.write(path, recordings)
        return formats.read(path)


@pytest.mark.parametrize("ending", UNTIMED_TOO)
@given(track=tracks())
@settings(max_examples=40, deadline=None)
def test_a_track_comes_back_as_it_was(ending: str, track: Track) -> None:
    (again,) = _again(ending, [Recording("a <b> & \"c\", 'd'", track)])
    same(again.track, track)
    assert again.name == "a <b> & \"c\", 'd'"


@given(track=tracks(timed=True))
@settings(max_examples=40, deadline=None)
def test_a_moving_feature_comes_back_as_it_was(track: Track) -> None:
    (again,) = _again("mfjson", [Recording("x", track)])
    same(again.track, track)


@pytest.mark.parametrize("ending", ALL)
@given(several=st.lists(tracks(timed=True), min_size=2, max_size=3))
@settings(max_examples=10, deadline=None)
def test_several_tracks_keep_their_order(ending: str, several: list[Track]) -> None:
    again = _again(ending, [Recording(f"t{row}", track) for row, track in enumerate(several)])
    assert [one.name for one in again] == [f"t{row}" for row in range(len(several))]
    for one, track in zip(again, several, strict=True):
        same(one.track, track)


@pytest.mark.parametrize("ending", ALL)
def test_a_matched_recording_reads_as_its_raw_fixes_with_licence_and_map(ending: str) -> None:
    one = matched()
    (again,) = _again(ending, [one])
    same(again.track, one.track)
    assert (again.name, again.licence, again.map_version, again.match_version) == (one.name, one.licence, "a1b2c3", "m1")


@pytest.mark.parametrize("ending", ALL)
def test_licence_and_map_version_stand_in_the_file(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"x.{ending}"
    formats.write(path, [matched()])
    text = path.read_text("utf-8")
    assert "ODbL 1.0" in text and "a1b2c3" in text


@pytest.mark.parametrize("ending", ALL)
def test_equal_times_stay_in_their_order(ending: str) -> None:
    track = Track.plain([1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0], [10.0, 20.0, 20.0, 30.0])
    same(_again(ending, [Recording("", track)])[0].track, track)


@pytest.mark.parametrize("ending", ALL)
@given(name=st.text(max_size=8))
@settings(max_examples=40, deadline=None)
def test_any_name_can_be_written(ending: str, name: str) -> None:
    (again,) = _again(ending, [Recording(name.encode("utf-8", "ignore").decode(), Track.plain([1, 2], [3, 4], [5, 6]))])
    assert len(again.track) == 2


def test_a_fix_without_position_stays_in_csv_and_is_counted_in_geojson(tmp_path: Path) -> None:
    track = Track.plain([1.0, np.nan, 3.0], [1.0, np.nan, 3.0], [10.0, 20.0, 30.0], located=[True, False, True], odometer_m=[0, 100, 200])
    (again,) = _again("csv", [Recording("", track)])
    assert again.track.located.tolist() == [True, False, True] and again.track.odometer_m.tolist() == [0, 100, 200]
    formats.write(tmp_path / "x.geojson", [Recording("", track)])
    raw = json.loads((tmp_path / "x.geojson").read_text("utf-8"))["features"][0]
    assert raw["properties"]["not_located"] == 1 and len(raw["geometry"]["coordinates"]) == 2
    for ending in ("gpx", "geojson", "mfjson"):
        assert len(_again(ending, [Recording("", track)])[0].track) == 2


def test_geojson_has_raw_matched_and_gaps_as_features_of_their_own(tmp_path: Path) -> None:
    formats.write(tmp_path / "x.geojson", [matched()])
    collection = json.loads((tmp_path / "x.geojson").read_text("utf-8"))
    roles = {one["properties"]["role"]: one for one in collection["features"]}
    assert list(roles) == ["raw", "matched", "gap", "off_road"]
    gap = roles["gap"]["properties"]
    assert (gap["source"], gap["length_m"], gap["low_m"], gap["high_m"]) == ("odometer", 901.0, 850.0, 960.0)
    assert gap["from"] == "2025-12-31T16:00:10.000Z" and gap["to"] == "2025-12-31T16:10:00.000Z"
    assert roles["off_road"]["properties"]["low_m"] is None
    assert all(one["geometry"]["type"] == "LineString" for one in collection["features"])


def test_moving_features_carry_speed_limit_and_confidence(tmp_path: Path) -> None:
    one = dataclasses.replace(matched(), track=dataclasses.replace(matched().track, speed_kmh=np.array([30, 31, np.nan, 5], np.float32)))
    formats.write(tmp_path / "x.mfjson", [one])
    raw, road = json.loads((tmp_path / "x.mfjson").read_text("utf-8"))["features"]
    assert raw["temporalGeometry"]["type"] == "MovingPoint" and raw["temporalGeometry"]["interpolation"] == "Linear"
    told = {name: group for group in road["temporalProperties"] for name in group if name != "datetimes"}
    assert told["limit"]["limit"] == {"type": "Measure", "form": "KMH", "values": [60.0, 60.0], "interpolation": "Step"}
    assert told["confidence"]["confidence"]["values"] == [0.99, 0.8, 0.7]
    assert told["speed"]["speed"]["values"] == [30.0, 31.0] and len(told["speed"]["datetimes"]) == 2


def test_a_moving_feature_without_times_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="has no times"):
        formats.write(tmp_path / "x.mfjson", [Recording("", Track.plain([1, 2], [1, 2]))])
    assert not list(tmp_path.iterdir())
