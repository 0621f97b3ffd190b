"""One row of a threshold table, and whom it names."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from tracking.violations import classes


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a threshold is asked for. region: GB/T 2260 code; line: "" where none is driven."""

    region: str = ""
    vehicle_class: str = "unknown"
    line: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Threshold:
    """A row of a table. since, until: half-open service days, until None: open; region: prefix of the code or "*"; written: the values
    as written; numbers: as kernels read them; unconfirmed, ours: names of values whose source was not seen, or is our choice."""

    rule_id: str
    since: date
    until: date | None
    region: str
    vehicle_class: str
    line: str
    source: str
    written: Mapping[str, Any]
    numbers: Mapping[str, Any]
    unconfirmed: tuple[str, ...]
    ours: tuple[str, ...]

    @property
    def threshold_id(self) -> str:
        """sha256 of the canonical row."""
        said = [
            self.rule_id, self.since.isoformat(), self.until and self.until.isoformat(), self.region, self.vehicle_class, self.line,
            self.source, dict(sorted(self.written.items())),
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()

    def holds(self, day: date) -> bool:
        """True when the row is in force on the day."""
        return self.since <= day and (self.until is None or day < self.until)

    def rank(self, subject: Subject) -> tuple[int, int, int] | None:
        """How exactly it names the subject: line, region, class; None when it does not."""
        if self.line not in ("*", subject.line):
            return None
        if self.region != "*" and not subject.region.startswith(self.region):
            return None
        by_class = classes.rank(self.vehicle_class, subject.vehicle_class)
        return (int(self.line != "*"), 0 if self.region == "*" else len(self.region), by_class) if by_class else None
