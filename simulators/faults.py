"""What goes wrong, by seed and rate: on the link, in the frames, in the fixes. The truth stays exact: a broken copy goes out
beside the true frame, or the true frame is repeated until it is acknowledged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntFlag
from random import Random

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class FaultRates:
    """How often.

    A minute and vehicle: lost_connection (the link drops, with an outage of up to outage_s), half_open (the terminal dials anew
    and leaves the old socket open), drift (episodes of wrong places), antenna_cut (episodes without a place). A frame: duplicate,
    out_of_order, wrong_xor, garbage, split, glued, bytewise. Share of the vehicles: clock_skew (clock up to 90 s behind).
    """

    lost_connection: float = 0.0
    half_open: float = 0.0
    drift: float = 0.0
    antenna_cut: float = 0.0
    duplicate: float = 0.0
    out_of_order: float = 0.0
    wrong_xor: float = 0.0
    garbage: float = 0.0
    split: float = 0.0
    glued: float = 0.0
    bytewise: float = 0.0
    clock_skew: float = 0.0
    outage_s: float = 25.0


NO_FAULTS = FaultRates()
DEFAULT_FAULTS = FaultRates(
    lost_connection=0.05, half_open=0.03, drift=0.02, antenna_cut=0.01, duplicate=0.01, out_of_order=0.01, wrong_xor=0.005,
    garbage=0.005, split=0.01, glued=0.01, bytewise=0.002, clock_skew=0.05,
)  # fmt: skip
HEAVY_FAULTS = FaultRates(
    lost_connection=0.6, half_open=0.4, drift=0.1, antenna_cut=0.1, duplicate=0.05, out_of_order=0.05, wrong_xor=0.03,
    garbage=0.03, split=0.05, glued=0.05, bytewise=0.01, clock_skew=0.2, outage_s=12.0,
)  # fmt: skip
FAULT_SETS = {"none": NO_FAULTS, "default": DEFAULT_FAULTS, "heavy": HEAVY_FAULTS}
"""Named sets for the command line."""

Piece = tuple[float, bytes]
"""(seconds to wait before it, bytes to write)."""

_FRAME_FAULTS = ("duplicate", "out_of_order", "wrong_xor", "garbage", "split", "glued", "bytewise")


class FrameFaults:
    """Spoils the frames of one terminal.

    Args:
        rates: how often.
        random: own generator, so that one terminal's faults do not hang on another's.
        counts: how often each happened.
    """

    def __init__(self, rates: FaultRates, random: Random, counts: Counter[str]) -> None:
        self._steps = [(name, getattr(rates, name)) for name in _FRAME_FAULTS if getattr(rates, name) > 0]
        self._random = random
        self._counts = counts
        self._held: list[bytes] = []
        self._glue = b""

    @property
    def active(self) -> bool:
        """True when any fault of frames may strike."""
        return bool(self._steps)

    def pieces(self, frames: list[bytes]) -> Iterator[Piece]:
        """What to write for frames, in order. A frame that is held back comes with a later one, or with `flush`."""
        for frame in frames:
            held, self._held = self._held, []
            fault = self._draw()
            if fault == "out_of_order":
                self._held = [frame, *held]
                continue
            if fault == "glued":
                self._glue += frame
            else:
                yield from self._spoil(fault, frame)
            for late in held:
                yield 0.0, self._joined(late)

    def flush(self) -> bytes:
        """Everything held back."""
        out = self._glue + b"".join(self._held)
        self._glue, self._held = b"", []
        return out

    def forget(self) -> None:
        """The link is gone, and what was held back with it; the terminal repeats it."""
        self._glue, self._held = b"", []

    def _draw(self) -> str:
        if not self._steps:
            return ""
        at = self._random.random()
        for name, rate in self._steps:
            if at < rate:
                self._counts[name] += 1
                return name
            at -= rate
        return ""

    def _joined(self, frame: bytes) -> bytes:
        glue, self._glue = self._glue, b""
        return glue + frame

    def _spoil(self, fault: str, frame: bytes) -> Iterator[Piece]:
        random = self._random
        whole = self._joined(frame)
        if fault == "duplicate":
            yield 0.0, whole + frame
        elif fault == "wrong_xor":
            yield 0.0, whole[: len(whole) - len(frame)] + broken_copy(frame, random) + frame
        elif fault == "garbage":
            yield 0.0, random.randbytes(random.randint(1, 48)) + whole
        elif fault == "split":
            cut = random.randint(1, len(whole) - 1)
            yield 0.0, whole[:cut]
            yield random.uniform(0.01, 0.4), whole[cut:]
        elif fault == "bytewise":
            for at in range(len(whole)):
                yield 0.002, whole[at : at + 1]
        else:
            yield 0.0, whole


def broken_copy(frame: bytes, random: Random) -> bytes:
    """The frame with one byte between its delimiters changed so that its XOR no longer fits and no delimiter comes or goes."""
    at = random.randint(1, len(frame) - 2)
    while frame[at] in (0x7D, 0x7E) or frame[at - 1] == 0x7D:
        at = at - 1 if at > 1 else len(frame) - 2
    other = next(value for value in (frame[at] ^ 0x15, frame[at] ^ 0x2A) if value not in (0x7D, 0x7E))
    return frame[:at] + bytes((other,)) + frame[at + 1 :]


class FixFault(IntFlag):
    """What is wrong with a fix as sent."""

    DRIFT = 1
    ANTENNA_CUT = 2
    CLOCK_SKEW = 4


_SLOT_S = 120
"""Episodes live inside slots of this length, at most one of a sort in each."""
_DRIFT, _CUT, _SKEW = 1, 2, 3


class FixFaults:
    """Wrong places and clocks of a whole fleet: a function of seed, vehicle and time, so a second run has the same.

    Args:
        rates: how often.
        seed: of the run.
    """

    def __init__(self, rates: FaultRates, seed: int) -> None:
        self._rates = rates
        self._seed = seed

    def skew_s(self, vehicles: NDArray[np.int64]) -> NDArray[np.int64]:
        """(n,) seconds that each vehicle's clock is behind, 0 for most."""
        draw = self._uniform(vehicles, np.zeros_like(vehicles), _SKEW)
        share = max(self._rates.clock_skew, 1e-12)
        return np.where(draw < self._rates.clock_skew, 3 + (draw / share * 87).astype(np.int64), 0)

    def drifting(
        self, vehicles: NDArray[np.int64], t_s: NDArray[np.int64]
    ) -> tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.float64]]:
        """((n,) in an episode, metres east, metres north) at (n,) epoch seconds."""
        on = self._episode(vehicles, t_s, self._rates.drift, _DRIFT)
        slot = t_s // _SLOT_S
        angle = 2 * np.pi * self._uniform(vehicles, slot, _DRIFT + 16)
        reach = 80.0 + 520.0 * self._uniform(vehicles, slot, _DRIFT + 32) + 25.0 * np.sin(t_s * 0.7)
        return on, np.where(on, reach * np.cos(angle), 0.0), np.where(on, reach * np.sin(angle), 0.0)

    def without_antenna(self, vehicles: NDArray[np.int64], t_s: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(n,) True while the antenna is cut."""
        return self._episode(vehicles, t_s, self._rates.antenna_cut, _CUT)

    def antenna_lost_s(self, t_s: NDArray[np.int64]) -> NDArray[np.int64]:
        """Second just before the episode that holds each second: there the last place was seen."""
        return t_s // _SLOT_S * _SLOT_S + _QUIET_S - 1

    def _episode(self, vehicles: NDArray[np.int64], t_s: NDArray[np.int64], per_minute: float, sort: int) -> NDArray[np.bool_]:
        if per_minute <= 0:
            return np.zeros(np.shape(t_s), bool)
        slot, second = np.divmod(t_s, _SLOT_S)
        struck = self._uniform(vehicles, slot, sort) < per_minute * _SLOT_S / 60
        length = 15 + 80 * self._uniform(vehicles, slot, sort + 64)
        return struck & (second >= _QUIET_S) & (second < _QUIET_S + length)

    def _uniform(self, vehicles: NDArray[np.int64], slot: NDArray[np.int64], sort: int) -> NDArray[np.float64]:
        """(n,) in [0, 1) by splitmix64 of everything given."""
        mixed = (vehicles.astype(np.uint64) << np.uint64(34)) ^ (slot.astype(np.uint64) << np.uint64(8)) ^ np.uint64(sort)
        mixed = mixed + np.uint64((self._seed * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019) % 2**64)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
        mixed ^= mixed >> np.uint64(31)
        return (mixed >> np.uint64(11)).astype(np.float64) / 2.0**53


_QUIET_S = 10
"""No episode in the first seconds of a slot, so that two never touch."""
