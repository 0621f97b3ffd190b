"""Committed offsets of the readers: one small JSON file a reader beside the workers' folders, replaced by rename."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from domain.errors import RefusedError

_SUFFIX = ".offsets"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


def committed_path(root: Path, reader: str) -> Path:
    """File of a reader's offsets; RefusedError for a name that is no plain file name."""
    if not _NAME.fullmatch(reader):
        raise RefusedError(f"reader name {reader!r}: use lower case letters, digits, - and _", field="reader")
    return root / f"{reader}{_SUFFIX}"


def write_committed(root: Path, reader: str, offsets: dict[str, int]) -> None:
    """Replace a reader's offsets.

    Not synced: after a power cut the file may be older or unreadable, which only keeps segments longer.
    """
    path = committed_path(root, reader)
    fresh = path.with_suffix(".fresh")
    fresh.write_text(json.dumps(offsets, sort_keys=True), encoding="ascii")
    os.replace(fresh, path)


def read_committed(path: Path) -> dict[str, int]:
    """Offsets by log id; empty when the file is missing or unreadable, so that nothing is deleted on its word."""
    try:
        found = json.loads(path.read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError):
        return {}
    if not isinstance(found, dict) or not all(isinstance(offset, int) for offset in found.values()):
        return {}
    return {str(log_id): offset for log_id, offset in found.items()}


def least_committed(root: Path) -> dict[str, int]:
    """Log id to the offset below which every reader of this spool has stored everything; empty without readers."""
    readers = [read_committed(path) for path in sorted(root.glob(f"*{_SUFFIX}"))]
    if not readers:
        return {}
    common = set(readers[0]).intersection(*readers[1:])
    return {log_id: min(offsets[log_id] for offsets in readers) for log_id in common}


def retire_readers(root: Path, keep: set[str]) -> None:
    """Forget readers that exist no more, such as partitions after their number changed, so that they do not hold back trimming."""
    for path in root.glob(f"*{_SUFFIX}"):
        if path.stem not in keep:
            path.unlink(missing_ok=True)
