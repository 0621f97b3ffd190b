"""The names under which the pipeline's readers stand beside the log, so that nothing is trimmed that one of them still needs."""

from __future__ import annotations

from pathlib import Path

from ingest import offset_store
from ingest.log.committed import committed_path, retire_readers, write_committed
from storage.pool import connect


def reader_file(partition: int, partitions: int) -> str:
    """Name of one reader's offsets: "pipeline", or "pipeline-0-of-4"."""
    return "pipeline" if partitions == 1 else f"pipeline-{partition}-of-{partitions}"


def announce(dsn: str, spool: Path, partitions: int) -> None:
    """Put the readers of this layout beside the log, those that have not started yet too, then remove the readers of another layout.

    Raises:
        StoreError: retriable, when the database does not answer.
    """
    names = [reader_file(partition, partitions) for partition in range(partitions)]
    spool.mkdir(parents=True, exist_ok=True)
    with connect(dsn, "ingest") as conn:
        offsets = [offset_store.claim(conn, partition, partitions) for partition in range(partitions)]
    for name, claimed in zip(names, offsets, strict=True):
        if not committed_path(spool, name).exists():
            write_committed(spool, name, claimed)
    retire_readers(spool, set(names))
