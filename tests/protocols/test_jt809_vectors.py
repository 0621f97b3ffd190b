"""Own vectors of JT/T 809: bodies packed by hand from the tables of the 2011 edition, of messages that no frame of another project shows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from protocols.jt809.codec import encode, examine
from protocols.jt809.envelope import Subject
from protocols.jt809.header import Address
from protocols.jt809.peer import Peer
from tests.protocols.test_vectors import OWN, plain

PATHS = sorted((OWN / "jt809").glob("*.hex"))


def test_the_own_vectors_are_there() -> None:
    assert len(PATHS) == 40
    assert {path.stem for path in PATHS} == {path.stem for path in (OWN / "jt809").glob("*.json")}


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_own_vector_decodes_to_its_values_and_encodes_to_its_bytes(path: Path) -> None:
    frame = bytes.fromhex(path.read_text())
    expected = json.loads(path.with_suffix(".json").read_text("utf-8"))
    examined = examine(frame, Peer(version=expected["version"]))
    assert examined.header is not None and examined.anomalies == ()
    assert f"0x{examined.header.message_id:04X}" == expected["message_id"]
    assert (f"0x{examined.sub_id:04X}" if examined.sub_id else None) == expected["sub_id"]
    assert (examined.header.serial, plain(examined.message)) == (expected["serial"], expected["fields"])
    vehicle = Subject(*expected["vehicle"]) if expected["vehicle"] else None
    assert examined.subject == vehicle
    head = Address(expected["serial"], examined.header.access_code, expected["version"])
    assert encode(examined.message, head, subject=vehicle) == frame
