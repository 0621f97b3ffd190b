"""The matcher on drawn roads: where drives of known ways end up, and what holds of every match."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from domain.track import Track
from tests.tracking.network.drawing import draw
from tests.tracking.small_roads import fixes, roads
from tracking.matching import Match, PieceKind, Reason, State, match
from tracking.network.model import RoadNetwork

Corners = list[tuple[float, float, float]]


def follows(network: RoadNetwork, before: object, after: object) -> bool:
    """True when a part of a path goes on where the one before ended."""
    e, f = int(before["edge"]), int(after["edge"])  # type: ignore[index]
    left, begun = float(before["to_m"]), float(after["from_m"])  # type: ignore[index]
    if e == f and abs(left - begun) < 1e-3:
        return True
    if network.twin[e] == f and abs(network.length_m[e] - left - begun) < 1e-3:
        return True
    joined = network.base_node[network.head[e]] == network.base_node[network.tail[f]]
    return bool(joined and abs(network.length_m[e] - left) < 1e-3 and begun < 1e-3)


def checked(found: Match, track: Track, network: RoadNetwork, *, connected: bool = True) -> Match:
    """The match, after what must hold of each: whole, finite, connected, never backwards."""
    n = len(track)
    for name in ("state", "edge", "along_m", "offset_m", "confidence", "limit_low_kmh", "limit_high_kmh", "piece", "path_m", "sigma_m"):
        assert getattr(found, name).shape == (n,), name
    assert np.isfinite(found.length_m) and (found.pieces["length_m"] >= 0.0).all()
    void = found.state == State.VOID
    assert (found.piece[void] == -1).all() and np.isnan(found.path_m[void]).all()
    assert (np.isnan(found.path_m) == (found.piece == -1)).all()
    kept = (found.state == State.ON_ROAD) | (found.state == State.OFF_ROAD)
    assert (found.piece[kept] >= 0).all()
    assert ((found.confidence >= 0.0) & (found.confidence <= 1.0)).all()
    on = found.state == State.ON_ROAD
    assert (found.edge[on] >= 0).all() and not np.isnan(found.along_m[on]).any() and not np.isnan(found.offset_m[on]).any()
    placed = found.edge >= 0
    assert (found.along_m[placed] >= -1e-6).all() and (found.along_m[placed] <= network.length_m[found.edge[placed]] + 1e-3).all()
    order = found.cleaned.order
    for number, piece in enumerate(found.pieces):
        assert piece["from_ms"] <= piece["to_ms"] and piece["path_start"] <= piece["path_end"]
        mine = order[found.piece[order] == number]
        assert (np.diff(found.path_m[mine]) >= -1e-9).all() and (found.path_m[mine] <= piece["length_m"] + 1e-3).all()
        parts = found.path[piece["path_start"] : piece["path_end"]]
        assert (parts["to_m"] >= parts["from_m"]).all() and (parts["from_m"] >= 0.0).all()
        assert (parts["to_m"] <= network.length_m[parts["edge"]] + 1e-3).all()
        assert not connected or all(follows(network, a, b) for a, b in itertools.pairwise(parts)), parts
        if piece["kind"] == PieceKind.ON_ROAD:
            assert not connected or (parts["to_m"] - parts["from_m"]).sum() == pytest.approx(piece["length_m"], abs=1e-3)
        else:
            assert parts.size == 0
    for a, b in itertools.pairwise(found.pieces):
        assert b["reason"] in (Reason.BREAK_TIME, Reason.BREAK_DISTANCE) or a["last_fix"] == b["first_fix"]
    return found


def drive(network: RoadNetwork, corners: Corners, **how: float) -> Match:
    track = fixes(corners, **how)  # type: ignore[arg-type]
    return checked(match(track, network), track, network)


def on_road_m(found: Match) -> float:
    return float(found.pieces["length_m"][found.pieces["kind"] == PieceKind.ON_ROAD].sum())


def driven(found: Match, network: RoadNetwork) -> list[str]:
    """Ends of the edges driven, as node numbers' letters A B C by place in the table; parts under 2 m left out."""
    names = []
    for part in found.path[found.path["to_m"] - found.path["from_m"] > 2.0]:
        edge = int(part["edge"])
        names.append("".join(chr(65 + int(network.node_id[network.base_node[n[edge]]])) for n in (network.tail, network.head)))
    return [name for name, _ in itertools.groupby(names)]


