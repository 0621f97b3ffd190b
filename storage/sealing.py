"""Personal data at rest: sealed with AES-256-GCM, found again by a keyed index, shown masked.

A personal field `x` of a table is three columns: `x_sealed bytea`, `x_masked text`, `x_index bytea`. The key file holds one line a key, the newest
last: `index <64 hex digits>` once, `seal <64 hex digits>` one or more. The newest `seal` key seals; all of them unseal.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import re
import secrets
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.errors import StoreError

_FORM, _ID, _NONCE, _TAG = b"\x01", 4, 12, 16
_HEX_DIGITS = 64
_INDEX_BYTES = 16
_LINE = re.compile(r"(index|seal)\s+([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Sealed:
    """The three columns of a personal field; all None where nothing is known."""

    sealed: bytes | None = None
    masked: str | None = None
    index: bytes | None = None


class Sealer:
    """Seals and unseals personal text. A place is "table.field": text sealed for one place does not open in another.

    Args:
        path: the key file (see the module), mode 0600; `load_sealer` makes it.
    Raises:
        StoreError: as of `load_sealer`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        index, seals = _keys(path)
        self._index = index
        self._keys = {_id(key): AESGCM(key) for key in seals}
        self._newest = _id(seals[-1])

    def seal(self, text: str, place: str) -> bytes:
        """Form (1 byte), key id (4), nonce (12), ciphertext of the UTF-8 text, tag (16)."""
        nonce = secrets.token_bytes(_NONCE)
        return _FORM + self._newest + nonce + self._keys[self._newest].encrypt(nonce, text.encode(), place.encode())

    def unseal(self, sealed: bytes, place: str) -> str:
        """The text again.

        Raises:
            StoreError: the key is not in the file, or the bytes have been changed or belong to another place.
        """
        data = bytes(sealed)
        if len(data) < 1 + _ID + _NONCE + _TAG or data[:1] != _FORM:
            raise StoreError(f"{place}: {len(data)} bytes are no sealed text; restore the row from a backup")
        key = self._keys.get(data[1 : 1 + _ID])
        if key is None:
            raise StoreError(f"{place}: key {data[1 : 1 + _ID].hex()} is not in {self._path}; restore the key file from its backup")
        nonce, rest = data[1 + _ID : 1 + _ID + _NONCE], data[1 + _ID + _NONCE :]
        try:
            return key.decrypt(nonce, rest, place.encode()).decode()
        except InvalidTag as error:
            raise StoreError(f"{place}: the sealed text has been changed or belongs elsewhere; restore the row from a backup") from error

    def index(self, text: str, place: str) -> bytes:
        """16 bytes, equal for equal text of a place however it is spaced, hyphenated or cased: for `where x_index = %(index)s`."""
        return hmac.digest(self._index, place.encode() + b"\0" + _plain(text).encode(), "sha256")[:_INDEX_BYTES]

    def fresh(self, sealed: bytes) -> bool:
        """Whether the newest key sealed it; if not, seal it again before the old key is taken out of the file."""
        return bytes(sealed)[1 : 1 + _ID] == self._newest

    def field(self, text: str | None, place: str, mask: Callable[[str], str]) -> Sealed:
        """The three columns of a personal field; nothing for None and for blank text."""
        text = (text or "").strip()
        return Sealed(self.seal(text, place), mask(text), self.index(text, place)) if text else Sealed()


def load_sealer(path: Path) -> Sealer:
    """The sealer of a key file, which is made on the first start with the ids of its keys beside it (`.ids`).

    Raises:
        StoreError: the file can be read by others, holds no keys, or has gone while `.ids` is still there: what was sealed with it would be
            lost with a new one, so a new one is made only when a person removes both.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    ids = _ids(path)
    if not path.exists() and ids.exists():
        raise StoreError(f"{path} is gone, {ids} is not: restore the key file from its backup, or remove {ids} to have a new one made")
    if not path.exists():
        _write(path, f"index {secrets.token_hex(32)}\nseal {secrets.token_hex(32)}\n", replace=False)
    sealer = Sealer(path)
    if not ids.exists():
        _note_ids(path)
    return sealer


def add_key(path: Path) -> str:
    """Append a key, which seals from the next start on; its id, 8 hex digits. StoreError: as of `load_sealer`."""
    _keys(path)
    key = secrets.token_hex(32)
    _write(path, path.read_text(encoding="ascii").rstrip("\n") + f"\nseal {key}\n", replace=True)
    _note_ids(path)
    return _id(bytes.fromhex(key)).hex()


def masked_phone(text: str) -> str:
    """138****5678; of a number of fewer than 8 digits only the last two stay."""
    digits = _plain(text)
    return f"{digits[:3]}{'*' * (len(digits) - 7)}{digits[-4:]}" if len(digits) >= 8 else f"{'*' * max(len(digits) - 2, 0)}{digits[-2:]}"


def masked_identity_card(text: str) -> str:
    """110***********1234: the province and county digits' first three, and the last four; other papers show the last two alone."""
    number = _plain(text)
    return (
        f"{number[:3]}{'*' * (len(number) - 7)}{number[-4:]}"
        if len(number) in (15, 18)
        else f"{'*' * max(len(number) - 2, 0)}{number[-2:]}"
    )


def masked_name(text: str) -> str:
    """张**: the first character, a star for each other (three at most)."""
    name = text.strip()
    return name[:1] + "*" * min(max(len(name) - 1, 0), 3)


def masked_address(text: str) -> str:
    """As far as the county (…市, …区, …县, …旗), then ****; at most half of it where none is named."""
    address = text.strip()
    county = re.match(r".{2,20}[市区县旗]", address[: max(len(address) * 2 // 3, 1)])
    return (county.group() if county else address[: min(6, len(address) // 2)]) + "****"


def _plain(text: str) -> str:
    return re.sub(r"[\s\-]", "", unicodedata.normalize("NFKC", text)).upper()


def _id(key: bytes) -> bytes:
    return hashlib.sha256(b"cuntong key id\0" + key).digest()[:_ID]


def _ids(path: Path) -> Path:
    return path.with_name(path.name + ".ids")


def _note_ids(path: Path) -> None:
    _ids(path).write_text("".join(f"{_id(key).hex()}\n" for key in _keys(path)[1]), encoding="ascii")


def _keys(path: Path) -> tuple[bytes, list[bytes]]:
    """The index key and the sealing keys, oldest first."""
    if not path.exists():
        raise StoreError(f"{path} is gone: restore the key file from its backup")
    if path.stat().st_mode & 0o077:
        raise StoreError(f"{path} can be read by others: run chmod 600 {path}")
    found: dict[str, list[bytes]] = {"index": [], "seal": []}
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            match = _LINE.fullmatch(line.strip())
            if match is None:
                raise StoreError(f"{path} line {number} is no `index` or `seal` with {_HEX_DIGITS} hex digits; restore it from its backup")
            found[match[1]].append(bytes.fromhex(match[2]))
    if len(found["index"]) != 1 or not found["seal"]:
        raise StoreError(f"{path} must hold one index key and at least one seal key; restore it from its backup")
    return found["index"][0], found["seal"]


def _write(path: Path, text: str, *, replace: bool) -> None:
    """Write the file whole and durable; without `replace` another process that was first wins."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    if replace:
        draft.replace(path)
        return
    with contextlib.suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()
