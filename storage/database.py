"""The database that the settings name: a server by URL, else the embedded one in the data folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from storage.settings import DatabaseSettings

FOLDER = "postgres"
"""Folder of the embedded server inside the data folder."""


@contextmanager
def serving(settings: DatabaseSettings, data: Path) -> Iterator[str]:
    """DSN of a server that answers for as long as the block runs.

    An embedded server that was running before goes on afterwards; one that this call started is stopped.

    Args:
        settings: section `database`.
        data: data folder of the installation.
    Raises:
        StoreError: see `storage.embedded.start`.
    """
    if settings.url:
        yield settings.url
        return
    from storage import embedded  # the wheel is needed only here

    folder = (data / FOLDER).expanduser().resolve()
    ran_before = embedded.postmaster(folder) is not None
    dsn = embedded.start(folder)
    try:
        yield dsn
    finally:
        if not ran_before:
            embedded.stop(folder)


def archive_folder(settings: DatabaseSettings, data: Path) -> Path:
    """Folder of the archived days."""
    return settings.archive_path or data / "archive"
