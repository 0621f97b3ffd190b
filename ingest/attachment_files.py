"""Files of alarms on the disk: written in pieces under a draft's name, durable and checked before they get their own."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from protocols.attachment_files import safe_name

_CHUNK = 1 << 20


def place_of(upload_id: int, name: str) -> str:
    """Path of a file under the folder of attachments; two names of a terminal never meet, whatever is unsafe in them."""
    digest = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:8]
    return f"{upload_id // 1000}/{upload_id}/{digest}-{safe_name(name)}"


class Draft:
    """One file as it comes. Its place is `arriving/` under the folder until it is whole.

    Args:
        folder: of attachments.
        upload_id: its alarm; name: as the terminal says it; size: bytes it will have.
    """

    def __init__(self, folder: Path, upload_id: int, name: str, size: int) -> None:
        self.place = place_of(upload_id, name)
        self.size = size
        self.unsynced = 0
        self._folder = folder
        self._path = folder / "arriving" / self.place
        self._descriptor = -1
        self._sha256 = ""

    @property
    def exists(self) -> bool:
        """Whether bytes of it may be on the disk."""
        return self._path.exists()

    def write(self, offset: int, data: bytes) -> None:
        """Write bytes at their place. OSError."""
        if self._descriptor < 0:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o640)
        view = memoryview(data)
        while view:
            written = os.pwrite(self._descriptor, view, offset)
            view, offset = view[written:], offset + written
        self.unsynced += len(data)

    def sync(self) -> None:
        """Make what was written durable. OSError."""
        if self._descriptor >= 0 and self.unsynced:
            os.fsync(self._descriptor)
            self.unsynced = 0

    def finish(self) -> str:
        """Make the whole file durable under its own name; its sha256. Once only: a repetition gives the same. OSError."""
        if self._sha256:
            return self._sha256
        if self._descriptor < 0:
            self.write(0, b"")
        os.ftruncate(self._descriptor, self.size)
        os.fsync(self._descriptor)
        digest, at = hashlib.sha256(), 0
        while chunk := os.pread(self._descriptor, _CHUNK, at):
            digest.update(chunk)
            at += len(chunk)
        target = self._folder / self.place
        target.parent.mkdir(parents=True, exist_ok=True)
        self._path.replace(target)
        self.close()
        for folder in (target.parent, target.parent.parent, self._folder):
            _sync_folder(folder)
        self._sha256 = digest.hexdigest()
        return self._sha256

    def discard(self) -> None:
        """Forget the bytes that came. OSError."""
        self.close()
        self._path.unlink(missing_ok=True)

    def close(self) -> None:
        """Give the descriptor back."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        self.unsynced = 0


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
