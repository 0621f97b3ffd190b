"""What a gateway worker counts. Labels are small closed sets, never a plate or a terminal."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

BUCKETS_US = (500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000, 2_500_000, 10_000_000)
"""Upper bounds of `ingest_ack_seconds`, in µs."""

_EDGES = np.array(BUCKETS_US, np.int64)


class GatewayMetrics:
    """Counters of one worker; cheap to add to, made into Prometheus families by `exposition`."""

    def __init__(self) -> None:
        self.counters = np.zeros(8, np.int64)
        self.named: Counter[tuple[str, str]] = Counter()
        self.gauges: dict[tuple[str, str], float] = {}
        self._delays: list[int] = []
        self._buckets = np.zeros(len(BUCKETS_US) + 1, np.int64)
        self._delay_sum_us = 0
        self._segments = Counter[int]()
        self._turns = [0, 0]

    def count(self, name: str, label: str = "", by: int = 1) -> None:
        """Add to a counter; label is the value of its one label, "" when it has none."""
        self.named[name, label] += by

    def acknowledged(self, delay_us: int, replies: int = 1) -> None:
        """Replies left, this long after their frames arrived."""
        if replies > 1:
            self._buckets[int(np.searchsorted(_EDGES, delay_us))] += replies
            self._delay_sum_us += replies * delay_us
            return
        self._delays.append(delay_us)
        if len(self._delays) >= 1_024:
            self._fold()

    def turn_segments(self, count: int, tick: bool) -> None:
        """One turn decided this many segments."""
        self._segments[count.bit_length()] += 1
        self._turns[tick] += 1

    def _fold(self) -> None:
        taken, self._delays = self._delays, []
        if taken:
            delays = np.array(taken, np.int64)
            self._buckets += np.bincount(np.searchsorted(_EDGES, delays), minlength=len(self._buckets))
            self._delay_sum_us += int(delays.sum())

    def snapshot(self) -> dict[str, Any]:
        """Plain values, fit for a pipe between processes and for adding up over workers; may be called from another thread than the loop's."""
        self._fold()
        return {
            "counters": self.counters.tolist(),
            "named": [[name, label, value] for (name, label), value in list(self.named.items())],
            "gauges": [[name, label, value] for (name, label), value in list(self.gauges.items())],
            "delays": self._buckets.tolist(),
            "delay_sum_us": self._delay_sum_us,
            "segments": [[bits, n] for bits, n in list(self._segments.items())],
            "turns": list(self._turns),
        }
