"""One OSM way's tags to what its edges are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from tracking.network.access import access_bits
from tracking.network.limits import Lay, Limit, limits, town_of
from tracking.network.model import ALL_PROFILES, Access, EdgeFlag, RoadClass
from tracking.network.rules import classes, table

Tags = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Side:
    """One direction of a way. limits: (bus, truck) outside towns, then inside."""

    access: int
    private: bool
    lanes: int
    rural: tuple[Limit, Limit]
    town: tuple[Limit, Limit]


@dataclass(frozen=True, slots=True)
class Road:
    """What a way's edges are. against: the way's own order of nodes is against the drive of `ahead`.

    back is None for a one-way; town None when the way does not say; duration_s: a ferry's, 0 unknown.
    """

    road_class: RoadClass
    flags: int
    against: bool
    ahead: Side
    back: Side | None
    town: bool | None
    weight_t10: int
    height_cm: int
    length_cm: int
    duration_s: int
    name: str
    name_en: str
    ref: str


def read_way(tags: Tags, tally: Counter[str]) -> Road | str:
    """The road of a way, or why it is none. Values that are not understood are counted in the tally."""
    found = _class_of(tags)
    if isinstance(found, str):
        return found
    road_class, flags, default = found
    oneway, against = _direction(tags, tally)
    back_bits = _against_flow(tags) if oneway else 0
    no_centre = _no_centre_line(tags, road_class, oneway)
    sides: list[Side] = []
    for direction in ("backward", "forward") if against else ("forward", "backward"):
        lay = Lay(road_class, _lanes(tags, direction, oneway, road_class), no_centre)
        bits, private = access_bits(tags, direction, default)
        rural = limits(tags, direction, lay, False, tally if not sides else Counter())
        sides.append(Side(bits, private, lay.lanes, rural, limits(tags, direction, lay, True, Counter())))
    ahead, back = sides
    back_side: Side | None = back
    if oneway:
        back_side = Side(back_bits, False, 1, back.rural, back.town) if back_bits else None
    if road_class == RoadClass.FERRY and not ahead.access and not (back_side and back_side.access):
        return "ferry without vehicles"
    flags |= EdgeFlag.NO_CENTRE_LINE if no_centre else 0
    return Road(
        road_class, flags | _flags(tags), against, ahead, back_side, town_of(tags),
        _measure(tags.get("maxweight"), 10), _measure(tags.get("maxheight"), 100), _measure(tags.get("maxlength"), 100),
        _seconds(tags.get("duration", "")), tags.get("name", ""), tags.get("name:en", ""), tags.get("ref", ""),
    )  # fmt: skip


def _class_of(tags: Tags) -> tuple[RoadClass, int, int] | str:
    """(class, flags, access bits where no tag speaks), or why the way is dropped."""
    if tags.get("area") == "yes":
        return "area"
    rules = table("roads")
    highway = tags.get("highway")
    if highway is None:
        return (RoadClass.FERRY, EdgeFlag.FERRY, ALL_PROFILES) if tags.get("route") == "ferry" else "no road"
    choice = rules["choice"]
    plain = highway.removesuffix("_link")
    if highway in rules["dropped"]:
        return str(rules["dropped"][highway])
    if plain not in classes() or (plain != highway and plain not in choice["linked"]):
        return f"highway={highway}" if re.fullmatch("[a-z_]{1,24}", highway) else "highway of no known word"
    default = ALL_PROFILES
    if plain in choice["open_only_by_tag"]:
        if not any(tags.get(key) in choice["opening_words"] for key in choice["opening_keys"]):
            return f"{plain} without vehicles"
        default = 0
    if plain in choice["buses_only"]:
        default = int(Access.BUS)
    return classes()[plain], EdgeFlag.LINK if plain != highway else 0, default


def _direction(tags: Tags, tally: Counter[str]) -> tuple[bool, bool]:
    """(one-way, against the order of the way's nodes)."""
    rules = table("roads")["oneway"]
    word = tags.get("oneway")
    if word in rules["against"]:
        return True, True
    if word in rules["along"]:
        return True, False
    if word in rules["both"]:
        return False, False
    if word is not None:
        tally["oneway not understood"] += 1
    implied = tags.get("highway") in rules["implied_by_highway"] or tags.get("junction") in rules["implied_by_junction"]
    return implied, False


def _against_flow(tags: Tags) -> int:
    """Bits of the profiles that may drive against a one-way."""
    rules = table("roads")["oneway"]
    open_to_buses = any(tags.get(key) == "no" for key in rules["bus_both_ways"])
    lane = any(tags.get(key) == "opposite_lane" for key in rules["bus_lane_against"])
    return int(Access.BUS) if open_to_buses or lane else 0


def _lanes(tags: Tags, direction: str, oneway: bool, road_class: RoadClass) -> int:
    """Lanes of one direction, at least 1."""
    own, total = _whole(tags.get(f"lanes:{direction}")), _whole(tags.get("lanes"))
    if own is not None:
        return max(1, own)
    if total is None:
        return int(table("roads")["lanes"].get(road_class.name.lower(), 1))
    return max(1, total if oneway else total // 2)


def _no_centre_line(tags: Tags, road_class: RoadClass, oneway: bool) -> bool:
    """Whether no line parts the directions; False on one-ways, which have nothing to part, and on motorways and ferries."""
    if oneway or road_class in (RoadClass.MOTORWAY, RoadClass.FERRY):
        return False
    marks, lanes, width = tags.get("lane_markings"), _whole(tags.get("lanes")), _measure(tags.get("width"), 100)
    if marks == "no" or lanes == 1 or 0 < width < 100 * table("limits")["no_centre_line"]["least_width_m"]:
        return True
    return road_class.name.lower() in table("roads")["choice"]["unmarked"] and marks != "yes" and (lanes or 0) < 2


def _flags(tags: Tags) -> int:
    flags = 0
    for key, flag in (("tunnel", EdgeFlag.TUNNEL), ("bridge", EdgeFlag.BRIDGE), ("toll", EdgeFlag.TOLL)):
        if tags.get(key, "no") not in ("no", "0", "false"):
            flags |= flag
    if tags.get("junction") in table("roads")["oneway"]["implied_by_junction"]:
        flags |= EdgeFlag.ROUNDABOUT
    if tags.get("surface") in table("roads")["unpaved"]["surface"]:
        flags |= EdgeFlag.UNPAVED
    if any(key.endswith(":conditional") for key in tags):
        flags |= EdgeFlag.CONDITIONAL
    return flags


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch(r"\d{1,2}", text) else None


def _measure(text: str | None, scale: int) -> int:
    """A number with an optional unit t or m, times scale; 0 when absent, in another unit or out of range."""
    found = re.fullmatch(r"(\d{1,3}(?:\.\d+)?)\s*[tm]?", (text or "").strip())
    return min(round(float(found[1]) * scale), 65_535) if found else 0


def _seconds(text: str) -> int:
    """A ferry's `duration`, HH:MM, HH:MM:SS or minutes; 0 when it is not understood."""
    clock = re.fullmatch(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", text)
    if clock:
        return int(clock[1]) * 3600 + int(clock[2]) * 60 + int(clock[3] or 0)
    return int(text) * 60 if re.fullmatch(r"\d{1,4}", text) else 0
