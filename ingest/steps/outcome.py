"""What became of the fixes of a batch, in the metrics."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.steps.batch import Batch, Context


@dataclass(frozen=True, slots=True)
class Outcome:
    """Fixes by outcome: new and late are stored, duplicate and conflict met a stored key, corrected replaced one."""

    new: int = 0
    late: int = 0
    duplicate: int = 0
    conflict: int = 0
    corrected: int = 0


def count(batch: Batch, context: Context, outcome: Outcome, capped: int) -> None:
    """Add a committed batch to the metrics.

    Args:
        capped: quarantine rows left out by the cap.
    """
    metrics = context.metrics
    for name, rows in (
        ("new", outcome.new),
        ("late", outcome.late),
        ("duplicate", outcome.duplicate + batch.doubles - batch.double_conflicts),
        ("conflict", outcome.conflict + batch.double_conflicts),
        ("corrected", outcome.corrected),
        ("quarantined", len(batch.rejected)),
    ):
        metrics.rows.labels(name).inc(rows)
    for rejected in batch.rejected:
        metrics.quarantined.labels(rejected.reason).inc()
    metrics.quarantine_capped.inc(capped)
    _count_matched(batch, context)
    metrics.batch_rows.observe(len(batch.positions))
    if not batch.empty:
        metrics.lag_seconds.set(max(0.0, context.now_ms() / 1e3 - float(batch.log.received_us.max()) / 1e6))
    metrics.lag_bytes.set(context.reader.backlog(context.offsets))


def _count_matched(batch: Batch, context: Context) -> None:
    live, told, metrics = context.live, batch.matched, context.metrics
    if live is None:
        return
    fed = 0 if told is None else told.fed
    metrics.match_rows.labels("matched").inc(fed)
    metrics.match_rows.labels("unmatched").inc(int((~batch.late & ~batch.behind).sum()) - fed)
    if told is not None:
        live.stored()
        metrics.match_rows.labels("again").inc(told.again)
        metrics.match_saved.inc(sum(len(one) for one in told.saves))
        for reason, count_ in told.reseeded.items():
            metrics.match_reseeded.labels(reason).inc(count_)
    metrics.match_vehicles.set(live.vehicles)
    for state, networks in live.roads.states.items():
        metrics.match_networks.labels(state).set(networks)
