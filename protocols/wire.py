"""Bytes in and out: bounded big-endian reading that raises WireError and nothing else, and writing."""

from __future__ import annotations

from typing import Protocol

from domain.errors import WireError
from protocols.anomaly import Anomaly, Code, anomaly


class WireSettings(Protocol):
    """What a peer's settings say about bytes; a profile is one."""

    @property
    def charset(self) -> str:
        """ "gbk", "utf-8" or "auto"."""

    @property
    def utc_offset_ms(self) -> int:
        """Offset of the device clock from UTC."""

    @property
    def alarm_id(self) -> str:
        """Form of alarm identifiers, a key of `protocols.kinds.alarm_id.FORMS`."""


class Context:
    """What decoding one frame shares: settings, version of the layout, and the anomalies found so far."""

    __slots__ = ("anomalies", "settings", "version")

    def __init__(self, settings: WireSettings, version: str, anomalies: list[Anomaly] | None = None) -> None:
        self.settings = settings
        self.version = version
        self.anomalies: list[Anomaly] = [] if anomalies is None else anomalies

    def note(self, code: Code, offset: int, *, field: str = "", detail: str = "") -> None:
        """Record an anomaly; decoding goes on."""
        self.anomalies.append(anomaly(code, offset, field=field, detail=detail))


class Reader:
    """A bounded place in a frame. Every read beyond `end` is a WireError `short_body` that names field and offset."""

    __slots__ = ("at", "context", "end", "frame")

    def __init__(self, frame: bytes, at: int, end: int, context: Context) -> None:
        self.frame = frame
        self.at = at
        self.end = end
        self.context = context

    @property
    def left(self) -> int:
        """Bytes not read yet."""
        return self.end - self.at

    def need(self, size: int, field: str = "") -> int:
        """Offset of the next `size` bytes, which are there; the place moves behind them."""
        at = self.at
        if self.end - at < size:
            raise WireError(
                f"{field or 'value'} needs {size} bytes, {self.end - at} are left", code=Code.SHORT_BODY, field=field, offset=at
            )
        self.at = at + size
        return at

    def take(self, size: int, field: str = "") -> bytes:
        """The next `size` bytes."""
        at = self.need(size, field)
        return self.frame[at : at + size]

    def unsigned(self, size: int, field: str = "") -> int:
        """Big-endian unsigned integer of `size` bytes."""
        return int.from_bytes(self.take(size, field), "big")

    def rest(self) -> bytes:
        """Everything up to the end."""
        at, self.at = self.at, self.end
        return self.frame[at : self.end]

    def bounded(self, size: int, field: str = "") -> Reader:
        """A reader of its own over the next `size` bytes; this one goes on behind them."""
        at = self.need(size, field)
        return Reader(self.frame, at, at + size, self.context)


class Writer:
    """Bytes of a body as they grow."""

    __slots__ = ("context", "out")

    def __init__(self, context: Context) -> None:
        self.context = context
        self.out = bytearray()

    def unsigned(self, value: int, size: int) -> None:
        """Append a big-endian unsigned integer that the caller has checked."""
        self.out += value.to_bytes(size, "big")

    def raw(self, value: bytes | bytearray) -> None:
        """Append bytes."""
        self.out += value
