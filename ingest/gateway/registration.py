"""Who may register and who may speak: policies and auth codes, without a read of the database."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from domain.errors import StoreError
from domain.plate import Plate
from ingest.gateway.registry_copy import RegistryCopy

DONE, VEHICLE_TAKEN, NO_SUCH_VEHICLE, TERMINAL_TAKEN, NO_SUCH_TERMINAL = 0, 1, 2, 3, 4
"""Results of 0x8100, JT/T 808-2019 table 13."""

_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Secrets:
    """Keys of the auth codes; previous stays valid while a new one is being rolled out, None when there is none."""

    current: bytes
    previous: bytes | None = None


def load_secrets(path: Path) -> Secrets:
    """Secrets of a file of mode 0600, made on the first start; the one before it is read from `<name>.previous`.

    Raises:
        StoreError: the file can be read by others.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        fresh = path.with_suffix(f".{os.getpid()}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_SECRET_BYTES))
        with contextlib.suppress(FileExistsError):  # another worker was first: its key counts
            os.link(fresh, path)
        fresh.unlink()
    if path.stat().st_mode & 0o077:
        raise StoreError(f"{path} can be read by others: run chmod 600 {path}")
    older = path.with_name(path.name + ".previous")
    return Secrets(path.read_bytes(), older.read_bytes() if older.exists() else None)


def auth_code(secret: bytes, terminal_key: str, generation: int) -> str:
    """Auth code bound to a terminal: base32 of HMAC-SHA256 over number and generation, 16 characters."""
    digest = hmac.new(secret, f"{terminal_key}|{generation}".encode("ascii"), hashlib.sha256).digest()
    return base64.b32encode(digest)[:16].decode("ascii")


@dataclass(frozen=True, slots=True)
class Registrar:
    """Verdicts on 0x0100 and 0x0102.

    Args:
        policy: "open" or "registry".
        secrets: keys of the auth codes.
        registry: the gateway's copy of the registry.
        stale_s: age from which the copy refuses nobody.
    """

    policy: str
    secrets: Secrets
    registry: RegistryCopy
    stale_s: float

    def register(self, terminal_key: str, plate: Plate, now_ms: int) -> int | None:
        """Result of 0x8100; None when no answer may be given because the copy is too old to refuse."""
        if self.policy == "open":
            return DONE
        terminal = self.registry.terminals.get(terminal_key)
        if terminal is None or terminal.state != "registered":
            return None if self.registry.age_s(now_ms) > self.stale_s else NO_SUCH_TERMINAL
        vehicle_id = self.registry.vehicles.get(plate)
        if vehicle_id is None:
            return None if self.registry.age_s(now_ms) > self.stale_s else NO_SUCH_VEHICLE
        if terminal.vehicle_id == vehicle_id:
            return DONE
        holder = self.registry.holder_of(vehicle_id)
        if holder is not None and holder != terminal_key:
            return VEHICLE_TAKEN
        return TERMINAL_TAKEN if terminal.vehicle_id is not None else DONE

    def knows(self, terminal_key: str) -> bool:
        """Whether a terminal may report that knows no authentication."""
        terminal = self.registry.terminals.get(terminal_key)
        return (self.policy == "open" and terminal is None) or (terminal is not None and terminal.state != "revoked")

    def code_for(self, terminal_key: str) -> str:
        """The code that 0x8100 hands out."""
        terminal = self.registry.terminals.get(terminal_key)
        if terminal is not None and terminal.given_code:
            return terminal.given_code
        return auth_code(self.secrets.current, terminal_key, terminal.generation if terminal else 0)

    def accepts(self, terminal_key: str, code: str) -> bool:
        """Whether a code presented in 0x0102 is this terminal's; compared in constant time."""
        terminal = self.registry.terminals.get(terminal_key)
        if terminal is None and self.policy == "registry":
            return False
        if terminal is not None and terminal.state == "revoked":
            return False
        presented = code.encode("utf-8", "replace")
        generation = terminal.generation if terminal else 0
        valid = [auth_code(key, terminal_key, generation) for key in (self.secrets.current, self.secrets.previous) if key]
        if terminal is not None and terminal.given_code:
            valid.append(terminal.given_code)
        return any([hmac.compare_digest(presented, good.encode("utf-8")) for good in valid])
