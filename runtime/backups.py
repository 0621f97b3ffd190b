"""What belongs to an installation's backup: its database and its folders of files."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

from domain.errors import RefusedError, StoreError
from runtime.settings import FILE_NAME, Settings
from storage import backup_files
from storage.audit import verify as verify_audit
from storage.backup import dump, load
from storage.backup_files import Backup
from storage.database import archive_folder, serving
from storage.pool import connect

FOLDER = "backups"
"""Inside the data folder, unless another is named; another disk is better."""


def folders(settings: Settings) -> dict[str, Path]:
    """Folders of files by the name that they have in a backup."""
    return {
        "archive": archive_folder(settings.database, settings.data),
        "media": settings.pipeline.media_path,
        "attachments": settings.attachments.folder,
        "profiles": settings.gateway.profiles_path,
    }


def make(settings: Settings, folder: Path, words: str | None = None) -> Backup:
    """Make a backup; a part that a crash leaves is cleared away by the next one.

    Args:
        words: passphrase under which the secrets are put in; None: they are left out.
    Raises:
        StoreError: the database or the disk failed; no backup was made.
    """
    now = datetime.now(UTC)
    for left in folder.glob(f"*{backup_files.PARTIAL}") if folder.is_dir() else []:
        shutil.rmtree(left, ignore_errors=True)
    place = backup_files.begin(folder, now)
    try:
        with serving(settings.database, settings.data) as dsn:
            snapshot = dump(dsn, place / backup_files.TABLES)
        for name, source in folders(settings).items():
            backup_files.copy_in(place, name, source)
        if (settings.data / FILE_NAME).is_file():
            backup_files.copy_in(place, "settings", settings.data / FILE_NAME)
        if words is not None:
            backup_files.seal_secrets(place, settings.data / "secrets", words)
        return backup_files.finish(place, snapshot, now)
    except OSError as error:
        raise StoreError(
            f"no backup was made: {error.strerror or error} ({error.filename or folder}); free the disk and try again"
        ) from error


def restore(settings: Settings, backup: Backup, words: str | None = None) -> dict[str, int]:
    """Fill an empty installation; how many rows and files, and audit rows that hold.

    Raises:
        RefusedError: the backup is damaged, or the installation is not empty.
        StoreError: the database refused a row; the database holds nothing then.
    """
    wrong = backup_files.faults(backup)
    if wrong:
        raise RefusedError(f"{backup.folder} is damaged: {'; '.join(wrong[:5])}; take another backup", field="backup")
    with serving(settings.database, settings.data) as dsn:
        from storage.backup import require_empty

        require_empty(dsn, backup.snapshot)
        files = sum(backup_files.copy_out(backup, name, target) for name, target in folders(settings).items())
        files += backup_files.copy_out(backup, "settings", settings.data)
        if words is not None:
            files += len(backup_files.unseal_secrets(backup, settings.data / "secrets", words))
        load(dsn, backup.folder / backup_files.TABLES, backup.snapshot, settings.database)
        with connect(dsn, "owner") as conn:
            broken, held = verify_audit(conn)
    if broken:
        raise StoreError(f"restored, but the audit log is broken at {broken[0].stream} {broken[0].seq}: it {broken[0].reason}")
    return {"rows": backup.rows, "files": files, "audit": sum(held.values())}
