"""The tables of `profiles/`, read once."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from tracking.network.model import RoadClass


@dataclass(frozen=True, slots=True)
class Profile:
    """Whose access it is. bit of `RoadNetwork.access`; keys in order; also: a key that closes it besides, or ""."""

    name: str
    bit: int
    keys: tuple[str, ...]
    also: str
    exempt: frozenset[str]


@lru_cache(maxsize=8)
def table(name: str) -> dict[str, Any]:
    """Content of `profiles/<name>.toml`."""
    return tomllib.loads(files("tracking.network").joinpath(f"profiles/{name}.toml").read_text("utf-8"))


@lru_cache(maxsize=1)
def profiles() -> tuple[Profile, ...]:
    """All profiles, by bit."""
    found = [
        Profile(name, entry["bit"], tuple(entry["keys"]), entry.get("also", ""), frozenset(entry["exempt"]))
        for name, entry in table("access").items()
        if name != "words"
    ]
    return tuple(sorted(found, key=lambda profile: profile.bit))


@lru_cache(maxsize=1)
def classes() -> dict[str, RoadClass]:
    """Road class of a highway's value without `_link`."""
    return {value: RoadClass[name.upper()] for value, name in table("roads")["highway"].items()}
