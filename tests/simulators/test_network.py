"""The road network as arrays and as a file."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from domain.errors import RefusedError
from tracking.network import EdgeFlag, EdgeTable, RoadClass, RoadNetwork, from_edges, leg_lengths, load, save
from tracking.network.geodesy import WGS84_A_M, WGS84_E2


def _table(**changes: object) -> EdgeTable:
    """Two roads: 10 - 20 both ways over a bend, 20 - 30 one-way."""
    table = EdgeTable(
        tail=np.array([10, 20]),
        head=np.array([20, 30]),
        shape_start=np.array([0, 3, 5]),
        lon_deg=np.array([106.60, 106.61, 106.61, 106.61, 106.62]),
        lat_deg=np.array([26.50, 26.50, 26.51, 26.51, 26.51]),
        road_class=np.array([RoadClass.SECONDARY, RoadClass.MOTORWAY], np.uint8),
        oneway=np.array([False, True]),
        limit_kmh=np.array([60, 0], np.uint8),
        flags=np.array([0, EdgeFlag.LINK], np.uint16),
        name=np.array([0, -1], np.int32),
        names=("青岚路",),
        names_en=("Qinglan Road",),
    )
    return dataclasses.replace(table, **changes)  # type: ignore[arg-type]


def test_a_two_way_road_becomes_twins_with_opposite_shapes() -> None:
    network = from_edges(_table())
    assert network.edge_count == 3 and network.node_count == 3
    assert network.twin.tolist() == [1, 0, -1]
    assert network.node_id[network.tail].tolist() == [10, 20, 20]
    there, back = network.shape(0), network.shape(1)
    assert there[0].tolist() == back[0][::-1].tolist() and there[1].tolist() == back[1][::-1].tolist()
    assert network.length_m[0] == pytest.approx(network.length_m[1], abs=1e-9)
    assert network.along_m[network.shape_start[1:] - 1] == pytest.approx(network.length_m, abs=0.01)
    assert network.limit_bus_kmh.tolist() == [60, 60, 0]
    assert network.free_kmh.tolist() == [50, 50, 40]
    assert network.name_of(1, english=True) == "Qinglan Road" and network.name_of(2) == ""


def test_out_edges_list_every_edge_at_its_tail_once() -> None:
    network = from_edges(_table())
    seen = [edge for node in range(network.node_count) for edge in network.out_edges(node).tolist()]
    assert sorted(seen) == [0, 1, 2]
    assert all(network.tail[edge] == node for node in range(network.node_count) for edge in network.out_edges(node).tolist())


def test_edge_keys_do_not_hang_on_the_order_of_rows() -> None:
    one = from_edges(_table(way_id=np.array([7, 8])))
    two = from_edges(
        _table(
            way_id=np.array([8, 7]),
            tail=np.array([20, 10]),
            head=np.array([30, 20]),
            shape_start=np.array([0, 2, 5]),
            lon_deg=np.array([106.61, 106.62, 106.60, 106.61, 106.61]),
            lat_deg=np.array([26.51, 26.51, 26.50, 26.50, 26.51]),
            oneway=np.array([True, False]),
        )
    )
    assert len(set(one.edge_key.tolist())) == 3
    assert set(one.edge_key.tolist()) == set(two.edge_key.tolist())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("shape_start", np.array([0, 1, 5])),
        ("shape_start", np.array([0, 3, 4])),
        ("oneway", np.array([True])),
        ("name", np.array([0, 1], np.int32)),
        ("lat_deg", np.array([26.5, 26.5, np.nan, 26.5, 26.5])),
        ("lon_deg", np.array([106.6, 186.6, 106.6, 106.6, 106.6])),
    ],
)
def test_columns_that_do_not_fit_are_refused(field: str, value: np.ndarray) -> None:
    with pytest.raises(RefusedError):
        from_edges(_table(**{field: value}))


def test_a_saved_network_loads_equal_and_read_only(tmp_path: Path) -> None:
    network = from_edges(_table(), source="test", licence="CC0")
    save(network, tmp_path / "roads.npz")
    again = load(tmp_path / "roads.npz")
    for field in dataclasses.fields(RoadNetwork):
        ours, theirs = getattr(network, field.name), getattr(again, field.name)
        assert np.array_equal(ours, theirs) if isinstance(ours, np.ndarray) else ours == theirs, field.name
    with pytest.raises(ValueError, match="read-only"):
        again.tail[0] = 5


def test_a_damaged_or_foreign_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "roads.npz"
    save(from_edges(_table()), path)
    whole = path.read_bytes()
    content = bytearray(whole)
    at = whole.index((1_066_000_000).to_bytes(4, "little"))
    content[at] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(RefusedError):
        load(path)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(RefusedError):
        load(path)
    path.write_bytes(b"not a network")
    with pytest.raises(RefusedError):
        load(path)
    with pytest.raises(RefusedError):
        load(tmp_path / "absent.npz")


def test_lengths_are_those_of_the_ellipsoid() -> None:
    lat = np.linspace(26.5, 26.51, 200_001)
    meridian = WGS84_A_M * (1 - WGS84_E2) / (1 - WGS84_E2 * np.sin(np.radians(lat)) ** 2) ** 1.5
    exact = np.trapezoid(meridian, np.radians(lat))
    assert leg_lengths(np.array([106.6, 106.6]), np.array([26.5, 26.51]))[0] == pytest.approx(exact, rel=1e-8)
    prime = WGS84_A_M / np.sqrt(1 - WGS84_E2 * np.sin(np.radians(26.5)) ** 2) * np.cos(np.radians(26.5))
    assert leg_lengths(np.array([106.6, 106.601]), np.array([26.5, 26.5]))[0] == pytest.approx(np.radians(0.001) * prime, rel=1e-8)
    assert leg_lengths(np.array([106.6]), np.array([26.5])).size == 0
