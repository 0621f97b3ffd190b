"""The database away for a while under a reporting fleet: acknowledgements go on, afterwards everything is stored, once."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from ingest.log.committed import committed_path, read_committed
from ingest.log.reader import SpoolReader
from runtime.demo import Balance, figures
from simulators.truth import load
from tests.crash.harness import Installation

STEADY_S = 1.0
"""The pipeline has caught up when less than this much of the load waits in the log."""
_READER = "pipeline"
_ONLINE = 'ingest_links{state="authenticated"}'
_RECORD_BYTES = 100
"""About what a position takes in the log."""
_POLL_S = 0.1
_CATCH_UP_LIMIT_S = 300.0
_FLEET_SPAN_S = 900.0
"""The fleet's clock begins so far back that it stays behind the wall's; a run ends earlier by itself."""


@dataclass(frozen=True, slots=True)
class Load:
    """A fleet whose clock runs speed times as fast: vehicles * speed positions a second."""

    vehicles: int = 500
    speed: int = 10
    seed: int = 1

    @property
    def per_s(self) -> int:
        return self.vehicles * self.speed


@dataclass(frozen=True, slots=True)
class Phase:
    """Wall time of a part of the run, epoch seconds, and the gateway's acknowledgement times at its ends."""

    start_s: float
    end_s: float
    before: dict[str, float]
    after: dict[str, float]

    def record(self, acknowledged_ms: np.ndarray[Any, Any]) -> dict[str, Any]:
        """Acknowledged per second: mean, and the poorest whole second; ack_p99_ms: upper bound of the histogram's bucket."""
        moments = acknowledged_ms / 1e3
        seconds = np.arange(np.ceil(self.start_s), np.floor(self.end_s) + 1)
        each = np.histogram(moments, seconds)[0] if len(seconds) > 1 else np.zeros(0, np.int64)
        count = int(((moments >= self.start_s) & (moments < self.end_s)).sum())
        return {
            "seconds": round(self.end_s - self.start_s, 1),
            "acknowledged": count,
            "per_s": round(count / (self.end_s - self.start_s)),
            "poorest_second": int(each.min()) if len(each) else None,
            "ack_p99_ms": p99_ms(self.before, self.after),
        }


def p99_ms(before: dict[str, float], after: dict[str, float]) -> float | None:
    """Upper bound of the bucket that holds the 99th percentile of `ingest_ack_seconds` between two scrapes."""
    head = 'ingest_ack_seconds_bucket{le="'
    grown = {name[len(head) : -2]: after[name] - before.get(name, 0.0) for name in after if name.startswith(head)}
    if not grown.get("+Inf"):
        return None
    above = [float(bound) for bound, count in grown.items() if count >= 0.99 * grown["+Inf"]]
    return round(min(above) * 1e3, 3) if np.isfinite(min(above)) else None


@dataclass(slots=True)
class Outage:
    """What came of it. not_ready: what the pipeline's /readyz said, (status, text), oldest first, without repeats of the status."""

    load: Load
    phases: dict[str, dict[str, Any]] = field(default_factory=dict)
    not_ready: list[tuple[int, str]] = field(default_factory=list)
    same_processes: bool = False
    backlog_bytes: int = 0
    backlog_positions: int = 0
    caught_up_s: float | None = None
    balance: Balance = field(default_factory=lambda: Balance(0, 0, 0, 0, 0))

    @property
    def good(self) -> bool:
        """Acknowledged all along, stored everything, nothing twice."""
        told = self.balance
        return self.phases["during"]["acknowledged"] > 0 and told.missing == 0 and told.doubles == 0 and self.caught_up_s is not None

    def record(self) -> dict[str, Any]:
        """JSON values."""
        return {**asdict(self), "offered_per_s": self.load.per_s, "good": self.good}


