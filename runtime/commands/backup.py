"""`cuntong backup`: make, list, verify, restore."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[Path | None, typer.Option(help="Data folder.")]
Into = Annotated[Path | None, typer.Option("--into", help="Folder of backups; default `backups` in the data folder, better another disk.")]
Words = Annotated[
    Path | None, typer.Option("--with-secrets", metavar="FILE", help="Also the key files, under the passphrase in FILE.", exists=True)
]


def register(app: typer.Typer) -> None:
    """File the group of commands."""
    group = typer.Typer(help="Backups of the database, the archive and the files.", no_args_is_help=True)
    group.command("make")(make)
    group.command("list")(list_backups)
    group.command("verify")(verify)
    group.command("restore")(restore)
    app.add_typer(group, name="backup")


def make(into: Into = None, with_secrets: Words = None, data: Data = None) -> None:
    """Write everything as of one instant to a new folder, while the product runs.

    Without --with-secrets the key files are left out: keep the folder `secrets` apart, for without it sealed personal data stay sealed.

    Example:

        cuntong backup make --into /mnt/backups --with-secrets /etc/cuntong/backup.passphrase
    """
    from runtime.backups import FOLDER
    from runtime.backups import make as write
    from runtime.settings import load

    settings = load(data)
    made = write(settings, into or settings.data / FOLDER, _words(with_secrets))
    typer.echo(f"{made.folder}: {made.rows} rows of {len(made.snapshot.tables)} tables, {len(made.files)} files, {made.size} bytes")
    if with_secrets is None:
        typer.echo(f"note: the keys in {settings.data / 'secrets'} are not in it; keep them apart", err=True)


def list_backups(into: Into = None, data: Data = None) -> None:
    """List whole backups, oldest first.

    Example:

        cuntong backup list --into /mnt/backups
    """
    from runtime.backups import FOLDER
    from runtime.settings import load
    from storage.backup_files import listed

    folder = into or load(data).data / FOLDER
    found = listed(folder)
    for one in found:
        typer.echo(f"{one.folder}  {one.made_at:%Y-%m-%d %H:%M:%S} UTC  {one.rows} rows  {one.size} bytes")
    typer.echo(f"{len(found)} backups in {folder}")


def verify(backup: Annotated[Path, typer.Argument(exists=True, file_okay=False)]) -> None:
    """Read every byte of a backup and compare it with its manifest. Exit code 1 when something is amiss.

    Example:

        cuntong backup verify /mnt/backups/cuntong-20260101T020000Z
    """
    from storage.backup_files import faults, read

    found = read(backup)
    wrong = faults(found)
    for line in wrong:
        typer.echo(line)
    typer.echo(f"{backup}: {len(found.files)} files, {len(wrong)} amiss")
    if wrong:
        raise typer.Exit(1)


def restore(backup: Annotated[Path, typer.Argument(exists=True, file_okay=False)], with_secrets: Words = None, data: Data = None) -> None:
    """Fill an empty installation from a backup: files first, then all rows in one transaction. Refuses a database that holds anything.

    Example:

        cuntong backup restore /mnt/backups/cuntong-20260101T020000Z --data /srv/cuntong --with-secrets /etc/cuntong/backup.passphrase
    """
    from runtime.backups import restore as fill
    from runtime.settings import load
    from storage.backup_files import read

    told = fill(load(data), read(backup), _words(with_secrets))
    typer.echo(f"restored {told['rows']} rows and {told['files']} files; the audit log holds ({told['audit']} rows)")


def _words(path: Path | None) -> str | None:
    return path.read_text("utf-8").strip() if path is not None else None
