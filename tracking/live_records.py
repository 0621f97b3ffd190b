"""Records of streaming map matching: new ones, as bytes, read back, and begun anew when they were written by another matcher."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracking.kernels.live_state import FORMAT, LAST, WAITING
from tracking.network.model import RoadNetwork

Array = NDArray[Any]
_NEVER_MS = np.iinfo(np.int64).min
_NOWHERE = np.iinfo(np.int32).min


@dataclass(frozen=True, slots=True, eq=False)
class Restored:
    """Records read back: states (n,); damaged: how many could not be read and are blank; reseeded: how many were written for
    another network or other parameters and begin anew from their last fix."""

    states: Array
    damaged: int
    reseeded: int


class Records:
    """What records of one layout, network and choice of parameters are; states are arrays of them, written to by a `LiveMatcher`."""

    def __init__(self, layout: np.dtype[Any], network: RoadNetwork, parameters: str, sigma_m: float) -> None:
        self.layout, self.network, self.sigma_m = layout, network, sigma_m
        self.identity = np.array([_number(network.version), _number(repr((FORMAT, parameters, layout.descr)))], np.uint64)
        """(2,) of the network, and of the parameters and layout."""

    def blank(self, count: int) -> Array:
        """(count,) records of vehicles that nothing is known of."""
        states = np.zeros(count, self.layout)
        states["format"], states["network"], states["parameters"] = FORMAT, *self.identity
        states["gnss2"] = self.sigma_m**2
        states["tip_score"], states["tip_alpha"], states["tip_node"], states["node_up"] = np.inf, -np.inf, -1, -1
        states["seen_ms"], states["same_lon"], states["same_lat"] = _NEVER_MS, _NOWHERE, _NOWHERE
        for name in ("valid_x", "valid_y", "still_odometer_m", "same_odometer_m"):
            states[name] = np.nan
        return states

    def saved(self, states: Array) -> list[bytes]:
        """Each record as bytes, with a checksum. Records that mean the same are the same bytes."""
        sealed = _plain(states)
        sealed["check"] = 0
        size = self.layout.itemsize
        whole = sealed.tobytes()
        sealed["check"] = [zlib.crc32(whole[at : at + size]) for at in range(0, len(whole), size)]
        whole = sealed.tobytes()
        return [whole[at : at + size] for at in range(0, len(whole), size)]

    def restored(self, saved: Sequence[bytes]) -> Restored:
        """Records from bytes. What cannot be read is blank, what was written for another network begins from its last fix."""
        states = self.blank(len(saved))
        damaged = 0
        for row, content in enumerate(saved):
            record = np.frombuffer(content, self.layout)[:1].copy() if len(content) == self.layout.itemsize else None
            if record is not None:
                check = int(record["check"][0])
                record["check"] = 0
            if record is None or zlib.crc32(record.tobytes()) != check or record["format"][0] != FORMAT:
                damaged += 1
                continue
            states[row] = record[0]
        return Restored(states, damaged, self.renew(states, np.arange(len(saved))) or 0)

    def renew(self, states: Array, slots: NDArray[np.int64]) -> int | None:
        """Begin the records anew that were not written by this matcher; how many of them held something, None when there are none."""
        foreign = (states["network"][slots] != self.identity[0]) | (states["parameters"][slots] != self.identity[1])
        foreign |= states["format"][slots] != FORMAT
        if not foreign.any():
            return None
        held = 0
        for slot in np.unique(slots[foreign]):
            old, new = states[slot].copy(), self.blank(1)
            if old["format"] == FORMAT:
                _carry(old, new[0], self.network)
            held += int(old["format"] != 0)
            states[slot] = new[0]
        return held


def _plain(states: Array) -> Array:
    """The same records, with zeros where a state off the road has no place: the kernels leave there what stood there."""
    plain = states.copy()
    for name, unused in (
        ("node_along", plain["node_edge"] < 0),
        ("tip_side", _off_road_tips(plain)),
        ("likely_along", plain["likely_edge"] < 0),
        ("likely_side", plain["likely_edge"] < 0),
    ):
        plain[name][unused] = 0.0
    return plain


def _off_road_tips(states: Array) -> NDArray[np.bool_]:
    """(n, 2, states) bool: tips that do not live, and the last of each column, which is off the road."""
    tips = states["tip_node"] < 0
    tips[:, :, -1] = True
    return tips


def _carry(old: Any, new: Any, network: RoadNetwork) -> None:
    """Keep of an old record what holds on any network: counts, metres, and the last fix, which the new way begins from."""
    for name in ("number", "committed_m", "seen_ms"):
        new[name] = old[name]
    if old["columns"] == 0 and not old["waits"]:
        return
    new["fix"][WAITING] = old["fix"][WAITING if old["waits"] else LAST]
    if not np.isfinite(new["fix"][WAITING][2:5]).all():
        return
    x, y = network.project(new["fix"][WAITING][2:3], new["fix"][WAITING][3:4])
    new["fix"][WAITING][0], new["fix"][WAITING][1] = x[0], y[0]
    new["valid_x"], new["valid_y"], new["valid_ms"], new["waits"] = x[0], y[0], round(new["fix"][WAITING][4] * 1000), 1


def _number(text: str) -> int:
    """64 bits that tell one text from another."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")
