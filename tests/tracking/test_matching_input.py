"""What a vehicle may send: nothing is refused, nothing is NaN; and equal input gives equal bytes."""

from __future__ import annotations

import numpy as np
import pytest

from domain.errors import RefusedError
from domain.track import Track
from tests.tracking.small_roads import START_S, degrees, fixes, roads
from tests.tracking.test_matching import checked
from tracking.matching import Match, Matcher, PieceKind, Reason, State, match, match_many
from tracking.network.model import RoadNetwork

_GARBAGE = 300
_COLUMNS = ("state", "edge", "along_m", "offset_m", "confidence", "limit_low_kmh", "limit_high_kmh", "piece", "path_m", "sigma_m")


@pytest.fixture(scope="module")
def town() -> RoadNetwork:
    """Blocks of 250 m with one-ways, a spur, and a road apart."""
    places = {chr(65 + 5 * row + column): (250.0 * column, 250.0 * row) for row in range(5) for column in range(5)}
    streets = ["ABCDE", "FGHIJ", ">ONMLK", "PQRST", ">UVWXY", "AFKPU", ">BGLQV", ">WRMHC", "DINSX", "EJOTY"]
    extra = {"a": (1500.0, 500.0), "b": (1700.0, 900.0), "c": (3000.0, 0.0), "d": (3500.0, 400.0)}
    return roads(places | extra, [*streets, "Oab", "cd"])[0]


def _bytes(found: Match) -> tuple[bytes, ...]:
    return (*(getattr(found, name).tobytes() for name in _COLUMNS), found.pieces.tobytes(), found.path.tobytes())


def _drives(count: int) -> list[Track]:
    """Drives along the streets with noise of 2 to 30 m at 1 to 60 s."""
    tracks = []
    for seed in range(count):
        random = np.random.default_rng(seed)
        corners, place = [], np.array([500.0, 500.0])
        for _ in range(8):
            corners.append((*place, float(random.choice([0, 0, 0, 90]))))
            step = np.zeros(2)
            step[random.integers(2)] = random.choice([-250.0, 250.0])
            place = np.clip(place + step, 0.0, 1_000.0)
        noise, interval = random.choice([2.0, 6.0, 30.0]), random.choice([1.0, 5.0, 10.0, 30.0, 60.0])
        tracks.append(fixes(corners, noise_m=float(noise), interval_s=float(interval), seed=seed))
    return tracks


def _nothing(found: Match) -> bool:
    return found.length_m == 0.0 and found.path.size == 0


def test_no_fix_is_no_way(town: RoadNetwork) -> None:
    track = Track.plain([], [], [])
    found = checked(match(track, town), track, town)
    assert found.pieces.size == 0 and _nothing(found)


@pytest.mark.parametrize("place", [(500.0, 3.0), (620.0, 130.0), (1e5, 1e5)])
@pytest.mark.parametrize("timed", [True, False])
def test_one_fix_has_length_0(town: RoadNetwork, place: tuple[float, float], timed: bool) -> None:
    lon, lat = degrees(*place)
    track = Track.plain([lon], [lat], [START_S] if timed else None)
    found = checked(match(track, town), track, town)
    assert found.length_m == 0.0 and len(found.pieces) == 1


def test_fixes_that_all_say_one_second_are_taken(town: RoadNetwork) -> None:
    track = fixes([(0, 0, 0), (1000, 0, 0)])
    found = match(Track.plain(track.lon_deg, track.lat_deg, np.full(len(track), START_S)), town)
    assert np.isfinite(found.length_m)


def test_a_track_without_times_is_matched_without_them(town: RoadNetwork) -> None:
    with_times = fixes([(0, 0, 0), (1000, 0, 0), (1000, 500, 0)], noise_m=3.0)
    track = Track.plain(with_times.lon_deg, with_times.lat_deg)
    found = checked(match(track, town), track, town)
    assert found.length_m == pytest.approx(1_500.0, rel=0.02) and len(found.pieces) == 1


def test_unknown_speeds_and_headings_change_nothing_but_their_terms(town: RoadNetwork) -> None:
    plain = fixes([(0, 0, 0), (1000, 0, 0), (1000, 1000, 0)], noise_m=3.0)
    n = len(plain)
    some = np.where(np.arange(n) % 3 == 0, 36.0, np.nan)
    track = Track.plain(
        plain.lon_deg, plain.lat_deg, plain.t_ms / 1000, speed_kmh=some, heading_deg=np.full(n, np.nan), satellites=some / 4
    )
    found = checked(match(track, town), track, town)
    assert found.length_m == pytest.approx(2_000.0, rel=0.02)


def test_places_that_are_no_numbers_are_void(town: RoadNetwork) -> None:
    plain = fixes([(0, 0, 0), (1000, 0, 0)], noise_m=3.0)
    lon, lat = plain.lon_deg.copy(), plain.lat_deg.copy()
    lon[[2, 5]], lat[3], lon[7], lat[7] = np.nan, np.nan, 0.0, 0.0
    track = Track.plain(lon, lat, plain.t_ms / 1000)
    found = checked(match(track, town), track, town)
    assert (found.state[[2, 3, 5, 7]] == State.VOID).all()
    assert found.length_m == pytest.approx(1_000.0, rel=0.03)


def test_a_track_of_nothing_but_void_fixes_has_no_pieces(town: RoadNetwork) -> None:
    track = Track.plain(np.full(9, np.nan), np.full(9, np.nan), START_S + np.arange(9.0))
    found = checked(match(track, town), track, town)
    assert found.pieces.size == 0 and (found.state == State.VOID).all()


