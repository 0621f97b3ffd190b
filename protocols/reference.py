"""Other people's test vectors compared with what this package reads: the adapter from their names to ours.

A vector has `id`, `protocol`, `hex`, `expect`, `expect_level` and `anomalies`; only keys present in `expect` are compared.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from protocols import reference_platform, reference_stream
from protocols.anomaly import Code
from protocols.jt808.codec import Examined, encode, examine, find_definition
from protocols.jt808.framing import Splitter, unescape
from protocols.jt808.header import terminal_key
from protocols.jt808.profile import PROFILES, STANDARD, Profile
from protocols.reference_commands import SIZES
from protocols.reference_media import MEDIA_BODIES
from protocols.reference_names import BODIES

PROFILE_OF = {"jt808-0x1210-004": "hei_biao", "jt808-0x1210-005": "yue_biao"}
"""Vectors that are read with a profile: alarm identifiers of other provinces."""

MATCHED, DIFFERS, NOT_COVERED = "matched", "differs", "not covered yet"

_LABELS = {
    "bad_checksum": Code.BAD_CHECKSUM, "lone_7d": Code.LONE_ESCAPE, "noncanonical_escaping": Code.NONCANONICAL_ESCAPE,
    "non_bcd_phone": Code.NON_BCD_ID, "body_length_mismatch": Code.LENGTH_MISMATCH, "body_decode_failed": Code.SHORT_BODY,
    "trailing_body_bytes": Code.TRAILING_BODY_BYTES, "nonstandard_tlv_tail": Code.TAIL_AFTER_ZERO_ID,
    "truncated_additional_item": Code.TRUNCATED_ITEM, "nonstandard_length": Code.ITEM_LENGTH, "trailing_bytes": Code.TRAILING_BYTES,
}  # fmt: skip
_LABELLED = frozenset(_LABELS.values())


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that differs: ours and theirs as they print."""

    vector: str
    field: str
    ours: str
    theirs: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a comparison gave: `MATCHED`, `DIFFERS` or `NOT_COVERED` (then only the header was compared)."""

    vector: str
    status: str
    differences: tuple[Difference, ...] = ()


def compare(vector: dict[str, Any]) -> Outcome:
    """Compare one vector; ValueError for hex that is none, KeyError for a vector without its keys."""
    frame = bytes.fromhex(vector["hex"].replace(" ", ""))
    identity, expect = vector["id"], vector["expect"]
    if vector["protocol"] == "jt809":
        return _outcome(identity, reference_platform.expected(vector), reference_platform.read(frame), covered=True)
    if vector["protocol"] == "jt1078":
        whole = {"anomalies": vector["anomalies"], "packets": 1, "left_over": 0}
        return _outcome(identity, {**expect, **whole}, reference_stream.read(frame), covered=True)
    if vector["expect_level"] == "stream":
        return _outcome(identity, expect, _stream(frame), covered=True)
    profile = PROFILES[PROFILE_OF.get(identity, "standard")]
    examined = examine(frame, profile)
    ours = _header(examined)
    header = examined.header
    covered = header is not None and find_definition(header.message_id, STANDARD) is not None
    if examined.message is not None:
        ours |= (BODIES | MEDIA_BODIES).get(type(examined.message), lambda _: {})(examined.message)
        if type(examined.message) in SIZES:
            ours |= SIZES[type(examined.message)](examined.message, examined.body)
        ours["trailing_hex"] = next((odd.detail for odd in examined.anomalies if odd.code is Code.TRAILING_BODY_BYTES), "")
    if covered:
        ours |= {"body_hex": examined.body.hex(), "body_hex_len": len(examined.body), "layout": examined.version}
        ours["anomalies"], theirs = _anomalies(examined), sorted(_code(label) for label in vector["anomalies"])
        expect = {**expect, "anomalies": theirs}  # those of positions stand in the vector's own list too
        if not vector["anomalies"] and examined.message is not None:
            expect, ours["hex"] = {**expect, "hex": frame.hex()}, _again(examined, profile)
    else:
        expect = {key: value for key, value in expect.items() if key in ours}
    return _outcome(identity, expect, ours, covered=covered)


def _outcome(identity: str, expect: dict[str, Any], ours: dict[str, Any], *, covered: bool) -> Outcome:
    found = tuple(Difference(identity, field, _print(mine), _print(other)) for field, mine, other in _unequal("", ours, expect))
    return Outcome(identity, DIFFERS if found else MATCHED if covered else NOT_COVERED, found)


def _unequal(prefix: str, ours: Any, theirs: Any) -> list[tuple[str, Any, Any]]:
    """(path, ours, theirs) of every leaf that differs."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        rows = [(key, value) for key, value in theirs.items() if not (prefix and key == "anomalies")]
        return [odd for key, value in rows for odd in _unequal(f"{prefix}.{key}".lstrip("."), ours.get(key, "absent"), value)]
    if isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        pairs = enumerate(zip(ours, theirs, strict=True))
        return [odd for number, (mine, value) in pairs for odd in _unequal(f"{prefix}[{number}]", mine, value)]
    if isinstance(theirs, str) and theirs.endswith("...") and isinstance(ours, str):
        return [] if ours.startswith(theirs[:-3]) else [(prefix, ours, theirs)]
    if isinstance(theirs, float) and isinstance(ours, (int, float)):
        return [] if abs(theirs - ours) < 1e-9 else [(prefix, ours, theirs)]
    return [] if ours == theirs and isinstance(ours, bool) == isinstance(theirs, bool) else [(prefix, ours, theirs)]


