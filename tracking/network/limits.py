"""Speed limits of buses and trucks: signs mapped in OSM, and what the law says where none is."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from tracking.network.model import LimitOrigin, RoadClass
from tracking.network.rules import table

Tags = Mapping[str, str]

_SPEED = re.compile(r"(\d+(?:\.\d+)?)\s*(mph|km/h|kmh|kph)?")
_ZONE = re.compile(r"[A-Za-z]{2}[:_](urban|rural|motorway)")
_TOWN_KEYS = ("zone:traffic", "maxspeed:type", "source:maxspeed")


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit, km/h, 0 none, and where it comes from."""

    kmh: int = 0
    origin: LimitOrigin = LimitOrigin.NONE


@dataclass(frozen=True, slots=True)
class Lay:
    """What the law's defaults hang on. lanes: each way."""

    road_class: RoadClass
    lanes: int
    no_centre_line: bool


def limits(tags: Tags, direction: str, lay: Lay, town: bool, tally: Counter[str]) -> tuple[Limit, Limit]:
    """(of buses, of trucks) in one direction ("forward" or "backward"), in a town or not; odd values are counted."""
    if lay.road_class == RoadClass.FERRY:
        return Limit(), Limit()
    whole = _posted(tags, ("maxspeed",), direction, lay, tally)
    found = []
    for side in ("bus", "truck"):
        own = _posted(tags, tuple(table("limits")["tags"][side]), direction, lay, tally)
        limit = own or (_capped(whole, lay) if whole else None)
        found.append(limit or Limit(default_kmh(lay, town), LimitOrigin.DEFAULT))
    return found[0], found[1]


def default_kmh(lay: Lay, town: bool) -> int:
    """Limit of buses and trucks where no sign says one, km/h."""
    rules = table("limits")
    if lay.road_class == RoadClass.FERRY:
        return 0
    if lay.road_class == RoadClass.MOTORWAY:
        return int(rules["motorway"]["most_kmh"])
    kind = "no_centre_line" if lay.no_centre_line else "multi_lane" if lay.lanes >= 2 else "one_lane"
    return int(rules[kind]["town_kmh" if town else "rural_kmh"])


def town_of(tags: Tags) -> bool | None:
    """Whether the way says it lies in a town; None when it says nothing."""
    for key in (*_TOWN_KEYS, "maxspeed"):
        zone = _ZONE.fullmatch(tags.get(key, "").strip())
        if zone or tags.get(key) in ("urban", "rural"):
            return tags[key].endswith("urban")
    return None


def parse_kmh(text: str) -> tuple[int | None, bool]:
    """(km/h, doubtful) of a `maxspeed` value; None when it is no number of speed, 0 for "none".

    Of a list the lowest counts, as doubtful.
    """
    rules = table("limits")["parse"]
    found = []
    for part in text.split(";"):
        word = part.strip().lower()
        if word in ("none", "walk"):
            found.append(0 if word == "none" else rules["walk_kmh"])
            continue
        speed = _SPEED.fullmatch(word)
        if speed is None:
            return None, False
        found.append(round(float(speed[1]) * (rules["kmh_per_mph"] if speed[2] == "mph" else 1)))
    return min((kmh for kmh in found if kmh), default=0), len(found) > 1


def _posted(tags: Tags, keys: tuple[str, ...], direction: str, lay: Lay, tally: Counter[str]) -> Limit | None:
    """The first of the keys that says a limit; None when none does."""
    rules = table("limits")["parse"]
    for key in keys:
        text = tags.get(f"{key}:{direction}", tags.get(key))
        if text is None:
            continue
        zone = _ZONE.fullmatch(text.strip())
        if zone:
            road_class = RoadClass.MOTORWAY if zone[1] == "motorway" else lay.road_class
            return Limit(default_kmh(Lay(road_class, lay.lanes, lay.no_centre_line), zone[1] == "urban"), LimitOrigin.IMPLIED)
        kmh, doubtful = parse_kmh(text)
        tally["limit doubtful: a list"] += doubtful
        if kmh is None:
            tally["limit not understood"] += 1
        elif kmh and not rules["least_kmh"] <= kmh <= rules["most_kmh"]:
            tally["limit out of range"] += 1
        elif kmh:
            return Limit(kmh, LimitOrigin.POSTED)
    return None


def _capped(limit: Limit, lay: Lay) -> Limit:
    """A sign for everybody, as far as it lets buses and trucks."""
    most = int(table("limits")["motorway"]["most_kmh"])
    if lay.road_class == RoadClass.MOTORWAY and limit.kmh > most:
        return Limit(most, LimitOrigin.DEFAULT)
    return limit
