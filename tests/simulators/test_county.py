"""The synthetic county: the same for the same seed, whole, and shaped like a county."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from simulators.county import County, CountySettings, build_county, places_geojson, regions_geojson
from tracking.network import RoadClass, RoadNetwork, leg_lengths, load, save


def _reached(network: RoadNetwork, start: int, *, backwards: bool) -> int:
    near: dict[int, list[int]] = {}
    for tail, head in zip(network.tail.tolist(), network.head.tolist(), strict=True):
        a, b = (head, tail) if backwards else (tail, head)
        near.setdefault(a, []).append(b)
    seen, todo = {start}, [start]
    while todo:
        for node in near.get(todo.pop(), []):
            if node not in seen:
                seen.add(node)
                todo.append(node)
    return len(seen)


def _area(ring: np.ndarray) -> float:
    x, y = ring[:, 0], ring[:, 1]
    return float(abs((x[:-1] * y[1:] - x[1:] * y[:-1]).sum()) / 2)


def test_the_same_seed_gives_the_same_county_and_another_seed_another(county: County) -> None:
    again = build_county(CountySettings(seed=1))
    assert again.network.version == county.network.version
    assert again.places == county.places
    assert build_county(CountySettings(seed=2)).network.version != county.network.version


@pytest.mark.parametrize(
    "settings",
    [
        CountySettings(seed=1),
        CountySettings(seed=3),
        CountySettings(seed=5, towns=2, villages=4, hamlets=3, width_km=24, height_km=22),
        CountySettings(seed=8, towns=9, villages=30, hamlets=20, width_km=80, height_km=60, cell_m=400),
    ],
)
def test_every_node_is_reached_from_every_other(settings: CountySettings) -> None:
    county = build_county(settings)
    network = county.network
    station = county.places_of("station")[0].node
    assert _reached(network, station, backwards=False) == network.node_count
    assert _reached(network, station, backwards=True) == network.node_count
    assert len(county.places_of("town")) == settings.towns
    assert len(county.places_of("village")) == settings.villages


def test_edges_are_roads_and_not_jumps(county: County) -> None:
    network = county.network
    legs = leg_lengths(network.lon_e7 / 1e7, network.lat_e7 / 1e7)
    inner = np.ones(legs.size, bool)
    inner[network.shape_start[1:-1] - 1] = False
    assert legs[inner].max() < 1_000
    assert legs[inner].min() > 0.05
    assert network.length_m.min() > 5
    ends = (network.shape_start[:-1], network.shape_start[1:] - 1)
    straight = np.array(
        [
            leg_lengths(network.lon_e7[[a, b]] / 1e7, network.lat_e7[[a, b]] / 1e7)[0]
            for a, b in zip(ends[0].tolist(), ends[1].tolist(), strict=True)
        ]
    )
    assert (network.length_m >= straight - 0.01).all()
    assert np.array_equal(network.lon_e7[ends[0]], network.node_lon_e7[network.tail])
    assert np.array_equal(network.lat_e7[ends[1]], network.node_lat_e7[network.head])


def test_there_is_a_hierarchy_of_roads_with_names_in_both_languages(county: County) -> None:
    network = county.network
    km = {RoadClass(c): network.length_m[network.road_class == c].sum() / 1000 for c in np.unique(network.road_class).tolist()}
    for road_class in (RoadClass.MOTORWAY, RoadClass.TRUNK, RoadClass.PRIMARY, RoadClass.SECONDARY, RoadClass.TERTIARY):
        assert km[road_class] > 20, road_class
    assert km[RoadClass.UNCLASSIFIED] > 10 and km[RoadClass.RESIDENTIAL] > 10
    motorway = network.road_class == RoadClass.MOTORWAY
    assert (network.twin[motorway] == -1).all()
    assert all(chinese and english.isascii() for chinese, english in zip(network.names, network.names_en, strict=True))
    assert {ref[0] for ref in network.refs} == {"G", "S", "X", "Y", "C"}
    assert (network.free_kmh <= network.limit_bus_kmh).all()


def test_mountain_roads_have_hairpins(county: County) -> None:
    network = county.network
    turns = 0
    for edge in np.flatnonzero(np.isin(network.road_class, (RoadClass.TERTIARY, RoadClass.UNCLASSIFIED))).tolist():
        x, y = county.plane.to_plane(*network.shape(edge))
        heading = np.unwrap(np.arctan2(np.diff(y), np.diff(x)))
        along = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])[:-1]
        for start in range(len(heading)):
            end = np.searchsorted(along, along[start] + 140, side="right") - 1
            turns += abs(heading[end] - heading[start]) > 2.4
    assert turns >= 10


def test_towns_tile_the_county_and_codes_form_a_tree(county: County) -> None:
    levels = Counter(region.level for region in county.regions)
    assert levels == {"province": 1, "prefecture": 1, "county": 1, "town": 6}
    codes = {region.region_code: region for region in county.regions}
    assert all(region.parent_code in codes for region in county.regions if region.level != "province")
    whole = next(region for region in county.regions if region.level == "county")
    towns = [region for region in county.regions if region.level == "town"]
    assert sum(_area(region.outline) for region in towns) == pytest.approx(_area(whole.outline), rel=1e-9)
    assert set(county.network.regions) == {region.region_code for region in towns}
    assert all(place.region_code in codes for place in county.places)


def test_geojson_has_every_place_and_region(county: County) -> None:
    assert len(places_geojson(county)["features"]) == len(county.places)
    regions = regions_geojson(county)["features"]
    assert [feature["geometry"] is None for feature in regions[:3]] == [True, True, False]
    ring = regions[2]["geometry"]["coordinates"][0]
    assert ring[0] == ring[-1]


def test_the_county_survives_its_file(county: County, tmp_path: Path) -> None:
    save(county.network, tmp_path / "county.npz")
    assert load(tmp_path / "county.npz").version == county.network.version
