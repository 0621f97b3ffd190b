"""Frames between 0xE7 of some makers: E6 01 -> E6, E6 02 -> E7, 3E 01 -> 3E, 3E 02 -> 3D. Seen in captures of traccar."""

from __future__ import annotations

import re

DELIMITER = b"\xe7"
_READ = {b"\xe6\x01": b"\xe6", b"\xe6\x02": b"\xe7", b"\x3e\x01": b"\x3e", b"\x3e\x02": b"\x3d"}
_WRITE = {plain: escaped for escaped, plain in _READ.items()}
_ESCAPED = re.compile(rb"[\xe6\x3e][\x01\x02]|[\xe6\x3e]", re.DOTALL)
_PLAIN = re.compile(rb"[\xe6\xe7\x3e\x3d]")


def escape(part: bytes) -> bytes:
    """The bytes with E6, E7, 3E and 3D escaped."""
    return _PLAIN.sub(lambda found: _WRITE[found.group()], part)


def unescape(run: bytes) -> tuple[bytes, tuple[int, ...], bool]:
    """(bytes, offsets of lone escapes in them, unlike our escaping) of a run, as `framing.unescape`."""
    out, lone, at = bytearray(), [], 0
    for found in _ESCAPED.finditer(run):
        out += run[at : found.start()]
        if len(found.group()) == 1:
            lone.append(len(out))
        out += _READ.get(found.group(), found.group())
        at = found.end()
    out += run[at:]
    return bytes(out), tuple(lone), escape(bytes(out)) != run


def wrap(frame: bytes) -> bytes:
    """The frame, its checksum included, escaped and between delimiters."""
    return DELIMITER + escape(frame) + DELIMITER


def strip(frame: bytes) -> bytes:
    """The run of a frame: one delimiter taken off each end, where there is one."""
    start = 1 if frame[:1] == DELIMITER else 0
    end = len(frame) - 1 if len(frame) > start and frame[-1:] == DELIMITER else len(frame)
    return frame[start:end]
