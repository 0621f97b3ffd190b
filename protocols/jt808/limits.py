"""Parameters of a connection, with their defaults."""

from __future__ import annotations

from dataclasses import dataclass

from protocols.jt808.framing import MAX_FRAME


@dataclass(frozen=True, slots=True)
class Limits:
    """Parameters of a connection.

    Attributes:
        max_frame: longest run kept, bytes.
        junk_before_auth, junk_per_minute: junk bytes that close the link, before authentication and in a minute after it.
        wrong_codes: refused authentications that close the link.
        idle_ms: silence that closes the link; 0 where the door keeps that clock itself.
        packets: most packets of one message.
        assemblies, assembly_bytes: most messages in assembly on a link, and their bytes.
        gap_ms, requests, end_ms: silence before the first 0x8003, how many of them (each wait doubled), silence that ends it.
        wait_ms, repeats: wait for an answer and repeats of a command; each wait is the one before times (repeat + 1).
        open_commands: most open commands of a link.
        grace_ms: wait after an acknowledgement of another than the last packet.
        keep_ms, keep_bytes: how long and how much of sent packets is kept to serve a request for missing ones.
    """

    max_frame: int = MAX_FRAME
    junk_before_auth: int = 8_192
    junk_per_minute: int = 65_536
    wrong_codes: int = 5
    idle_ms: int = 0
    packets: int = 4_096
    assemblies: int = 4
    assembly_bytes: int = 4 << 20
    gap_ms: int = 5_000
    requests: int = 3
    end_ms: int = 60_000
    wait_ms: int = 10_000
    repeats: int = 3
    open_commands: int = 32
    grace_ms: int = 3_000
    keep_ms: int = 120_000
    keep_bytes: int = 1 << 20


DEFAULT_LIMITS = Limits()
