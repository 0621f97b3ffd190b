"""Tables of tags: which ways are roads, who may drive there, in which direction, how fast."""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tracking.network.access import access_bits, barrier_bits
from tracking.network.model import ALL_PROFILES, EdgeFlag, LimitOrigin
from tracking.network.rules import profiles
from tracking.network.tags import Road, read_way

_TABLES = Path(__file__).resolve().parents[2] / "tables" / "network"


def _rows(name: str) -> list[Any]:
    rows = tomllib.loads((_TABLES / f"{name}.toml").read_text("utf-8"))["way"]
    return [pytest.param(row, id=f"{name}-{number}-{row['tags']}") for number, row in enumerate(rows)]


def _names(bits: int) -> list[str]:
    return [profile.name for profile in profiles() if bits & profile.bit]


def _road(tags: dict[str, str], highway: str) -> tuple[Road, Counter[str]]:
    tally: Counter[str] = Counter()
    road = read_way({"highway": highway, **tags}, tally)
    assert isinstance(road, Road), road
    return road, tally


def test_the_tables_have_sixty_rows_and_more() -> None:
    assert sum(len(_rows(name)) for name in ("kept", "access", "oneway", "limits")) >= 110


@pytest.mark.parametrize("row", _rows("kept"))
def test_which_ways_are_roads(row: dict[str, Any]) -> None:
    road = read_way(row["tags"], Counter())
    if "why" in row:
        assert road == row["why"]
        return
    assert isinstance(road, Road), road
    assert road.road_class.name.lower() == row["road"]
    assert EdgeFlag(road.flags) == sum((EdgeFlag[name] for name in row.get("flags", [])), EdgeFlag(0))
    assert _names(road.ahead.access) == row.get("access", _names(ALL_PROFILES))
    assert (road.back is None) == row.get("oneway", row["tags"].get("highway") == "motorway")


@pytest.mark.parametrize("row", _rows("access"))
def test_who_may_drive_there(row: dict[str, Any]) -> None:
    road, _ = _road(row["tags"], "secondary")
    assert _names(road.ahead.access) == row["ahead"]
    assert road.back is not None and _names(road.back.access) == row.get("back", row["ahead"])
    assert road.ahead.private == row.get("private", False)


@pytest.mark.parametrize("row", _rows("oneway"))
def test_in_which_direction(row: dict[str, Any]) -> None:
    road, tally = _road(row["tags"], "primary")
    assert road.against == row.get("against", False)
    assert (None if road.back is None else _names(road.back.access)) == row.get("back")
    assert _names(road.ahead.access) == _names(ALL_PROFILES)
    assert "counted" not in row or tally[row["counted"]] == 1


@pytest.mark.parametrize("row", _rows("limits"))
def test_how_fast(row: dict[str, Any]) -> None:
    tally: Counter[str] = Counter()
    road = read_way(row["tags"], tally)
    assert isinstance(road, Road)
    for name, limits in (("rural", road.ahead.rural), ("town", road.ahead.town)):
        assert [limit.kmh for limit in limits] == row[name], name
        assert limits[0].origin == LimitOrigin[row["origin"]]
        assert limits[1].origin == LimitOrigin[row.get("truck_origin", row["origin"])]
    if "back_rural" in row:
        assert road.back is not None and [limit.kmh for limit in road.back.rural] == row["back_rural"]
    assert road.town == row.get("in_town")
    assert "counted" not in row or tally[row["counted"]] == 1


def test_measures_of_vehicles_and_names_are_kept() -> None:
    road, _ = _road(
        {"maxweight": "7.5", "maxheight": "3.8 m", "maxlength": "default", "name": "青岚路", "name:en": "Qinglan Road"}, "tertiary"
    )
    assert (road.weight_t10, road.height_cm, road.length_cm) == (75, 380, 0)
    assert (road.name, road.name_en, road.ref) == ("青岚路", "Qinglan Road", "")
    assert [_ferry(text) for text in ("01:30", "00:10:30", "25", "soon")] == [5400, 630, 1500, 0]


def _ferry(duration: str) -> int:
    road = read_way({"route": "ferry", "duration": duration}, Counter())
    assert isinstance(road, Road)
    return road.duration_s


@pytest.mark.parametrize(
    ("tags", "passing"),
    [
        ({}, ["bus", "coach", "truck", "dangerous_goods"]),
        ({"barrier": "bollard"}, []),
        ({"barrier": "block"}, []),
        ({"barrier": "bollard", "bus": "yes"}, ["bus"]),
        ({"barrier": "bollard", "motor_vehicle": "yes"}, ["bus", "coach", "truck", "dangerous_goods"]),
        ({"barrier": "gate"}, ["bus", "coach", "truck", "dangerous_goods"]),
        ({"barrier": "gate", "motor_vehicle": "no"}, []),
        ({"barrier": "gate", "access": "private"}, ["bus", "coach", "truck", "dangerous_goods"]),
        ({"barrier": "lift_gate", "access": "no", "psv": "yes"}, ["bus"]),
        ({"barrier": "bus_trap", "motor_vehicle": "no", "bus": "yes"}, ["bus"]),
    ],
)
def test_who_passes_a_barrier(tags: dict[str, str], passing: list[str]) -> None:
    assert _names(barrier_bits(tags)) == passing


def test_a_node_has_no_direction() -> None:
    assert access_bits({"bus:forward": "no"})[0] == ALL_PROFILES
