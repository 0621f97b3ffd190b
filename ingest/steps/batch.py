"""What travels through the steps, and what they share between batches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import numpy as np
import psycopg

from domain.position import POSITION
from ingest.counties import Counties
from ingest.extras import Extras
from ingest.live_matching import LiveMatching
from ingest.live_told import Matched
from ingest.log.base import LogReader, Records
from ingest.part_store import Part, PartKey
from ingest.pipeline_metrics import PipelineMetrics
from ingest.settings import PipelineSettings
from ingest.steps.terminals import Terminals
from protocols.jt808.kernels.rows import WIRE_FIX, terminal_key
from protocols.jt808.messages.multimedia import MediaData, MediaEvent
from protocols.jt808.messages.registration import Registration
from protocols.jt809.messages.exchange import VehicleRegistration
from protocols.jt809.orders import Answered, Asked

Array = np.ndarray[Any, Any]


class BatchReader(LogReader, Protocol):
    """The reading side of the LOG port, how far behind it is, and where it stands still.

    damaged: log id to the offset of damage to acknowledged records, as the last `read` found it.
    """

    damaged: dict[str, int]

    def backlog(self, after: dict[str, int]) -> int:
        """Durable bytes behind the offsets."""


class CutError(Exception):
    """A batch must be stored in two: what its first records change decides what record `at` means."""

    def __init__(self, at: int) -> None:
        super().__init__(f"batch cut before record {at}")
        self.at = at


@dataclass(frozen=True, slots=True)
class Rejected:
    """A frame or an item that goes to quarantine; terminal_id "" and message_id -1 when the header could not be read."""

    record: int
    reason: str
    terminal_id: str = ""
    message_id: int = -1
    item: int = 0
    field: str = ""


@dataclass(frozen=True, slots=True)
class Registered:
    """A 0x0100 in the log: row of the record, terminal number without leading zeros, what it says."""

    record: int
    terminal_id: str
    message: Registration


@dataclass(frozen=True, slots=True)
class MediaSeen:
    """A 0x0800 or a whole 0x0801 in the log: row of the record (of the packet that came last), terminal number, what it says."""

    record: int
    terminal_id: str
    message: MediaData | MediaEvent


@dataclass(frozen=True, slots=True)
class LinkSeen:
    """A link event in the log: row of the record and its decoded JSON."""

    record: int
    said: dict[str, Any]


@dataclass(frozen=True, slots=True)
class PlateSeen:
    """A vehicle that another platform reports: plate as found in the registry, colour, and the platform's number."""

    plate: str
    colour: int
    peer_id: int

    @property
    def name(self) -> str:
        """As quarantine names it where a terminal's number stands otherwise."""
        return f"{self.plate}/{self.colour}"


@dataclass(frozen=True, slots=True)
class PeerSeen:
    """What another platform says beside positions: a registration, alarm, question or answer, its frame's serial, the vehicle it names."""

    record: int
    peer_id: int
    serial: int
    said: VehicleRegistration | Asked | Answered
    vehicle: tuple[int, int] | None = None


@dataclass(slots=True)
class Wire:
    """Fixes of a batch in wire units; every array has one entry a fix, in log order.

    record int64 row in `Records`; id_hi uint16, id_lo uint64 packed terminal number; message_id uint16;
    flags int16 `Flag` bits of anomalies that are kept; exact int64 row in `said`, -1 where the wire's units are all there is, None when
    none came in the house's units; said `POSITION` rows of those that did, not one a fix.
    """

    fixes: Array = field(default_factory=lambda: np.empty(0, WIRE_FIX))
    record: Array = field(default_factory=lambda: np.empty(0, np.int64))
    id_hi: Array = field(default_factory=lambda: np.empty(0, np.uint16))
    id_lo: Array = field(default_factory=lambda: np.empty(0, np.uint64))
    message_id: Array = field(default_factory=lambda: np.empty(0, np.uint16))
    flags: Array = field(default_factory=lambda: np.empty(0, np.int16))
    scratch: Array = field(default_factory=lambda: np.empty(0, np.uint8))
    exact: Array | None = None
    said: Array = field(default_factory=lambda: np.empty(0, POSITION))

    def take(self, rows: Array) -> Wire:
        """The same for a choice of fixes."""
        return Wire(
            self.fixes[rows], self.record[rows], self.id_hi[rows], self.id_lo[rows], self.message_id[rows], self.flags[rows], self.scratch,
            None if self.exact is None else self.exact[rows], self.said,
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.fixes)


