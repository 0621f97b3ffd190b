"""Secrets of logins: the installation's key, access tokens signed with it, digests of what is kept hashed."""

from __future__ import annotations

import hashlib
import os
import secrets
import uuid
from dataclasses import dataclass
from pathlib import Path

import jwt

from domain.errors import RefusedError

ACCESS_S = 15 * 60
_TYPE = "access"


@dataclass(frozen=True, slots=True)
class Claims:
    """What an access token says: name, role and region count only where the database cannot be asked, and never for data."""

    session_id: uuid.UUID
    user_id: int
    name: str
    role: str
    region_code: int
    expires_ms: int


def load_secret(path: Path) -> bytes:
    """Key that signs logins, from a file of mode 0600; made on first use.

    Raises:
        RefusedError: the file is readable by others, or too short.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        secret = path.read_bytes()
    else:
        secret = secrets.token_bytes(48)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secret)
    if path.stat().st_mode & 0o077:
        raise RefusedError(f"{path} can be read by other users: chmod 600 {path}", kind="forbidden")
    if len(secret) < 32:
        raise RefusedError(f"{path} holds {len(secret)} bytes, at least 32 are needed: remove it and start again")
    return secret


def digest(secret: str) -> bytes:
    """SHA-256 of a random secret; 256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode()).digest()


def sign(key: bytes, claims: Claims) -> str:
    """Access token: JWT, HS256."""
    said = {
        "typ": _TYPE, "sub": str(claims.user_id), "sid": str(claims.session_id), "name": claims.name, "role": claims.role,
        "region": claims.region_code, "exp": claims.expires_ms // 1000,
    }  # fmt: skip
    return jwt.encode(said, key, algorithm="HS256")


def read(key: bytes, access: str, now_ms: int) -> Claims:
    """What an access token says.

    Raises:
        RefusedError: kind "unauthenticated": forged, malformed or expired.
    """
    try:
        said = jwt.decode(access, key, algorithms=["HS256"], options={"verify_exp": False, "require": ["exp", "sub", "sid", "typ"]})
        if said["typ"] != _TYPE:
            raise ValueError(said["typ"])
        claims = Claims(
            uuid.UUID(str(said["sid"])), int(said["sub"]), str(said["name"]), str(said["role"]), int(said["region"]),
            int(said["exp"]) * 1000,
        )  # fmt: skip
    except (jwt.InvalidTokenError, KeyError, ValueError, TypeError) as error:
        raise RefusedError("the access token is not one of ours", kind="unauthenticated") from error
    if claims.expires_ms <= now_ms:
        raise RefusedError("the access token has expired", kind="unauthenticated")
    return claims


def parts(presented: str) -> tuple[uuid.UUID, str]:
    """Login and secret of a refresh secret; RefusedError, kind "unauthenticated"."""
    session_id, _, secret = presented.partition(".")
    try:
        return uuid.UUID(session_id), secret
    except ValueError as error:
        raise RefusedError("the refresh secret is not one of ours", kind="unauthenticated") from error
