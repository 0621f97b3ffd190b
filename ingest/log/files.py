"""The few file operations under the log, behind one interface so that tests can lose, tear and reorder writes."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import mmap
import os
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

Mark = npt.NDArray[np.uint64]
"""One aligned 8-byte number in a mapped file: stored and loaded whole, visible to every process."""


class FileLayer(Protocol):
    """What the log asks of a file system. Errors are `OSError`."""

    def make_folder(self, path: Path) -> None:
        """Make the folder and its parents; durable when it returns."""

    def sync_folder(self, path: Path) -> None:
        """Make names born, renamed or removed in the folder durable."""

    def open(self, path: Path, *, create: bool = False) -> int:
        """Descriptor for reading and writing; `create` makes a new empty file and fails when there is one."""

    def close(self, fd: int) -> None:
        """Close the descriptor."""

    def write(self, fd: int, data: memoryview, at: int) -> None:
        """Write all bytes at the place."""

    def reserve(self, fd: int, size: int) -> None:
        """Let the file have at least `size` bytes, zeros where nothing was written, with space on the disk."""

    def truncate(self, fd: int, size: int) -> None:
        """Cut the file."""

    def sync(self, fd: int) -> None:
        """fdatasync: the file's bytes and its length are durable when it returns."""

    def rename(self, old: Path, new: Path) -> None:
        """Rename, replacing."""

    def remove(self, path: Path) -> None:
        """Remove the name."""

    def map_mark(self, path: Path) -> Mark:
        """The mark in the file, made as zero where there is none."""

    def free_bytes(self, path: Path) -> int:
        """Bytes that an ordinary user may still write on the file system."""


class OsFiles:
    """The operating system's files."""

    def make_folder(self, path: Path) -> None:
        missing = [folder for folder in (path, *path.parents) if not folder.exists()]
        path.mkdir(parents=True, exist_ok=True)
        for folder in reversed(missing):
            self.sync_folder(folder.parent)

    def sync_folder(self, path: Path) -> None:
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def open(self, path: Path, *, create: bool = False) -> int:
        flags = os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT | os.O_EXCL if create else 0)
        return os.open(path, flags, 0o640)

    def close(self, fd: int) -> None:
        os.close(fd)

    def write(self, fd: int, data: memoryview, at: int) -> None:
        while data:
            written = os.pwrite(fd, data, at)
            data, at = data[written:], at + written

    def reserve(self, fd: int, size: int) -> None:
        if os.fstat(fd).st_size >= size:
            return
        allocate = getattr(os, "posix_fallocate", None)
        if allocate is not None:
            with contextlib.suppress(NotImplementedError):
                try:
                    allocate(fd, 0, size)
                    return
                except OSError as error:
                    if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
                        raise
        os.ftruncate(fd, size)

    def truncate(self, fd: int, size: int) -> None:
        os.ftruncate(fd, size)

    def sync(self, fd: int) -> None:
        full = getattr(fcntl, "F_FULLFSYNC", None)
        if full is not None:  # macOS: fsync alone leaves the bytes in the drive's cache
            fcntl.fcntl(fd, full)
        else:
            os.fdatasync(fd)

    def rename(self, old: Path, new: Path) -> None:
        os.replace(old, new)

    def remove(self, path: Path) -> None:
        os.unlink(path)

    def map_mark(self, path: Path) -> Mark:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            if os.fstat(fd).st_size < 8:
                os.ftruncate(fd, 8)
            return np.frombuffer(mmap.mmap(fd, 8), np.uint64)
        finally:
            os.close(fd)

    def free_bytes(self, path: Path) -> int:
        status = os.statvfs(path)
        return status.f_bavail * status.f_frsize


OS_FILES = OsFiles()


class FolderLock:
    """One writer a folder, across processes; the kernel frees it when the process dies."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = -1

    def take(self) -> bool:
        """True when nobody else holds it."""
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            return False
        self._fd = fd
        return True

    def free(self) -> None:
        """Let it go; nothing happens when it is not held."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