def test_a_drive_far_outside_the_network_is_off_the_road(town: RoadNetwork) -> None:
    lon, lat = degrees(np.arange(20) * 100.0, np.zeros(20))
    track = Track.plain(lon + 2.0, lat + 1.0, START_S + np.arange(20) * 10.0)
    found = checked(match(track, town), track, town)
    assert found.pieces["kind"].tolist() == [PieceKind.OFF_ROAD] and (found.edge == -1).all()
    assert found.length_m == pytest.approx(1_885.0, rel=0.01)


def test_a_drive_beyond_the_last_road_leaves_it(town: RoadNetwork) -> None:
    track = fixes([(1000, 500, 0), (1500, 500, 0), (1700, 900, 0), (1800, 3000, 0)], noise_m=3.0)
    found = checked(match(track, town), track, town)
    assert found.pieces["kind"].tolist() == [PieceKind.ON_ROAD, PieceKind.OFF_ROAD]


def test_silence_and_a_leap_begin_new_pieces(town: RoadNetwork) -> None:
    one = fixes([(0, 0, 0), (1000, 0, 0)], noise_m=2.0)
    lon, lat, t = one.lon_deg, one.lat_deg, one.t_ms / 1000
    n = len(one) // 2
    track = Track.plain(np.r_[lon, lon[:n], lon + 1.0], np.r_[lat, lat[:n], lat], np.r_[t, t[:n] + 4_000.0, t + 5_000.0])
    found = checked(match(track, town), track, town)
    begun = [int(r) for r in found.pieces["reason"]]
    assert begun[0] == Reason.START and Reason.BREAK_TIME in begun and Reason.BREAK_DISTANCE in begun


def test_fixes_out_of_order_give_the_match_of_those_in_order(town: RoadNetwork) -> None:
    track = fixes([(0, 0, 0), (1000, 0, 0), (1000, 750, 0)], noise_m=3.0)
    shuffle = np.random.default_rng(3).permutation(len(track))
    found, wanted = match(track.rows(shuffle), town), match(track, town)
    checked(found, track.rows(shuffle), town)
    assert found.length_m == wanted.length_m
    assert found.edge.tolist() == wanted.edge[shuffle].tolist()


def _garbage(seed: int) -> Track:
    """Leaps, repeats, NaN, wrong times, wild speeds, around the town and around the world."""
    random = np.random.default_rng(seed)
    n = int(random.choice([1, 2, 3, 10, 40]))
    scale = float(random.choice([1.0, 30.0, 1_000.0, 1e5]))
    x, y = 500.0 + np.cumsum(random.normal(0, scale, n)), 500.0 + np.cumsum(random.normal(0, scale, n))
    lon, lat = degrees(x, y)
    wild = random.random(n)
    lon[wild < 0.05], lat[(wild > 0.05) & (wild < 0.1)] = np.nan, np.nan
    lon[(wild > 0.1) & (wild < 0.15)], lat[(wild > 0.15) & (wild < 0.18)] = 200.0, -91.0
    lon[wild > 0.97] = np.inf
    t = START_S + random.choice([0.0, 1.0, 10.0, 2_000.0, -50.0], n).cumsum() + random.normal(0, 3, n).round()
    t[random.random(n) < 0.1] = START_S
    column = {
        "speed_kmh": random.choice([np.nan, -5.0, 0.0, 36.0, 400.0, np.inf], n),
        "heading_deg": random.choice([np.nan, -90.0, 0.0, 123.0, 720.0], n),
        "satellites": random.choice([np.nan, 0.0, 5.0, 99.0], n),
        "odometer_m": random.choice([np.nan, -1.0, 0.0, 1e12], n),
        "acc": random.choice([-1, 0, 1], n),
        "located": random.random(n) < 0.9,
    }
    return Track.plain(lon, lat, None if seed % 7 == 0 else t, **column)


def garbage(town: RoadNetwork, seeds: range) -> None:
    for seed in seeds:
        track = _garbage(seed)
        try:
            checked(match(track, town), track, town, connected=False)
        except Exception as wrong:
            raise AssertionError(f"garbage track {seed}") from wrong


def test_garbage_is_never_refused_and_never_nan(town: RoadNetwork) -> None:
    garbage(town, range(_GARBAGE))


def test_paths_are_connected_and_as_long_as_their_pieces(town: RoadNetwork) -> None:
    for track in _drives(25):
        checked(match(track, town), track, town)


def test_many_tracks_are_matched_as_one_by_one(town: RoadNetwork) -> None:
    tracks = _drives(12)
    together = match_many(tracks, town)
    assert [_bytes(found) for found in together] == [_bytes(match(track, town)) for track in tracks]


def test_used_scratch_gives_the_bytes_of_fresh_scratch(town: RoadNetwork) -> None:
    used = Matcher(town)
    for track in _drives(25):
        checked(used.match(track), track, town, connected=False)
        found = used.match(track)
        assert _bytes(found) == _bytes(Matcher(town).match(track))


def test_other_profiles_and_an_unknown_one(town: RoadNetwork) -> None:
    track = _drives(1)[0]
    for profile in ("bus", "coach", "truck", "dangerous_goods"):
        checked(match(track, town, profile), track, town)
    with pytest.raises(RefusedError, match="profile"):
        match(track, town, "tram")
