"""Forms of a link: frames between 0x7E, between 0xE7 (makers' own), or ASCII sentences `( ... )`; by profile or by the first byte."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import MappingProxyType

from protocols.jt808 import framing, framing_e7
from protocols.jt808.framing import MAX_FRAME, Splitter
from protocols.jt808.profile import Profile

SENTENCE_START, SENTENCE_END = b"(", b")"
_SENTENCE = re.compile(rb"\([\x20-\x27\x2a-\x7e]*\)?")
_ASKS_TIME = re.compile(r"\bBASE,2\b")
_TIME = "TIME"


@dataclass(frozen=True, slots=True)
class Delimiting:
    """How frames stand in a stream.

    Attributes:
        mark: what ends a run; it begins one too, but for sentences.
        strip: the run of a frame, without its delimiters.
        unescape: (bytes, offsets of lone escapes, unlike our escaping) of a run.
        escape: the bytes of a run again.
        wrap: the frame, escaped and between delimiters.
    """

    mark: bytes
    strip: Callable[[bytes], bytes]
    unescape: Callable[[bytes], tuple[bytes, tuple[int, ...], bool]]
    escape: Callable[[bytes], bytes]
    wrap: Callable[[bytes], bytes]


DELIMITINGS: Mapping[str, Delimiting] = MappingProxyType({
    "7e": Delimiting(b"\x7e", framing.strip_delimiters, framing.unescape, framing.escape, framing.wrap),
    "e7": Delimiting(framing_e7.DELIMITER, framing_e7.strip, framing_e7.unescape, framing_e7.escape, framing_e7.wrap),
    "ascii": Delimiting(SENTENCE_END, framing.strip_delimiters, framing.unescape, framing.escape, framing.wrap),
})  # fmt: skip
"""By `Profile.delimiter`."""


_FIRST = {b"\x7e": "7e", framing_e7.DELIMITER: "e7", SENTENCE_START: "ascii"}
LINK_HEADS = (framing_e7.DELIMITER, SENTENCE_START)
"""First bytes of links whose frames do not stand between 0x7E."""


def spoken(profile: Profile, first: bytes) -> Profile:
    """The profile in the form of a link whose first bytes these are; in its own where they tell none."""
    return in_form(profile, _FIRST.get(first[:1], profile.delimiter))


def in_form(profile: Profile, delimiter: str) -> Profile:
    """The profile with the delimiter of a link."""
    return profile if profile.delimiter == delimiter else replace(profile, delimiter=delimiter)


def stream_splitter(delimiter: str, max_frame: int = MAX_FRAME) -> Splitter:
    """A splitter for the form of a link."""
    return Splitter(max_frame, DELIMITINGS[delimiter].mark)


def sentence(run: bytes) -> str | None:
    """Text of a sentence, without its parentheses; None where the run is none."""
    if not _SENTENCE.fullmatch(run):
        return None
    return run[1:].removesuffix(SENTENCE_END).decode("ascii")


def sentence_reply(text: str, epoch_ms: int) -> bytes | None:
    """What a sentence earns: `(id,BASE,2,TIME)` its own words with TIME as yyyyMMddHHmmss UTC (traccar's captures); None for nothing."""
    if not _ASKS_TIME.search(text) or _TIME not in text:
        return None
    now = datetime.fromtimestamp(epoch_ms // 1000, UTC).strftime("%Y%m%d%H%M%S")
    return f"({text.replace(_TIME, now)})".encode("ascii")