def test_a_straight_drive_is_as_long_as_it_was() -> None:
    network, _ = roads({"A": (0, 0), "B": (3000, 0), "C": (3000, 2000)}, ["AB", "BC"])
    found = drive(network, [(100, 0, 0), (3000, 0, 0), (3000, 1500, 0)], noise_m=3.0)
    assert len(found.pieces) == 1
    assert found.length_m == pytest.approx(4_400.0, rel=0.005)


@pytest.mark.parametrize("interval_s", [1.0, 5.0, 10.0, 30.0])
def test_parallel_roads_12_m_apart_are_told_apart_by_direction(interval_s: float) -> None:
    """A dual carriageway: two one-ways."""
    network, _ = roads({"A": (0, 0), "B": (4000, 0), "C": (4000, 12), "D": (0, 12)}, [">AB", ">CD"])
    track = fixes([(200, 0, 0), (3800, 0, 0)], speed_mps=20.0, interval_s=interval_s, noise_m=8.0)
    found = checked(match(track, network), track, network)
    assert driven(found, network) == ["AB"]
    assert found.length_m == pytest.approx(3_600.0, abs=60.0)


def test_a_drive_stays_on_one_of_two_parallel_roads() -> None:
    """Both two-way, joined at both ends: noise does not make it change sides."""
    network, _ = roads({"A": (0, 0), "B": (3000, 0), "C": (3000, 12), "D": (0, 12)}, ["AB", "BC", "CD", "DA"])
    for seed in (1, 2, 3):
        found = drive(network, [(100, 0, 0), (2900, 0, 0)], noise_m=4.0, seed=seed, interval_s=5.0)
        assert len(set(driven(found, network))) == 1
        assert found.length_m == pytest.approx(2_800.0, abs=30.0)


def test_a_turn_at_a_dead_end_is_driven_to_where_it_was_made() -> None:
    network, _ = roads({"A": (0, 0), "B": (1000, 0), "C": (1000, 800), "D": (2000, 0)}, ["AB", "BC", "BD"])
    found = drive(network, [(100, 0, 0), (1000, 0, 0), (1000, 800, 0), (1000, 0, 0), (1900, 0, 0)], noise_m=3.0, interval_s=5.0)
    assert driven(found, network) == ["AB", "BC", "CB", "BD"]
    assert found.length_m == pytest.approx(900 + 1600 + 900, abs=40.0)


def test_a_turn_on_the_road_is_one_turn() -> None:
    network, _ = roads({"A": (0, 0), "B": (3000, 0)}, ["AB"])
    found = drive(network, [(200, 0, 0), (1500, 0, 0), (200, 0, 0)], noise_m=3.0, interval_s=10.0)
    assert driven(found, network) == ["AB", "BA"]
    assert found.length_m == pytest.approx(2_600.0, abs=60.0)


def test_a_roundabout_is_driven_round() -> None:
    angle = np.arange(8) * np.pi / 4
    ring = {letter: (40 * np.cos(a), -40 * np.sin(a)) for letter, a in zip("ABCDEFGH", angle, strict=True)}
    places = ring | {"P": (600, 0), "Q": (-600, 0), "R": (0, -600)}
    network, _ = roads(places, [">ABCDEFGHA", "PA", "QE", "RC"])
    ring_way: Corners = [(*ring[letter], 0) for letter in "ABCDEFGH"]
    # clockwise on the drawing: from P past R's exit to Q, and from Q the other half
    found = drive(network, [(550, 0, 0), *ring_way[:5], (-550, 0, 0)], noise_m=2.0, interval_s=3.0)
    half = 4 * float(np.hypot(40 - 40 * np.cos(np.pi / 4), 40 * np.sin(np.pi / 4)))
    assert found.length_m == pytest.approx(2 * 510 + half, abs=15.0)
    found = drive(network, [(550, 0, 0), *ring_way, ring_way[0], (550, 0, 0)], noise_m=2.0, interval_s=3.0)
    assert found.length_m == pytest.approx(2 * 510 + 2 * half, abs=20.0)


