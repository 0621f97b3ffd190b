"""Whether another system user can reach a folder."""

from __future__ import annotations

import stat
from pathlib import Path

from domain.errors import StoreError


def closed_parents(path: Path) -> list[Path]:
    """Existing parents of the path, nearest first, that others may not enter (no o+x)."""
    return [parent for parent in path.resolve().parents if parent.exists() and not parent.stat().st_mode & stat.S_IXOTH]


def refuse_closed_parents(data: Path, program: Path) -> None:
    """Refuse to run the embedded server as root where its user could not reach its files.

    The library would open every parent folder of the data and of the Python environment to everybody, up to `/`.

    Raises:
        StoreError: a parent of the data folder or of the program is closed; says what to move.
    """
    for what, path in (("the data folder", data), ("the Python environment", program)):
        closed = closed_parents(path)
        if closed:
            raise StoreError(
                f"{what} lies under {closed[0]}, which other users may not enter: as root the embedded PostgreSQL runs as another user. "
                f"Move {what} (for example under /srv or /var/lib), or start as a plain user, or set CUNTONG_DATABASE_URL"
            )