def _print(value: Any) -> str:
    return value if isinstance(value, str) else repr(value)


def _code(label: str) -> str:
    word = label.removeprefix("location:").partition("(")[0].partition(":")[0].partition("_0x")[0]
    return str(_LABELS[word])


def _anomalies(examined: Examined) -> list[str]:
    return sorted(str(odd.code) for odd in examined.anomalies if odd.code in _LABELLED)


def _again(examined: Examined, profile: Profile) -> str:
    """The frame made anew from what was read of it."""
    header = examined.header
    assert header is not None
    package = None if header.package_total is None else (header.package_total, header.package_index or 0)
    return encode(
        examined.message, terminal_id=header.terminal_id, serial=header.serial, version=examined.version, profile=profile, package=package
    ).hex()


def _header(examined: Examined) -> dict[str, Any]:
    header = examined.header
    if header is None:
        return {}
    valid = all(odd.code is not Code.BAD_CHECKSUM for odd in examined.anomalies)
    ours: dict[str, Any] = {
        "message_id": f"0x{header.message_id:04X}", "terminal_phone_bcd": header.terminal_id,
        "terminal_phone": terminal_key(header.terminal_id), "serial": header.serial, "serial_bytes": header.serial_size, "encryption": header.attributes >> 10 & 7,
        "subpackage": header.package_total is not None, "body_length": header.body_length, "checksum_valid": valid, "checksum": unescape(examined.raw)[0][-1],
    }  # fmt: skip
    if header.version_byte is not None:
        ours["protocol_version_byte"] = header.version_byte
    if header.package_total is not None:
        ours |= {"package_total": header.package_total, "package_index": header.package_index}
    return ours


def _stream(data: bytes) -> dict[str, Any]:
    found = [examine(run) for run in Splitter().feed(data)]
    headers = [examined.header for examined in found]
    return {
        "kind": "stream",
        "frame_count": len(found),
        "message_ids": ["" if header is None else f"0x{header.message_id:04X}" for header in headers],
        "checksums_valid": [all(odd.code is not Code.BAD_CHECKSUM for odd in examined.anomalies) for examined in found],
    }


@dataclass(frozen=True, slots=True)
class Listed:
    """One row of a file of known differences."""

    vector: str
    field: str
    ours: str
    theirs: str
    reason: str


def against_list(outcomes: list[Outcome], listed: list[Listed]) -> tuple[list[Difference], list[Listed]]:
    """(differences that no row lists, rows whose vector was compared and no longer differs as they say)."""
    known = {Difference(row.vector, row.field, row.ours, row.theirs) for row in listed}
    found = {odd for outcome in outcomes for odd in outcome.differences}
    seen = {outcome.vector for outcome in outcomes}
    unlisted = [odd for outcome in outcomes for odd in outcome.differences if odd not in known]
    stale = [row for row in listed if row.vector in seen and Difference(row.vector, row.field, row.ours, row.theirs) not in found]
    return unlisted, stale


def tally(outcomes: list[Outcome]) -> dict[str, int]:
    """Number of outcomes by status."""
    return dict(Counter(outcome.status for outcome in outcomes))
