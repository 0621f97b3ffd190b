"""Encrypted bodies (attribute bit 10, RSA): what a cipher must do, and how frames are opened and closed with one, JT/T 808-2019 4.4.3."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from protocols.jt808.framing import checksum
from protocols.jt808.header import ENCRYPTION_MASK, LENGTH_MASK, RSA, Header

PLAIN_BLOCK, CIPHER_BLOCK = 117, 128
"""Bytes of a block before and behind RSA with a modulus of 128 bytes, as PKCS #1 version 1.5 pads."""
SEALED_PACKET = 7 * PLAIN_BLOCK
"""Longest body that one frame holds where every packet is encrypted by itself, bytes."""
PACKET, MESSAGE = "packet", "message"
"""What is encrypted: the body of each packet, or the body of the message before it is cut."""


class BodyCipher(Protocol):
    """Opens what comes and seals what goes; the door supplies it, for RSA is not ours to write.

    Attributes:
        scope: `PACKET` or `MESSAGE`.
        seals: False where the other side gave no key, and what goes to it stays in clear.
    """

    scope: str

    @property
    def seals(self) -> bool:
        """See above."""

    def encrypt(self, body: bytes) -> bytes:
        """The body sealed for the other side: blocks of `PLAIN_BLOCK` bytes become `CIPHER_BLOCK` bytes."""

    def decrypt(self, body: bytes) -> bytes | None:
        """The body opened; None when it cannot be."""


def opens(header: Header, cipher: BodyCipher | None) -> bool:
    """Whether the cipher opens the body of this frame by itself: RSA, and not one packet of a message that was sealed whole."""
    if cipher is None or header.attributes & ENCRYPTION_MASK != RSA:
        return False
    return cipher.scope == PACKET or (header.package_total or 1) == 1


def waits_for_whole(header: Header, cipher: BodyCipher | None) -> bool:
    """Whether the frame is one packet of a message that was sealed whole, and is opened when all of them are there."""
    return cipher is not None and header.attributes & ENCRYPTION_MASK == RSA and not opens(header, cipher)


def in_clear(header: Header, head: bytes, body: bytes) -> tuple[Header, bytes]:
    """(header, unescaped frame) as if the body had come in clear; the frame ends with its checksum.

    Args:
        header: of the encrypted frame.
        head: its bytes before the body.
        body: the opened body.
    """
    attributes = header.attributes & ~ENCRYPTION_MASK & ~LENGTH_MASK | len(body)
    frame = head[:2] + attributes.to_bytes(2, "big") + head[4:] + body
    return replace(header, attributes=attributes, body_length=len(body), encrypted=False), frame + bytes((checksum(frame),))
