"""RSA sessions: the platform's key pair in its file, and the cipher that `protocols` asks for, by the library `cryptography`."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from domain.errors import RefusedError, StoreError
from protocols.jt808.body_cipher import CIPHER_BLOCK, PACKET, PLAIN_BLOCK

KEY_BITS = 8 * CIPHER_BLOCK
"""0x8A00 has room for a modulus of 128 bytes."""
PKCS1V15, NONE = "pkcs1v15", "none"
_EXPONENT = 65_537


def load_key_pair(path: Path) -> rsa.RSAPrivateKey:
    """The platform's key pair out of a PEM file of mode 0600, made on the first start with its public half beside it (`.pub`).

    Raises:
        StoreError: the file can be read by others, is no RSA key of 1024 bits, or has gone while its public half is still there: what
            terminals encrypt for it would be lost with a new one, so a new one is made only when a person removes both.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    public = path.with_name(path.name + ".pub")
    if not path.exists() and public.exists():
        raise StoreError(f"{path} is gone, {public} is not: restore the key from its backup, or remove {public} to have a new pair made")
    if not path.exists():
        _make(path, public)
    if path.stat().st_mode & 0o077:
        raise StoreError(f"{path} can be read by others: run chmod 600 {path}")
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except (ValueError, TypeError) as error:
        raise StoreError(f"{path} is no private key in PEM ({error}); restore it from its backup") from error
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size != KEY_BITS:
        raise StoreError(f"{path} is no RSA key of {KEY_BITS} bits, which is what 0x8A00 has room for; openssl genrsa {KEY_BITS} makes one")
    return key


def _make(path: Path, public: Path) -> None:
    """A fresh pair; another process that was first wins."""
    fresh = path.with_suffix(f".{os.getpid()}.{secrets.token_hex(4)}")
    key = rsa.generate_private_key(_EXPONENT, KEY_BITS)
    form = serialization.PrivateFormat.PKCS8
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
        file.flush()
        os.fsync(file.fileno())
    with contextlib.suppress(FileExistsError):
        os.link(fresh, path)
        told = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        public.write_bytes(told)
    fresh.unlink()


def public_parts(key: rsa.RSAPrivateKey) -> tuple[int, bytes]:
    """(exponent, modulus of 128 bytes) as 0x8A00 says them."""
    numbers = key.public_key().public_numbers()
    return numbers.e, numbers.n.to_bytes(CIPHER_BLOCK, "big")


def terminal_key(exponent: int, modulus: bytes) -> rsa.RSAPublicKey:
    """A terminal's public key; RefusedError when the numbers are no key of 1024 bits."""
    try:
        key = rsa.RSAPublicNumbers(exponent, int.from_bytes(modulus, "big")).public_key()
    except ValueError as error:
        raise RefusedError(f"no RSA key: {error}", field="modulus") from error
    if key.key_size != KEY_BITS:
        raise RefusedError(f"an RSA key of {key.key_size} bits, {KEY_BITS} are needed", field="modulus")
    return key


class SessionCipher:
    """What opens the uplink of one terminal, with the platform's private key, and seals its downlink with the terminal's public key.

    With padding "none" a block is the number of its 117 bytes, and the last one is filled with zeros: its length is not told, items stop
    at a zero id, and other bodies count with what is behind them.

    Args:
        private: the platform's key that the terminal was told.
        public: the terminal's; None: it gave none, and its downlink goes in clear.
        pad: "pkcs1v15" or "none"; scope: "packet" or "message".
    """

    __slots__ = ("_pad", "private", "public", "scope")

    def __init__(self, private: rsa.RSAPrivateKey, public: rsa.RSAPublicKey | None, pad: str = PKCS1V15, scope: str = PACKET) -> None:
        self.private = private
        self.public = public
        self.scope = scope
        self._pad = pad

    @property
    def seals(self) -> bool:
        """Whether the downlink is encrypted."""
        return self.public is not None

    def encrypt(self, body: bytes) -> bytes:
        """The body in blocks for the terminal."""
        assert self.public is not None
        return b"".join(self._seal(self.public, body[at : at + PLAIN_BLOCK]) for at in range(0, len(body), PLAIN_BLOCK))

    def _seal(self, public: rsa.RSAPublicKey, block: bytes) -> bytes:
        if self._pad == PKCS1V15:
            return public.encrypt(block, padding.PKCS1v15())
        numbers = public.public_numbers()
        number = int.from_bytes(block.ljust(PLAIN_BLOCK, b"\x00"), "big")
        return pow(number, numbers.e, numbers.n).to_bytes(CIPHER_BLOCK, "big")

    def decrypt(self, body: bytes) -> bytes | None:
        """The body opened; None when it is no row of whole blocks, or a block is out of range.

        Wrong padding opens to bytes that nobody can foretell, so that nobody learns from the answer which padding was right.
        """
        if len(body) % CIPHER_BLOCK:
            return None
        opened = bytearray()
        for at in range(0, len(body), CIPHER_BLOCK):
            block = self._open(body[at : at + CIPHER_BLOCK])
            if block is None:
                return None
            opened += block
        return bytes(opened)

    def _open(self, block: bytes) -> bytes | None:
        if self._pad == PKCS1V15:
            try:
                return self.private.decrypt(block, padding.PKCS1v15())
            except ValueError:
                return None
        numbers = self.private.private_numbers()
        e, n = numbers.public_numbers.e, numbers.public_numbers.n
        sealed, blind = int.from_bytes(block, "big"), secrets.randbelow(n - 2) + 2
        if sealed >= n:
            return None
        number = pow(sealed * pow(blind, e, n), numbers.d, n) * pow(blind, -1, n) % n
        return None if number >> 8 * PLAIN_BLOCK else number.to_bytes(PLAIN_BLOCK, "big")
