"""Looking into a log: its records as lines for people and as JSON for programs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from domain.units import SHANGHAI, instant
from ingest.log.record import DOORS, DROPPED, FILLED, FRAME, HEADER, KINDS, LOST, MQTT, RECORD, REPLAYED, scan
from ingest.log.segments import Segment, segments_of
from ingest.log.verify import folders_at
from protocols.jt808.codec import examine

_ROWS = 4_096
_FRAMES = (FRAME, DROPPED, REPLAYED)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which records are shown. from_us, to_us: half-open, epoch µs UTC, None without a bound; terminal: leading zeros do not count."""

    from_us: int | None = None
    to_us: int | None = None
    terminal: str | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """One record. position: its offset in the log; link: gateway, worker and counter; terminal, message_id: None when no frame says."""

    worker: str
    position: int
    received_us: int
    kind: str
    door: str
    profile: int
    reason: int
    link: tuple[int, int, int]
    terminal: str | None
    message_id: int | None
    payload: bytes

    def line(self) -> str:
        """One line, time of Asia/Shanghai to the microsecond."""
        at = (instant(0) + timedelta(microseconds=self.received_us)).astimezone(SHANGHAI)
        text = self.payload.decode("utf-8", "backslashreplace") if self.kind in ("link_event", "mqtt") else self.payload.hex()
        text = " ".join(text.splitlines())
        message = f"{self.message_id:04x}" if self.message_id is not None else "-"
        link = ".".join(str(part) for part in self.link)
        return f"{self.worker}:{self.position} {at:%Y-%m-%dT%H:%M:%S.%f} {self.kind} {self.door} {link} {self.terminal or '-'} {message} {text}"

    def as_json(self) -> dict[str, Any]:
        """The same for programs; the payload as hexadecimal digits."""
        fields = {name: getattr(self, name) for name in Seen.__slots__}
        return {**fields, "link": list(self.link), "payload": self.payload.hex()}


def inspect(path: Path, selection: Selection) -> Iterator[Seen]:
    """Selected records of a spool, a worker's folder or a segment, in the order of the files; each segment up to its first bad record.

    Raises:
        RefusedError: there is no log. OSError: a file cannot be read.
    """
    wanted = selection.terminal.lstrip("0") or "0" if selection.terminal is not None else None
    for folder in folders_at(path):
        for segment in segments_of(folder):
            if path.is_file() and segment.path != path:
                continue
            for seen in _segment(folder.name, segment, selection):
                if wanted is None or seen.terminal == wanted:
                    yield seen


def _segment(worker: str, segment: Segment, selection: Selection) -> Iterator[Seen]:
    data, rows = segment.load(), np.empty(_ROWS, RECORD)
    at, stopped = 0, FILLED
    while stopped == FILLED:
        count, at, stopped = scan(data, at, len(data), rows)
        found = rows[:count]
        if selection.from_us is not None:
            found = found[found["received_us"] >= selection.from_us]
        if selection.to_us is not None:
            found = found[found["received_us"] < selection.to_us]
        for row in found[found["kind"] != LOST]:
            yield _seen(worker, segment.base, row, data[row["start"] : row["end"]].tobytes())


def _seen(worker: str, base: int, row: np.void, payload: bytes) -> Seen:
    kind, door, link = int(row["kind"]), int(row["door"]), int(row["link"])
    header = examine(payload).header if kind in _FRAMES else None
    terminal = header.terminal_id.lstrip("0") or "0" if header is not None else None
    if kind == MQTT:
        terminal = payload.partition(b"\n")[0].decode("utf-8", "replace")
    return Seen(
        worker=worker,
        position=base + int(row["start"]) - HEADER,
        received_us=int(row["received_us"]),
        kind=KINDS[kind],
        door=DOORS[door] if door < len(DOORS) else str(door),
        profile=int(row["profile"]),
        reason=int(row["reason"]),
        link=(link >> 48, link >> 32 & 0xFFFF, link & 0xFFFFFFFF),
        terminal=terminal,
        message_id=header.message_id if header is not None else None,
        payload=payload,
    )
