"""What an explanation is made of: rows, frames, and the whole of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from protocols.anomaly import Anomaly
from protocols.anomaly_words import detail_in
from protocols.describe import field_words, readable, said
from protocols.jt808.codec import Examined
from protocols.jt809.codec import Examined as PlatformExamined
from protocols.kinds import Part


@dataclass(frozen=True, slots=True)
class Row:
    """One run of bytes: `offset` in the unescaped frame (-1 for a delimiter), `raw` as on the wire, and what it says."""

    offset: int
    raw: bytes
    path: str
    name: str
    value: str
    anomalies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ExplainedFrame:
    """One candidate: its rows cover its bytes; `versions` and `profiles` are those under which nothing is odd."""

    rows: tuple[Row, ...]
    title: str
    examined: Examined | PlatformExamined
    versions: tuple[str, ...]
    profiles: tuple[str, ...]

    @property
    def dropped(self) -> bool:
        """True when the frame or one of its fixes would be dropped."""
        return self.examined.dropped is not None


@dataclass(frozen=True, slots=True)
class Explained:
    """All candidates of the input, in order."""

    frames: tuple[ExplainedFrame, ...]

    @property
    def dropped(self) -> bool:
        """True when anything would be dropped."""
        return any(frame.dropped for frame in self.frames)

    def as_json(self, language: str = "en") -> dict[str, Any]:
        """The same for machines, details of anomalies in the language."""
        return {"dropped": self.dropped, "frames": [_frame_json(frame, language) for frame in self.frames]}


def _frame_json(frame: ExplainedFrame, language: str) -> dict[str, Any]:
    header = frame.examined.header
    plain = [{name: getattr(row, name) for name in Row.__slots__} for row in frame.rows]
    rows = [{**row, "raw": row["raw"].hex(), "anomalies": list(row["anomalies"])} for row in plain]
    odd = [{name: getattr(found, name) for name in Anomaly.__slots__} for found in frame.examined.anomalies]
    for found in odd:
        found["detail"] = detail_in(found["detail"], language)
    return {
        "title": frame.title,
        "dropped": frame.dropped,
        "header": None if header is None else {name: getattr(header, name) for name in type(header).__slots__},
        "version": frame.examined.version,
        "versions": list(frame.versions),
        "profiles": list(frame.profiles),
        "anomalies": odd,
        "rows": rows,
    }


def row(part: Part, raw: bytes, language: str) -> Row:
    """The row of a part whose bytes on the wire are `raw`."""
    words = part.words
    if part.spec is not None:
        words = field_words(part.path.rpartition(".")[2], part.spec)
    value = readable(part.value, part.spec, language)
    return Row(part.start, raw, part.path, said(words, language), value)


def with_anomalies(rows: list[Row], parts: list[Part], anomalies: tuple[Anomaly, ...]) -> list[Row]:
    """Rows with the anomalies that lie in their bytes; one without a place goes to the first row, one behind the end to the last."""
    for found in anomalies:
        at = next((n for n, part in enumerate(parts) if part.start <= found.offset < part.end), 0 if found.offset < 0 else len(rows) - 1)
        rows[at] = replace(rows[at], anomalies=(*rows[at].anomalies, str(found.code)))
    return rows