def test_a_loop_is_driven_as_often_as_it_was() -> None:
    network, _ = roads({"A": (0, 0), "B": (800, 0), "C": (800, 600), "D": (0, 600), "E": (-500, 0)}, ["EA", "ABCDA"])
    block: Corners = [(800, 0, 0), (800, 600, 0), (0, 600, 0), (0, 0, 0)]
    found = drive(network, [(-400, 0, 0), (0, 0, 0), *block, *block, (-400, 0, 0)], noise_m=3.0, interval_s=10.0)
    assert found.length_m == pytest.approx(800 + 2 * 2800, rel=0.01)


def test_a_wrong_one_way_costs_no_detour() -> None:
    """The map says eastwards only; the vehicle goes west."""
    network, _ = roads({"A": (0, 0), "B": (1500, 0), "C": (1500, 900), "D": (0, 900), "E": (-800, 0), "F": (2300, 0)},
                       [">AB", "BC", "CD", "DA", "EA", "BF"])  # fmt: skip
    found = drive(network, [(2200, 0, 0), (-700, 0, 0)], noise_m=3.0)
    assert found.length_m == pytest.approx(2_900.0, rel=0.02)


def test_a_missing_road_breaks_no_chain() -> None:
    """Two towns, and between them 900 m that the map does not know; the way round is 10 km."""
    network, _ = roads({"A": (0, 0), "B": (1500, 0), "C": (2400, 0), "D": (4000, 0), "E": (1500, 5000), "F": (2400, 5000)},
                       ["AB", "CD", "BE", "EF", "FC"])  # fmt: skip
    found = drive(network, [(100, 0, 0), (3900, 0, 0)], noise_m=3.0)
    assert found.length_m == pytest.approx(3_800.0, rel=0.02)
    assert PieceKind.OFF_ROAD in found.pieces["kind"]
    assert not {"BE", "EF", "FC"} & set(driven(found, network))


def test_a_drive_off_the_road_is_off_the_road() -> None:
    """Into a quarry beside the road and out again."""
    network, _ = roads({"A": (0, 0), "B": (4000, 0)}, ["AB"])
    found = drive(network, [(100, 0, 0), (1500, 0, 0), (1500, 700, 0), (2000, 700, 0), (2000, 0, 0), (3900, 0, 0)], noise_m=3.0)
    assert found.pieces["kind"].tolist() == [PieceKind.ON_ROAD, PieceKind.OFF_ROAD, PieceKind.ON_ROAD]
    assert [int(r) for r in found.pieces["reason"][1:]] == [Reason.LEFT_ROAD, Reason.BACK_ON_ROAD]
    assert found.length_m == pytest.approx(1400 + 1900 + 1900, rel=0.03)


def test_one_fix_beside_the_road_is_left_out_and_adds_no_length() -> None:
    network, _ = roads({"A": (0, 0), "B": (3000, 0), "C": (1500, 75), "D": (1500, 2000)}, ["AB", "CD"])
    track = fixes([(100, 0, 0), (2900, 0, 0)], interval_s=10.0, noise_m=1.0)
    lat = track.lat_deg.copy()
    lat[14] += 70.0 / 110_793.7
    track = Track.plain(track.lon_deg, lat, track.t_ms / 1000)
    found = checked(match(track, network), track, network)
    assert found.length_m == pytest.approx(2_800.0, abs=20.0)
    assert driven(found, network) == ["AB"]


def test_standing_an_hour_is_no_way() -> None:
    network, _ = roads({"A": (0, 0), "B": (3000, 0)}, ["AB"])
    found = drive(network, [(500, 0, 3_600)], noise_m=5.0, interval_s=10.0)
    assert found.length_m < 50.0


def test_a_banned_turn_is_driven_when_it_was_driven(tmp_path: Path) -> None:
    network = draw(tmp_path, "a    b    c\n\n\n     d", "ab highway=secondary\nbc highway=secondary\nbd highway=secondary",
                   relations="1 via b 3 restriction=no_right_turn")  # fmt: skip
    corners: Corners = [(10, 0, 0), (250 * 0.9968, 0, 0), (250 * 0.9968, -290, 0)]
    found = drive(network, corners, noise_m=2.0, interval_s=3.0)
    assert found.length_m == pytest.approx(500.0, abs=15.0)  # the last fix lies after 51 s
    assert (found.pieces["kind"] == PieceKind.ON_ROAD).all()


