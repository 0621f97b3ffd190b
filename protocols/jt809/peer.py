"""What is agreed with one platform at the other end: version, key constants, charset."""

from __future__ import annotations

from dataclasses import dataclass

from protocols.fields import V2011, V2019
from protocols.jt808.profile import STANDARD, Profile
from protocols.jt809.cipher import CipherKeys

VERSIONS = (V2011, V2019)
"""Editions of JT/T 809."""


@dataclass(frozen=True, slots=True)
class Peer:
    """How one platform speaks.

    Attributes:
        version: "2011" or "2019"; "auto" reads a frame as 2019 where its header holds a plausible time, else as 2011.
        access_code: 接入码 of the subordinate platform, in every header.
        keys: constants of the cipher; None when nothing is encrypted.
        encrypt: True to cipher what we send.
        version_flag: the three bytes of the header's version.
        profile: charset, offset of clocks and additional items of the positions inside.
    """

    version: str = "auto"
    access_code: int = 0
    keys: CipherKeys | None = None
    encrypt: bool = False
    version_flag: tuple[int, int, int] = (1, 0, 0)
    profile: Profile = STANDARD


ANYBODY = Peer()
