"""Alarms and attachments of active safety in the forms of the provinces."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import RefusedError
from protocols.jt808.codec import encode, examine
from protocols.jt808.extras import extra
from protocols.jt808.extras.active_safety import AdasAlarm, AlarmPlace, BlindSpotAlarm, DriverAlarm, HarshDrivingAlarm, TyreAlarm, TyreState
from protocols.jt808.messages.active_safety import Attachment, AttachmentList, AttachmentOrder
from protocols.jt808.profile import PROFILES
from protocols.kinds.alarm_id import FORMS, AlarmIdentifier
from tests.protocols.strategies_video import identifiers
from tests.protocols.test_vectors import shared_vectors

NOW = 1_732_759_141_000
PLACE = AlarmPlace(60, -3, 28_234_567, 112_938_765, NOW, 0b10000000001)
SIZES = {"su_biao": 16, "hei_biao": 38, "yue_biao": 40, "xiang_biao": 16, "chuan_biao": 39}
"""Bytes of the alarm identifier."""


def identifier(profile: str) -> AlarmIdentifier:
    """One of a province's form."""
    return AlarmIdentifier("T000001", NOW, 1, 2, bytes(FORMS[PROFILES[profile].alarm_id].reserved))


def alarms(profile: str) -> dict[int, tuple[Any, int]]:
    """(value, bytes of the item) by item id."""
    known, size = identifier(profile), SIZES[profile]
    tyres = (TyreState(0, 0b10, 210, -5, 90), TyreState(1, 0, 230, 41, 80))
    return {
        0x64: (AdasAlarm(7, 1, 2, 1, 50, 12, 1, 0, 0, PLACE, known), 31 + size),
        0x65: (DriverAlarm(7, 1, 1, 2, 6, bytes(4), PLACE, known), 31 + size),
        0x66: (TyreAlarm(7, 0, PLACE, known, tyres), 25 + size + 18),
        0x67: (BlindSpotAlarm(7, 1, 3, PLACE, known), 25 + size),
        0x70: (HarshDrivingAlarm(7, 0, 2, 3, 40, 0, PLACE, known), 31 + size),
    }


@pytest.mark.parametrize("name", SIZES)
def test_alarms_carry_the_identifier_of_their_province(name: str) -> None:
    profile = PROFILES[name]
    for item_id, (value, size) in alarms(name).items():
        made = extra(item_id, value, profile)
        assert len(made.raw) == size
        assert made.value(profile) == value
        assert made.value() == value, "the bytes tell the form"


def test_an_item_of_another_length_stays_raw() -> None:
    profile = PROFILES["su_biao"]
    assert not profile.extras[0x66].fits(29)
    assert not profile.extras[0x66].fits(11)
    assert not profile.extras[0x67].fits(8)
    assert 0x64 not in PROFILES["standard"].extras


@pytest.mark.parametrize("name", SIZES)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_attachment_messages_survive_a_round_trip_in_every_form(name: str, data: Any) -> None:
    profile = PROFILES[name]
    known = data.draw(identifiers(profile.alarm_id))
    code = known.terminal_code[: FORMS[profile.alarm_id].separate]
    for message in (
        AttachmentList(code, known, "AL1", 0, (Attachment("a.jpg", 5),)),
        AttachmentOrder("10.0.0.1", 1, 2, known, "AL1"),
    ):
        frame = encode(message, terminal_id="1", serial=1, version="2013", profile=profile)
        assert examine(frame, profile).message == message
        assert examine(frame, profile).anomalies == ()


def test_an_identifier_of_another_province_is_refused() -> None:
    with pytest.raises(RefusedError, match="reserved"):
        encode(AttachmentOrder("a", 1, 2, identifier("yue_biao"), "1"), terminal_id="1", serial=1, version="2013")
    with pytest.raises(RefusedError):
        extra(0x64, alarms("yue_biao")[0x64][0], PROFILES["su_biao"])


@pytest.mark.parametrize(("vector", "name"), [("002", "su_biao"), ("004", "hei_biao"), ("005", "yue_biao")])
def test_shared_lists_of_attachments_are_read_by_exactly_their_province(shared: Path, vector: str, name: str) -> None:
    frame = next(bytes.fromhex(row["hex"]) for row in shared_vectors(shared) if row["id"] == f"jt808-0x1210-{vector}")
    clean = {other for other in SIZES if not examine(frame, PROFILES[other]).anomalies}
    assert clean == ({"su_biao", "xiang_biao"} if name == "su_biao" else {name})
    message = examine(frame, PROFILES[name]).message
    assert message.attachments[0].name == "2024-11-22_10_00_00_data.txt"
