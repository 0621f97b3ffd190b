"""Stored positions as JT/T 809 writes them: what a device did not say must not keep its positions back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.position import ABSENT, ABSENT_ALTITUDE
from ingest.peers.sights import position
from ingest.uplink_store import Sight
from protocols.jt809.codec import encode, examine
from protocols.jt809.envelope import Subject
from protocols.jt809.header import Address
from protocols.jt809.messages.exchange import LivePosition
from protocols.jt809.peer import Peer

SPOKEN = Sight(
    7, "贵A00001", 2, 1_772_337_600_000, 1_772_337_600_100, 106_700_000, 26_500_000, 0, 3, 1_000_100, 305, 90, 1_100, None, None, 9, None, 0
)  # fmt: skip


@pytest.mark.parametrize("version", ["2011", "2019"])
def test_a_position_without_speed_heading_and_altitude_goes_up_with_noughts(version: str) -> None:
    silent = replace(SPOKEN, speed_kmh10=ABSENT, heading_deg=ABSENT, altitude_m=ABSENT_ALTITUDE, odometer_m=None, satellites=None)
    assert position(silent, version) == position(replace(silent, speed_kmh10=0, heading_deg=0, altitude_m=0), version)
    assert position(silent, version) != position(SPOKEN, version)
    peer = Peer(version=version, access_code=1)
    frame = encode(
        LivePosition(position(silent, version)),
        Address(1, 1, peer.version, peer.version_flag, 0, 0, 0),
        subject=Subject("贵A00001", 2),
        peer=peer,
    )
    assert examine(frame, peer).message == LivePosition(position(silent, version))