class Watch:
    """Follows one installation: how far the pipeline is behind, what it says of itself."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self._reader = SpoolReader(installation.settings.log.path, "look", installation.settings.log)

    def durable(self) -> int:
        """Bytes of the log so far."""
        return self._reader.backlog({})

    def backlog(self) -> int:
        """Durable bytes of the log that the database does not hold yet."""
        return self._reader.backlog(read_committed(committed_path(self.installation.settings.log.path, _READER)))

    def pids(self) -> list[int]:
        """Processes of the parts."""
        return [self.installation.supervisor.pid(part.name) for part in self.installation.parts]

    def phase(self, seconds: float, meanwhile: Callable[[], None] = lambda: None) -> Phase:
        """Let time pass."""
        start, before = time.time(), self.metrics()
        while time.time() - start < seconds:
            meanwhile()
            time.sleep(_POLL_S)
        return Phase(start, time.time(), before, self.metrics())

    def metrics(self) -> dict[str, float]:
        """The gateway's counters."""
        return figures(self.installation.settings.gateway.metrics_listen)

    def close(self) -> None:
        self._reader.close()


def run(seconds: float, load_: Load, say: Callable[[str], None] = lambda _: None, around_s: float = 15.0) -> Outage:
    """One outage of `seconds`, with `around_s` of plain running before it and after its backlog is stored."""
    found = Outage(load_)
    with Installation() as installation:
        watch = Watch(installation)
        options = ("--interval", "1", "--speed", str(load_.speed), "--seconds", str(_FLEET_SPAN_S))
        with installation.fleet(load_.vehicles, load_.seed, *options):
            phases = _phases(watch, seconds, around_s, found, say)
        say("fleet ended, waiting for the rest")
        found.balance = installation.settled(120)
        acknowledged_ms = load(installation.truth).acks["t_ms"]
        found.phases = {name: phase.record(acknowledged_ms) for name, phase in phases.items()}
        watch.close()
    return found


def _phases(watch: Watch, seconds: float, around_s: float, found: Outage, say: Callable[[str], None]) -> dict[str, Phase]:
    installation = watch.installation
    _steady(watch, found.load)
    pids = watch.pids()
    say(f"{found.load.vehicles} terminals on line, {around_s:.0f} s before the outage")
    before = watch.phase(around_s)
    _note(found, installation.readiness("pipeline"))
    watched_from, bytes_before = time.monotonic(), watch.durable()
    installation.stop_database()
    say(f"database stopped for {seconds:.0f} s")
    during = watch.phase(seconds, lambda: _note(found, installation.readiness("pipeline")))
    bytes_a_second = (watch.durable() - bytes_before) / (time.monotonic() - watched_from)
    found.backlog_bytes = watch.backlog()
    found.backlog_positions = round(found.backlog_bytes / bytes_a_second * found.load.per_s) if bytes_a_second else 0
    say(f"database comes back, {found.backlog_bytes:,} bytes of the log wait")
    back = time.monotonic()
    start_s, scraped = time.time(), watch.metrics()
    installation.start_database()
    while time.monotonic() - back < _CATCH_UP_LIMIT_S and watch.backlog() > STEADY_S * bytes_a_second:
        time.sleep(_POLL_S)
    if watch.backlog() <= STEADY_S * bytes_a_second:
        found.caught_up_s = round(time.monotonic() - back, 1)
    say(f"caught up after {found.caught_up_s} s")
    catching_up = Phase(start_s, time.time(), scraped, watch.metrics())
    after = watch.phase(around_s)
    _note(found, installation.readiness("pipeline"))
    found.same_processes = watch.pids() == pids
    return {"before": before, "during": during, "catching_up": catching_up, "after": after}


def _steady(watch: Watch, load_: Load, limit_s: float = 180.0) -> None:
    """Every terminal is on line and the pipeline, which may have to compile first, is at most half a second behind."""
    deadline = time.monotonic() + limit_s
    while watch.metrics().get(_ONLINE, 0) < load_.vehicles or watch.backlog() > load_.per_s * _RECORD_BYTES / 2:
        assert time.monotonic() < deadline, "the fleet does not come on line, or the pipeline does not follow it"
        watch.installation.supervisor.watch()
        time.sleep(_POLL_S)


def _note(found: Outage, said: tuple[int, str]) -> None:
    if not found.not_ready or found.not_ready[-1][0] != said[0]:
        found.not_ready.append(said)
    elif said[0] != 200:
        found.not_ready[-1] = said
