"""Links whose frames do not stand between 0x7e: their bytes are taken out of the compiled turn and read by the definitions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ingest.gateway.links import COMPILED, DECLARATIVE, UNTOLD, Link
from protocols.jt808.delimiters import SENTENCE_START, spoken, stream_splitter

if TYPE_CHECKING:
    from ingest.gateway.arena import Arena
    from ingest.gateway.host import Host

_COMPILED_DELIMITER = "7e"


def runs_of(host: Host, link: Link, data: bytes) -> Iterator[bytes]:
    """Candidate runs that the next bytes of such a link complete; what is none counts as its junk."""
    splitter = link.splitter = link.splitter or stream_splitter(link.profile.delimiter, host.settings.max_frame)
    junk = -splitter.dropped
    for run in splitter.runs(data):
        if splitter.opened or run.startswith(SENTENCE_START):
            yield run
        else:
            junk += len(run)
    host.links.slots[link.slot]["junk"] += junk + splitter.dropped


def divert(arena: Arena, waiting: list[Link], segments: np.ndarray[Any, Any]) -> list[tuple[Link, bytes]]:
    """(link, bytes) of such links; their segments are left empty. The first bytes of a link tell its form.

    Args:
        arena: holds the bytes and the slots; waiting: link of each segment; segments: `SEGMENT` rows of the turn.
    """
    forms = arena.slots["form"][segments["slot"]]
    found: list[tuple[Link, bytes]] = []
    for place in np.flatnonzero(forms != COMPILED).tolist():
        link, start, end = waiting[place], int(segments[place]["start"]), int(segments[place]["end"])
        if end == start:
            continue
        row = arena.slots[link.slot]
        if row["form"] == UNTOLD:
            link.profile = spoken(link.profile, arena.bytes[start : start + 1].tobytes())
            row["form"] = COMPILED if link.profile.delimiter == _COMPILED_DELIMITER else DECLARATIVE
        if row["form"] == DECLARATIVE:
            found.append((link, arena.bytes[start:end].tobytes()))
            segments[place]["end"] = start
    return found
