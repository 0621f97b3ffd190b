"""Gateway counters as Prometheus families, added up over workers."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from ingest.gateway import turn
from ingest.gateway.metrics import BUCKETS_US

_LABEL = {
    "frames": "result", "anomalies": "code", "links_closed": "reason", "takeovers": "scope", "refused": "reason", "registrations": "result", "commands": "end",
    "rsa": "event",
}  # fmt: skip
_KERNEL = {
    ("frames", "accepted"): turn.ACCEPTED, ("frames", "heartbeat"): turn.HEARTBEATS, ("anomalies", "oversize_frame"): turn.OVERSIZE,
    ("anomalies", "short_frame"): turn.SHORT, ("refused", "log"): turn.REFUSED,
}  # fmt: skip

_OF_ALL = {"log_quota_ratio": max, "log_disk_bytes": max, "log_taking": min}
"""Gauges in which every worker already speaks of the whole gateway; the others are added up."""


class GatewayCollector:
    """Collects from the newest snapshots.

    Args:
        snapshots: the newest `GatewayMetrics.snapshot` of every worker.
    """

    def __init__(self, snapshots: Callable[[], list[dict[str, Any]]]) -> None:
        self._snapshots = snapshots

    def collect(self) -> Iterator[Metric]:
        """All families of the gateway."""
        taken = self._snapshots()
        yield from self._counters(taken)
        yield from self._gauges(taken)
        yield self._delays(taken)

    def _counters(self, taken: list[dict[str, Any]]) -> Iterator[Metric]:
        totals: Counter[tuple[str, str]] = Counter()
        fixes = junk = 0
        for snapshot in taken:
            for name, label, value in snapshot["named"]:
                totals[name, label] += value
            for key, place in _KERNEL.items():
                totals[key] += snapshot["counters"][place]
            fixes += snapshot["counters"][turn.FIXES]
            junk += snapshot["counters"][turn.JUNK_BYTES]
        by_name: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for (name, label), value in totals.items():
            by_name[name].append((label, value))
        for name, label_name in _LABEL.items():
            family = CounterMetricFamily(f"ingest_{name}", f"{name.replace('_', ' ')} of the gateway", labels=[label_name])
            for label, value in by_name.get(name, []):
                family.add_metric([label], value)
            yield family
        yield CounterMetricFamily("ingest_fixes", "position fixes acknowledged by the fast path", value=fixes)
        yield CounterMetricFamily("ingest_junk_bytes", "bytes that belong to no frame", value=junk)

    def _gauges(self, taken: list[dict[str, Any]]) -> Iterator[Metric]:
        values: dict[tuple[str, str], list[float]] = defaultdict(list)
        for snapshot in taken:
            for name, label, value in snapshot["gauges"]:
                values[name, label].append(value)
        families: dict[str, GaugeMetricFamily] = {}
        for (name, label), said in values.items():
            labels = ["state"] if label else []
            family = families.setdefault(name, GaugeMetricFamily(f"ingest_{name}", name.replace("_", " "), labels=labels))
            family.add_metric([label] if label else [], _OF_ALL.get(name, sum)(said))
        yield from families.values()

    def _delays(self, taken: list[dict[str, Any]]) -> Metric:
        counts = [sum(column) for column in zip(*(s["delays"] for s in taken), strict=True)] if taken else [0] * (len(BUCKETS_US) + 1)
        running, buckets = 0, []
        for edge, count in zip([*(str(us / 1e6) for us in BUCKETS_US), "+Inf"], counts, strict=True):
            running += count
            buckets.append((edge, running))
        family = HistogramMetricFamily("ingest_ack_seconds", "receipt of a frame to the write of its acknowledgement")
        family.add_metric([], buckets, sum(s["delay_sum_us"] for s in taken) / 1e6)
        return family
