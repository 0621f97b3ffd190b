"""A file layer that loses power: what was not synced is lost, torn or reordered."""

from __future__ import annotations

import errno
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import numpy as np

from ingest.log.files import Mark, OsFiles

SECTOR = 512


@dataclass(slots=True, eq=False)
class Inode:
    """A file. durable: its bytes as the disk holds them for sure; pending: what was done since, in order."""

    durable: bytes = b""
    pending: list[tuple[str, int, bytes]] = field(default_factory=list)

    def surviving(self, rng: Random) -> bytes:
        """Bytes after a power cut: each sector of each write that was not synced is there, or not, or half."""
        content = bytearray(self.durable)
        odds = rng.choice((0.0, 0.1, 0.5, 0.9, 1.0))
        for what, number, data in self.pending:
            if what == "size":
                if rng.random() < odds:
                    content = content[:number].ljust(number, b"\0")
                continue
            for start in range(0, len(data), SECTOR):
                if rng.random() < odds:
                    sector = data[start : start + SECTOR]
                    sector = sector[: rng.randrange(len(sector) + 1)] if rng.random() < 0.2 else sector
                    at = number + start
                    content = content.ljust(at + len(sector), b"\0")
                    content[at : at + len(sector)] = sector
        return bytes(content)


class FaultyFiles(OsFiles):
    """Works on real files and knows which of their bytes and names a power cut may take.

    Args:
        rng: decides what survives.
        cut_at: number of the operation at which the power goes, None for never; all operations behind it fail.
        fail_sync_at: number of the sync that fails once with EIO, as a broken disk does.
    """

    def __init__(self, rng: Random, cut_at: int | None = None, fail_sync_at: int | None = None) -> None:
        self._rng = rng
        self._cut_at = cut_at
        self._fail_sync_at = fail_sync_at
        self._inodes: dict[int, Inode] = {}
        self._names: dict[Path, Inode] = {}
        self._durable_names: dict[Path, Inode] = {}
        self._marks: dict[Path, tuple[Mark, int]] = {}
        self.operations = 0
        self.syncs = 0

    def _step(self) -> None:
        self.operations += 1
        if self._cut_at is not None and self.operations > self._cut_at:
            raise OSError(errno.EIO, "no power")

    def _inode(self, path: Path) -> Inode:
        if path not in self._names:
            inode = Inode(path.read_bytes())
            self._names[path] = self._durable_names[path] = inode
        return self._names[path]

    def sync_folder(self, path: Path) -> None:
        self._step()
        names = {name for name in (*self._names, *self._durable_names) if name.parent == path}
        for name in names:
            if name in self._names:
                self._durable_names[name] = self._names[name]
            else:
                self._durable_names.pop(name, None)

    def open(self, path: Path, *, create: bool = False) -> int:
        self._step()
        fd = super().open(path, create=create)
        if create:
            self._names[path] = Inode()
        self._inodes[fd] = self._inode(path)
        return fd

    def write(self, fd: int, data: memoryview, at: int) -> None:
        self._step()
        super().write(fd, data, at)
        self._inodes[fd].pending.append(("write", at, bytes(data)))

    def reserve(self, fd: int, size: int) -> None:
        self._step()
        super().reserve(fd, size)
        self._inodes[fd].pending.append(("size", size, b""))

    def truncate(self, fd: int, size: int) -> None:
        self._step()
        super().truncate(fd, size)
        self._inodes[fd].pending.append(("size", size, b""))

    def sync(self, fd: int) -> None:
        self._step()
        self.syncs += 1
        if self.syncs == self._fail_sync_at:
            raise OSError(errno.EIO, "fdatasync failed")
        inode = self._inodes[fd]
        content = bytearray(inode.durable)
        for what, number, data in inode.pending:
            if what == "size":
                content = content[:number].ljust(number, b"\0")
            else:
                content = content.ljust(number + len(data), b"\0")
                content[number : number + len(data)] = data
        inode.durable, inode.pending = bytes(content), []

    def remove(self, path: Path) -> None:
        self._step()
        self._inode(path)
        super().remove(path)
        del self._names[path]

    def map_mark(self, path: Path) -> Mark:
        mark = super().map_mark(path)
        self._marks[path] = (mark, int(mark[0]))
        return mark

    def power_cut(self) -> None:
        """Put on the real disk what survived: for each name the old or the new state, for each file some of its bytes."""
        for path in sorted({*self._names, *self._durable_names}):
            before, now = self._durable_names.get(path), self._names.get(path)
            inode = before if before is now else self._rng.choice((before, now))
            if inode is None:
                path.unlink(missing_ok=True)
            else:
                path.write_bytes(inode.surviving(self._rng))
        for path, (mark, found) in self._marks.items():
            survived = self._rng.choice((found, int(mark[0]), 0))
            path.write_bytes(np.array([survived], np.uint64).tobytes())
