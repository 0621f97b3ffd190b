"""Counters of the pipeline and of retention, in a registry that the process owns."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_ROWS = (1, 10, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 50_000)


class PipelineMetrics:
    """What one pipeline process counts; labels are small closed sets.

    Args:
        registry: where the metrics are registered; one object a registry.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self.rows = Counter("pipeline_rows", "Fixes by outcome", ["outcome"], registry=registry)
        self.quarantined = Counter("pipeline_quarantined", "Frames and items set aside, by reason", ["reason"], registry=registry)
        self.quarantine_capped = Counter("pipeline_quarantine_capped", "Set aside, beyond the cap: counted only", registry=registry)
        self.batch_rows = Histogram("pipeline_batch_rows", "Fixes of a batch", buckets=_ROWS, registry=registry)
        self.batch_seconds = Histogram("pipeline_batch_seconds", "Wall time of a step", ["step"], buckets=_SECONDS, registry=registry)
        self.lag_seconds = Gauge("pipeline_lag_seconds", "Age of the newest record of the last batch at its commit", registry=registry)
        self.lag_bytes = Gauge("pipeline_lag_bytes", "Durable bytes of the log not yet in the database", registry=registry)
        self.damaged_logs = Gauge("pipeline_damaged_logs", "Logs that stand still at a damaged record", registry=registry)
        self.retries = Counter("pipeline_retries", "Batches tried again", ["class"], registry=registry)
        self.dirty_days = Gauge("pipeline_dirty_days", "Vehicle-days waiting for recomputation", registry=registry)
        self.match_rows = Counter("pipeline_match_rows", "Fixes by what live matching made of them", ["outcome"], registry=registry)
        self.match_reseeded = Counter("pipeline_match_reseeded", "Records of vehicles that began anew", ["reason"], registry=registry)
        self.match_saved = Counter("pipeline_match_saved", "Records saved", registry=registry)
        self.match_failures = Counter("pipeline_match_failures", "Batches stored without their match", registry=registry)
        self.match_vehicles = Gauge("pipeline_match_vehicles", "Records of vehicles in memory", registry=registry)
        self.match_networks = Gauge("pipeline_match_networks", "Networks by profile and state", ["state"], registry=registry)
        self.archive_days = Counter("archive_days", "Region-days written to the archive", registry=registry)
        self.archive_rows = Counter("archive_rows", "Rows written to the archive", registry=registry)
        for outcome in ("new", "duplicate", "conflict", "late", "quarantined", "corrected"):
            self.rows.labels(outcome)
        for outcome in ("matched", "unmatched", "again"):
            self.match_rows.labels(outcome)
        for reason in ("damaged", "foreign", "unmatched", "network"):
            self.match_reseeded.labels(reason)
        for kind in ("connection", "resource", "lock", "data", "cut"):
            self.retries.labels(kind)
