"""Frames of other projects against their reference values, and our own small vectors written from the standards' tables."""

from __future__ import annotations

import dataclasses
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from protocols.jt808.codec import decode, encode, examine, find_definition
from protocols.jt808.extras import Extra
from protocols.jt808.parameters import Parameter
from protocols.jt808.profile import STANDARD
from protocols.reference import DIFFERS, MATCHED, NOT_COVERED, Listed, against_list, compare

OWN = Path(__file__).resolve().parents[1] / "vectors"


def shared_vectors(shared: Path) -> list[dict[str, Any]]:
    """All vectors of the shared file."""
    vectors: list[dict[str, Any]] = json.loads((shared / "vectors" / "frames.json").read_text("utf-8"))
    return vectors


def listed() -> list[Listed]:
    """Known differences."""
    return [Listed(**row) for row in tomllib.loads((OWN / "differences.toml").read_text("utf-8"))["difference"]]


def test_every_shared_frame_is_examined_without_an_exception(shared: Path) -> None:
    vectors = shared_vectors(shared)
    assert len(vectors) == 462
    for vector in vectors:
        examine(bytes.fromhex(vector["hex"]))


def test_every_difference_from_the_reference_is_listed_and_every_row_still_holds(shared: Path) -> None:
    unlisted, stale = against_list([compare(vector) for vector in shared_vectors(shared)], listed())
    assert unlisted == []
    assert stale == []


def test_every_body_of_a_covered_message_is_compared(shared: Path) -> None:
    vectors = [v for v in shared_vectors(shared) if v["protocol"] == "jt808" and v["expect_level"] == "body"]
    covered = [v for v in vectors if find_definition(int(v["expect"]["message_id"], 16), STANDARD) is not None]
    assert len(covered) >= 232
    by_id = {v["id"]: compare(v) for v in covered}
    differing = {name for name, outcome in by_id.items() if outcome.status == DIFFERS}
    assert differing == {row.vector for row in listed() if row.vector in by_id}


def test_every_body_of_all_three_protocols_is_compared(shared: Path) -> None:
    bodies = [vector for vector in shared_vectors(shared) if vector["expect_level"] == "body"]
    assert len(bodies) == 387 and {vector["protocol"] for vector in bodies} == {"jt808", "jt809", "jt1078"}
    assert [vector["id"] for vector in bodies if compare(vector).status == NOT_COVERED] == []


def test_a_stream_packet_that_reads_otherwise_is_seen(shared: Path) -> None:
    vector = next(each for each in shared_vectors(shared) if each["protocol"] == "jt1078")
    assert compare(vector).status == MATCHED
    for spoilt in ({"sequence": 77}, {"payload_length": 3}, {"sim_bcd": "1"}):
        assert compare({**vector, "expect": {**vector["expect"], **spoilt}}).status == DIFFERS
    assert compare({**vector, "hex": vector["hex"] + "00"}).status == DIFFERS


def test_fields_confirmed_by_their_source_match(shared: Path) -> None:
    confirmed = [v for v in shared_vectors(shared) if v.get("cross_checked_fields") and v["protocol"] == "jt808"]
    covered = [v for v in confirmed if find_definition(int(v["expect"]["message_id"], 16), STANDARD) is not None]
    assert len(covered) >= 10
    for vector in covered:
        differing = {odd.field.split("[")[0].split(".")[0] for odd in compare(vector).differences}
        assert not differing & set(vector["cross_checked_fields"]), vector["id"]


def plain(value: Any) -> Any:
    """A message as the own vectors write it."""
    if isinstance(value, (Extra, Parameter)):
        return [value.id, value.raw.hex()]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    return value.hex() if isinstance(value, bytes) else value


@pytest.mark.parametrize("path", sorted((OWN / "jt808").glob("*.hex")), ids=lambda path: path.stem)
def test_own_vector_decodes_to_its_values_and_encodes_to_its_bytes(path: Path) -> None:
    frame = bytes.fromhex(path.read_text())
    expected = json.loads(path.with_suffix(".json").read_text("utf-8"))
    examined = examine(frame)
    assert examined.header is not None
    assert examined.anomalies == ()
    assert f"0x{examined.header.message_id:04X}" == expected["message_id"]
    assert examined.header.terminal_id.lstrip("0") == expected["terminal_id"]
    assert plain(examined.message) == expected["fields"]
    again = encode(decode(frame), terminal_id=expected["terminal_id"], serial=expected["serial"], version=expected["version"])
    assert again == frame


def test_every_message_has_an_own_vector_in_every_edition() -> None:
    from protocols.definition import definition_of
    from protocols.jt808.registry import messages

    have = {tuple(path.stem.split("-")[:1] + path.stem.split("-")[-1:]) for path in (OWN / "jt808").glob("*.hex")}
    want = {
        (f"{message_id:04x}", version) for message_id, owner in messages for version in definition_of(messages[message_id, owner]).versions
    }
    assert want <= have


def test_a_listed_difference_that_is_gone_fails() -> None:
    vector = {
        "id": "x", "protocol": "jt808", "hex": "7E0002000001391234432900007A7E", "expect": {"serial": 0}, "expect_level": "body",
        "anomalies": ["bad_checksum"],
    }  # fmt: skip
    outcome = compare(vector)
    row = Listed("x", "serial", "1", "0", "never so")
    unlisted, stale = against_list([outcome], [row])
    assert stale == [row]
    assert all(odd.field == "anomalies" for odd in unlisted)
