"""A backup on disk: a folder with a manifest of everything in it, written last and under another name until it is whole."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from domain.errors import RefusedError, StoreError
from storage.backup import Counter, Snapshot, Table

MANIFEST, PARTIAL, TABLES, SECRETS = "manifest.json", ".partial", "tables", "secrets.sealed"
_FORM = 1
_SALT, _NONCE, _WORDS_LEAST = 16, 12, 12


@dataclass(frozen=True, slots=True)
class Backup:
    """A whole backup: its folder, when it was made (UTC), what is in it; files: path inside to (bytes, SHA-256)."""

    folder: Path
    made_at: datetime
    snapshot: Snapshot
    files: dict[str, tuple[int, str]]

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(size for size, _ in self.files.values())

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(table.rows for table in self.snapshot.tables)


def begin(folder: Path, now: datetime) -> Path:
    """A new folder for a backup of an instant, under the name that no whole one has."""
    place = folder / f"cuntong-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}{PARTIAL}"
    try:
        (place / TABLES).mkdir(parents=True)
    except OSError as error:
        raise StoreError(f"cannot write a backup to {folder}: {error.strerror}; name another folder") from error
    place.chmod(0o700)
    return place


def copy_in(place: Path, name: str, source: Path) -> int:
    """Copy a file or a folder's files into a backup, as `files/<name>/…`; number of files. What vanishes meanwhile is left out."""
    count = 0
    for path in [source] if source.is_file() else sorted(p for p in source.rglob("*") if p.is_file()):
        target = place / "files" / name / (path.relative_to(source) if path != source else path.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copy2(path, target)
            count += 1
        except FileNotFoundError:
            continue
    return count


def finish(place: Path, snapshot: Snapshot, now: datetime) -> Backup:
    """Write the manifest and give the folder its name; all on disk when this returns."""
    files = {str(path.relative_to(place)): (path.stat().st_size, _digest(path)) for path in _files(place)}
    manifest = {"form": _FORM, "made_at": now.astimezone(UTC).isoformat(), "snapshot": asdict(snapshot), "files": files}
    for path in _files(place):
        _sync(path)
    (place / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    _sync(place / MANIFEST)
    whole = place.with_name(place.name.removesuffix(PARTIAL))
    place.rename(whole)
    _sync(whole.parent)
    return Backup(whole, now, snapshot, files)


def read(folder: Path) -> Backup:
    """The manifest of a backup.

    Raises:
        RefusedError: the folder is no whole backup.
    """
    try:
        said = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if folder.name.endswith(PARTIAL) or said["form"] != _FORM:
            raise ValueError(f"form {said['form']}")
        told = said["snapshot"]
        snapshot = Snapshot(
            [Table(**one) for one in told["tables"]], [Counter(**one) for one in told["sequences"]],
            [(name, digest) for name, digest in told["migrations"]], told["server"],
        )  # fmt: skip
        files = {name: (int(size), str(digest)) for name, (size, digest) in said["files"].items()}
        return Backup(folder, datetime.fromisoformat(said["made_at"]), snapshot, files)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RefusedError(f"{folder} is no whole backup ({error}): cuntong backup list names those", field="backup") from error


def listed(folder: Path) -> list[Backup]:
    """Whole backups of a folder, oldest first."""
    found = []
    for path in sorted(folder.glob("cuntong-*Z")) if folder.is_dir() else []:
        try:
            found.append(read(path))
        except RefusedError:
            continue
    return found


def faults(backup: Backup) -> list[str]:
    """What is not as the manifest says, a line each; every byte is read."""
    found = []
    for name, (size, digest) in backup.files.items():
        path = backup.folder / name
        if not path.is_file():
            found.append(f"{name} is missing")
        elif path.stat().st_size != size or _digest(path) != digest:
            found.append(f"{name} was changed")
    listed_ = {*backup.files, MANIFEST}
    found += [
        f"{path.relative_to(backup.folder)} does not belong to it"
        for path in _files(backup.folder)
        if str(path.relative_to(backup.folder)) not in listed_
    ]
    return found


def copy_out(backup: Backup, name: str, target: Path) -> int:
    """Copy `files/<name>` back; number of files. A file that is there already must be the same.

    Raises:
        RefusedError: another file of that name is there; what was copied before stays.
    """
    count = 0
    for path in _files(backup.folder / "files" / name):
        place = target / path.relative_to(backup.folder / "files" / name)
        if place.exists() and _digest(place) != _digest(path):
            raise RefusedError(f"{place} is there and is another file: restore into a new data folder", field="data")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, place)
        count += 1
    return count


def seal_secrets(place: Path, folder: Path, words: str) -> None:
    """Put the key files of a folder into a backup, sealed with AES-256-GCM under a key made from the words (scrypt, n = 2^15)."""
    if len(words) < _WORDS_LEAST:
        raise RefusedError(f"the passphrase is too short: take {_WORDS_LEAST} characters or more", field="passphrase")
    held = {str(path.relative_to(folder)): path.read_bytes().hex() for path in _files(folder)}
    salt, nonce = os.urandom(_SALT), os.urandom(_NONCE)
    sealed = AESGCM(_key(words, salt)).encrypt(nonce, json.dumps(held).encode(), b"cuntong secrets")
    (place / SECRETS).write_bytes(salt + nonce + sealed)


def unseal_secrets(backup: Backup, folder: Path, words: str) -> list[str]:
    """Write the sealed key files to a folder, mode 0600; their names. A key that is there already must be the same.

    Raises:
        RefusedError: no secrets in the backup, the wrong passphrase, or another key is there.
    """
    path = backup.folder / SECRETS
    if not path.is_file():
        raise RefusedError("the backup holds no secrets: put the folder secrets back from where it is kept", field="secrets")
    content = path.read_bytes()
    salt, nonce, sealed = content[:_SALT], content[_SALT : _SALT + _NONCE], content[_SALT + _NONCE :]
    try:
        held: dict[str, Any] = json.loads(AESGCM(_key(words, salt)).decrypt(nonce, sealed, b"cuntong secrets"))
    except InvalidTag as error:
        raise RefusedError("the passphrase does not open the secrets of this backup", field="passphrase") from error
    for name, text in held.items():
        place = folder / name
        if place.exists() and place.read_bytes() != bytes.fromhex(text):
            raise RefusedError(f"{place} is there and is another key: restore into a new data folder", field="secrets")
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        place.touch(mode=0o600)
        place.write_bytes(bytes.fromhex(text))
    return sorted(held)


def _key(words: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=1 << 15, r=8, p=1).derive(words.encode())


def _files(folder: Path) -> Iterator[Path]:
    return iter(sorted(path for path in folder.rglob("*") if path.is_file()))


def _digest(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
