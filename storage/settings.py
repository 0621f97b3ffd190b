"""Settings of the database, read once by `runtime` and passed on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """Section `database` of the configuration.

    Args:
        url: libpq URL of a PostgreSQL or TimescaleDB server; None: the embedded server in the data folder.
        chunk_hours: hours of one chunk of `positions` (6 from about 2,000 rows a second). Used when the table is made.
        hot_days: days that stay in the hypertable; older final days are read from the archive.
        archive_days: days that archived files are kept.
        archive_path: folder of the archived days; None: `archive` in the data folder.
    """

    url: str | None = None
    chunk_hours: int = 24
    hot_days: int = 30
    archive_days: int = 1830
    archive_path: Path | None = None
