"""The stream cipher of JT/T 809 bodies (4.4 of the 2011 text): obfuscation more than secrecy, its own inverse."""

from __future__ import annotations

from dataclasses import dataclass

_U32 = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class CipherKeys:
    """The three constants that two platforms agree on."""

    m1: int
    ia1: int
    ic1: int


def cipher(body: bytes, key: int, keys: CipherKeys) -> bytes:
    """The body ciphered, or opened: each byte with bits 20 to 27 of a running key.

    Args:
        body: clear or ciphered bytes.
        key: the key of the header; 0 counts as 1, as does an `m1` of 0.
        keys: constants of the peer.
    """
    state, m1, ia1, ic1 = key or 1, keys.m1 or 1, keys.ia1, keys.ic1
    out = bytearray(len(body))
    for place, byte in enumerate(body):
        state = (ia1 * (state % m1) + ic1) & _U32
        out[place] = byte ^ (state >> 20 & 0xFF)
    return bytes(out)