def test_a_road_inside_a_ban_over_ways_is_driven(tmp_path: Path) -> None:
    """No turn back over the bridge bc: a, b, c and on to d stays a plain drive."""
    network = draw(tmp_path, "a    b    c    d\n\n\n     e    f", "ab highway=secondary\nbc highway=primary\ncd highway=secondary\n"
                   "cf highway=secondary\nbe highway=secondary", relations="1 via 2 4 restriction=no_u_turn")  # fmt: skip
    for interval_s in (3.0, 10.0, 20.0):
        found = drive(network, [(10, 0, 0), (700, 0, 0)], noise_m=2.0, interval_s=interval_s, speed_mps=8.0)
        assert found.pieces["kind"].tolist() == [PieceKind.ON_ROAD], interval_s
        true = float(fixes([(10, 0, 0), (700, 0, 0)], interval_s=interval_s, speed_mps=8.0).t_ms[-1] - 1_767_225_600_000) * 8e-3
        assert found.length_m == pytest.approx(true, abs=15.0)
        assert len(set(found.edge.tolist())) == 3


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_reversed_network_gives_the_mirrored_answer(seed: int) -> None:
    places = {
        "A": (0, 0),
        "B": (900, 0),
        "C": (900, 700),
        "D": (0, 700),
        "E": (-600, 0),
        "F": (1500, 700),
        "G": (900, -500),
        "H": (0, 1500),
    }
    ways = ["EA", "AB", "BC", "DC", "AD", "CF", "BG", "DH"]
    ahead, _ = roads(places, [f">{way}" for way in ways])
    back, _ = roads(places, [f">{way[::-1]}" for way in ways])
    track = fixes([(-550, 0, 0), (900, 0, 0), (900, 700, 0), (1450, 700, 0)], noise_m=4.0, interval_s=10.0, seed=seed)
    last = int(track.t_ms[-1])
    mirror = Track.plain(track.lon_deg[::-1], track.lat_deg[::-1], (2 * last - track.t_ms[::-1]) / 1000)
    one, two = checked(match(track, ahead), track, ahead), checked(match(mirror, back), mirror, back)
    assert [name[::-1] for name in driven(two, back)[::-1]] == driven(one, ahead) == ["EA", "AB", "BC", "CF"]
    assert two.length_m == pytest.approx(one.length_m, abs=2.0 * 4.0)


def test_reported_headings_tell_the_directions_of_a_road_apart() -> None:
    network, _ = roads({"A": (0, 0), "B": (3000, 0)}, ["AB"])
    track = fixes([(100, 0, 0), (2900, 0, 0)], noise_m=4.0)
    n = len(track)
    track = Track.plain(track.lon_deg, track.lat_deg, track.t_ms / 1000, speed_kmh=np.full(n, 36.0), heading_deg=np.full(n, 90.0))
    found = checked(match(track, network), track, network)
    assert driven(found, network) == ["AB"] and (found.confidence[found.state == State.ON_ROAD] > 0.9).all()


def test_thinned_fixes_lie_on_the_way_in_order() -> None:
    network, _ = roads({"A": (0, 0), "B": (1000, 0), "C": (1000, 1000)}, ["AB", "BC"])
    track = fixes([(50, 0, 0), (1000, 0, 0), (1000, 900, 0)], interval_s=1.0, noise_m=6.0)
    found = checked(match(track, network), track, network)
    assert (found.state == State.THINNED).sum() > 50
    assert found.length_m == pytest.approx(1_850.0, rel=0.02)


def test_fixes_thinned_behind_one_that_was_left_out_are_placed_or_void() -> None:
    network, _ = roads({"A": (0, 0), "B": (3000, 0)}, ["AB"])
    seen = 0
    for seed in range(12):
        track = fixes([(100, 0, 0), (2900, 0, 0)], interval_s=1.0, noise_m=1.0, seed=seed)
        lat = track.lat_deg.copy()
        lat[100:104] += 55.0 / 110_793.7
        track = Track.plain(track.lon_deg, lat, track.t_ms / 1000)
        found = checked(match(track, network), track, network)
        seen += int((found.state[96:110] == State.VOID).any())
        assert not np.isnan(found.path_m[found.state != State.VOID]).any()
