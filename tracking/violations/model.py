"""A rule: what it reads, what it remembers of a vehicle, what its thresholds are, and the pure function that judges."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from domain.plugins import Registry
from tracking.violations.parameters import Parameter

Array = NDArray[Any]
Limits = Array
"""(V, 2) records of a rule's limits: of the day judged, and of the day on which what is open began."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Fixes of V vehicles on one Asia/Shanghai day, by vehicle and rising time, one a time; n in all.

    start: (V + 1,) int64 rows of each vehicle; t_ms (n,) int64; place (n, 2) int32 lon, lat 1e-6 degree; speed_kmh (n,) float32, NaN
    not said; acc (n,) int8 1 on, 0 off, -1 unknown; alarm_bits (n,) int32; odometer_m
    (n,) float64, NaN not said; limit_kmh (n,) float32, NaN none, and where the match is
    unsure (doubtful, (n,) bool) the highest of the plausible edges; driver (n,) int32 of the card that is in, 0 none; day_ms: first instant
    of the day.
    """

    start: NDArray[np.int64]
    t_ms: NDArray[np.int64]
    place: NDArray[np.int32]
    speed_kmh: NDArray[np.float32]
    acc: NDArray[np.int8]
    alarm_bits: NDArray[np.int32]
    odometer_m: NDArray[np.float64]
    limit_kmh: NDArray[np.float32]
    doubtful: NDArray[np.bool_]
    driver: NDArray[np.int32]
    day_ms: int

    def __len__(self) -> int:
        return int(self.t_ms.size)

    @property
    def vehicles(self) -> int:
        return int(self.start.size - 1)


Judge = Callable[[Rows, Limits, Array, NDArray[np.int64]], Array]
"""(rows, limits, states, until_ms) -> `EDGE` rows; states are written to. Nothing older than until_ms (V,) will come."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the catalogue.

    rule_id: "FAT-4H"; version: raised when the same rows and thresholds give other episodes; state: record of one vehicle, whose field
    since_ms is when what is open began, 0 when nothing is; limits: record of thresholds that the kernel reads; pack: the numbers of a
    threshold row to such a record; parameters: of threshold rows; peak, amount: what these are and their unit; reads: "driven", qualified
    fixes without drift, or "said", every record; begun: field of the state that says when what would open now began.
    """

    rule_id: str
    version: int
    state: np.dtype[Any]
    limits: np.dtype[Any]
    parameters: Mapping[str, Parameter]
    pack: Callable[[Mapping[str, Any]], tuple[Any, ...]]
    peak: str
    amount: str
    judge: Judge
    reads: Literal["driven", "said"] = "driven"
    begun: str = "since_ms"

    def blank(self, count: int) -> Array:
        """(count,) states of vehicles that nothing is known of."""
        return np.zeros(count, self.state)


RULES: Registry[str, Rule] = Registry("rule", "tracking.violations")
"""Rules by their ids, one file each."""


DriverJudge = Callable[[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], Array, int], Array]
"""(start (D + 1,), begin_ms (n,), end_ms (n,), limits (D,), until_ms) -> `EDGE` rows: pieces of driving, disjoint and rising, by driver."""


@dataclass(frozen=True, slots=True)
class DriverRule:
    """A rule that follows a driver over vehicles; fields as of `Rule`. It remembers nothing: it reads the pieces of a window."""

    rule_id: str
    version: int
    limits: np.dtype[Any]
    parameters: Mapping[str, Parameter]
    pack: Callable[[Mapping[str, Any]], tuple[Any, ...]]
    peak: str
    amount: str
    judge: DriverJudge


DRIVER_RULES: Registry[str, DriverRule] = Registry("rule of drivers", "tracking.violations")
"""Rules that follow a driver over vehicles, by their ids."""


def definition(rule_id: str) -> Rule | DriverRule:
    """The rule of either kind; RefusedError for an unknown id."""
    return DRIVER_RULES.get(rule_id) or RULES[rule_id]


def rule_ids() -> list[str]:
    """All rules of both kinds."""
    return sorted([*RULES, *DRIVER_RULES])


def driver_rule(rule_id: str, **said: Any) -> Callable[[DriverJudge], DriverJudge]:
    """Decorator: file the function under the id, with what `DriverRule` says of it."""

    def add(judge: DriverJudge) -> DriverJudge:
        DRIVER_RULES.add(rule_id, DriverRule(rule_id=rule_id, judge=judge, **said))
        return judge

    return add


def rule(rule_id: str, **said: Any) -> Callable[[Judge], Judge]:
    """Decorator: file the function under the id, with what `Rule` says of it."""

    def add(judge: Judge) -> Judge:
        RULES.add(rule_id, Rule(rule_id=rule_id, judge=judge, **said))
        return judge

    return add