@dataclass(slots=True)
class Batch:
    """One batch: filled from step to step.

    dry: stop before storing; skip: items (record, item) that an earlier attempt proved impossible to store, with the reason;
    condemned: reason why nothing of the batch but its frames in quarantine can be stored.
    positions, items, moves, late, behind, corrected: from `order` on, one entry a fix to store, sorted by (vehicle, time). late: not newer
    than the vehicle's newest stored fix; behind: older than a fix of its vehicle that stands before it in the log.
    matched: from `match` on; None when nothing was matched. plates: vehicles of other platforms by the number that stands for them in
    `wire`, see `steps.plates`.
    """

    records: Records | None = None
    wire: Wire = field(default_factory=Wire)
    vehicle_id: Array = field(default_factory=lambda: np.empty(0, np.int32))
    registrations: list[Registered] = field(default_factory=list)
    links: list[LinkSeen] = field(default_factory=list)
    media: list[MediaSeen] = field(default_factory=list)
    plates: dict[tuple[int, int], PlateSeen] = field(default_factory=dict)
    peers: list[PeerSeen] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    finished: list[PartKey] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    dry: bool = False
    skip: dict[tuple[int, int], str] = field(default_factory=dict)
    condemned: str = ""
    positions: Array = field(default_factory=lambda: np.empty(0, POSITION))
    items: Array = field(default_factory=lambda: np.empty(0, np.int64))
    extras: Extras | None = None
    moves: Array = field(default_factory=lambda: np.empty(0, np.bool_))
    late: Array = field(default_factory=lambda: np.empty(0, np.bool_))
    behind: Array = field(default_factory=lambda: np.empty(0, np.bool_))
    corrected: Array = field(default_factory=lambda: np.empty(0, np.bool_))
    matched: Matched | None = None
    doubles: int = 0
    double_conflicts: int = 0
    stored: int = 0

    @property
    def log(self) -> Records:
        """The records; only after `read`."""
        assert self.records is not None
        return self.records

    @property
    def empty(self) -> bool:
        """Nothing was read."""
        return self.records is None or len(self.records.start) == 0


def owner_name(batch: Batch, row: int) -> str:
    """Whom a row of `wire` is from: terminal number without leading zeros, or plate and colour."""
    key = (int(batch.wire.id_hi[row]), int(batch.wire.id_lo[row]))
    seen = batch.plates.get(key)
    return seen.name if seen is not None else terminal_key(*key)


class LastSeen:
    """Newest fix of each vehicle, epoch ms, as a dense array over vehicle_id (they are counted from 1)."""

    _NEVER = -(2**62)

    def __init__(self) -> None:
        self._ms = np.full(1024, self._NEVER, np.int64)

    def _reach(self, vehicle_id: Array) -> None:
        top = int(vehicle_id.max()) if len(vehicle_id) else 0
        if top >= len(self._ms):
            grown = np.full(max(top + 1, 2 * len(self._ms)), self._NEVER, np.int64)
            grown[: len(self._ms)] = self._ms
            self._ms = grown

    def of(self, vehicle_id: Array) -> Array:
        """(n,) int64, epoch ms of the newest fix before this batch; far in the past when there is none."""
        self._reach(vehicle_id)
        return self._ms[vehicle_id]

    def advance(self, vehicle_id: Array, t_ms: Array) -> None:
        """Take stored fixes into account."""
        self._reach(vehicle_id)
        np.maximum.at(self._ms, vehicle_id, t_ms)


@dataclass(slots=True)
class Context:
    """What the steps of one pipeline share.

    conn: one connection, a transaction a batch; offsets: by log, as committed; registry_seen: newest change of the
    registry that is in `terminals`, None before the first reading; stale_registry: read what has changed before the next look-up;
    damaged: logs that stand still, with the place; live: the matcher, None when matching is off; counties: None: nobody asks.
    """

    settings: PipelineSettings
    reader: BatchReader
    metrics: PipelineMetrics
    conn: psycopg.Connection[Any]
    partition: int = 0
    offsets: dict[str, int] = field(default_factory=dict)
    damaged: dict[str, int] = field(default_factory=dict)
    terminals: Terminals = field(default_factory=Terminals)
    last: LastSeen = field(default_factory=LastSeen)
    stale_registry: bool = True
    registry_seen: datetime | None = None
    live: LiveMatching | None = None
    counties: Counties | None = None
    now_ms: Callable[[], int] = lambda: 0
