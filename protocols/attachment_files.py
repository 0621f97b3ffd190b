"""Files of one attachment link: names made safe, and which bytes of each came."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass

_PIECES = 4096
"""Runs of bytes apart from each other that one file may have: their places are what the session holds of it."""
_NAME_MOST = 128
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+")


@dataclass(frozen=True, slots=True)
class FileLimits:
    """Files of a link, and bytes of a file."""

    files: int
    file_bytes: int


def safe_name(name: str) -> str:
    """The name with nothing in it but letters, digits, `_`, `.` and `-`, no `.` in front, never empty."""
    return _UNSAFE.sub("_", name).lstrip(".")[-_NAME_MOST:].lstrip(".") or "file"


class File:
    """One file that comes in pieces, in any order, overlapping or not.

    Attributes:
        stored_name: safe name.
        size: bytes it will have.
    """

    __slots__ = ("_ends", "_starts", "size", "stored_name")

    def __init__(self, stored_name: str, size: int) -> None:
        self.stored_name = stored_name
        self.size = size
        self._starts: list[int] = []
        self._ends: list[int] = []

    def take(self, offset: int, length: int) -> bool:
        """Mark bytes as come; False when the file is in too many runs apart."""
        end = offset + length
        if not length:
            return True
        first = bisect_left(self._ends, offset)
        last = first
        while last < len(self._starts) and self._starts[last] <= end:
            last += 1
        if first == last and len(self._starts) >= _PIECES:
            return False
        if first < last:
            offset, end = min(offset, self._starts[first]), max(end, self._ends[last - 1])
        self._starts[first:last] = [offset]
        self._ends[first:last] = [end]
        return True

    def runs(self) -> tuple[tuple[int, int], ...]:
        """(start, end) of the bytes that came, in order."""
        return tuple(zip(self._starts, self._ends, strict=True))

    def missing(self) -> tuple[tuple[int, int], ...]:
        """(offset, length) of the bytes that did not come, in order."""
        gaps = zip([0, *self._ends], [*self._starts, self.size], strict=True)
        return tuple((start, end - start) for start, end in gaps if end > start)


class Files:
    """Files by the name that the terminal gives them."""

    def __init__(self, limits: FileLimits) -> None:
        self._limits = limits
        self._files: dict[str, File] = {}

    def get(self, name: str) -> File | None:
        """The file; None when it was not announced."""
        return self._files.get(name)

    def open(self, name: str, size: int) -> str:
        """Announce a file; why it is not taken, or "". One that is announced again keeps what came of it."""
        known = self._files.get(name)
        if known is not None and known.size == size:
            return ""
        if size > self._limits.file_bytes:
            return f"{size} bytes, at most {self._limits.file_bytes}"
        if known is None and len(self._files) >= self._limits.files:
            return f"over {self._limits.files} files"
        self._files[name] = File(known.stored_name if known is not None else self._free(safe_name(name)), size)
        return ""

    def _free(self, name: str) -> str:
        taken = {file.stored_name for file in self._files.values()}
        return next(found for found in (name, *(f"{n}-{name}" for n in range(2, len(taken) + 3))) if found not in taken)
