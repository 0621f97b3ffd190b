"""What other stacks stumbled over, each by the place where it was reported."""

from __future__ import annotations

import pytest

from domain.errors import RefusedError
from protocols.jt808.codec import build_frame, decode, encode, examine
from protocols.jt808.connection import Connection
from protocols.jt808.events import AnomalyEvent, Closed, Fixes, MessageIn, ReplyIn
from protocols.jt808.extras import Extra
from protocols.jt808.framing import strip_delimiters, unescape
from protocols.jt808.header import Address as Address808
from protocols.jt808.limits import Limits
from protocols.jt808.messages.location import Location, LocationBatch
from protocols.jt808.messages.multimedia import MediaData, MediaReply
from protocols.jt808.messages.parameters import Attributes, ends_attributes
from protocols.jt808.messages.registration import Authentication, Registration
from protocols.jt808.messages.session import PlatformReply, TerminalReply
from protocols.jt808.messages.text import TextDown
from protocols.jt808.profile import STANDARD, parse_profile
from protocols.jt809.cipher import CipherKeys
from protocols.jt809.codec import encode as encode_809
from protocols.jt809.codec import examine as examine_809
from protocols.jt809.framing import Splitter as Splitter809
from protocols.jt809.framing import unescape as unescape_809
from protocols.jt809.header import Address
from protocols.jt809.messages.links import LoginAnswer
from protocols.jt809.peer import Peer
from tests.protocols.test_connection import FIX, NOW, bound, codes, said, spoiled
from tests.protocols.test_reassembly import BATCH, cut


@pytest.mark.parametrize("wanted", [0x7D, 0x7E])
def test_checksum_that_is_itself_escaped(wanted: int) -> None:
    """hylexus/jt-framework#7"""
    for serial in range(65_536):
        frame = encode(PlatformReply(1, 0x0200, 0), terminal_id="13912344329", serial=serial, version="2013")
        run = strip_delimiters(frame)
        if unescape(run)[0][-1] == wanted:
            break
    assert run[-2:] == bytes((0x7D, wanted - 0x7C))
    assert decode(frame) == PlatformReply(1, 0x0200, 0)
    assert not examine(frame).anomalies


def test_one_bad_frame_never_stops_the_next() -> None:
    """SmallChi/JT808Gateway#16"""
    bad = [b"\x7e\x01\x7e", b"\x7ejunk junk junk junk\x7e", spoiled(said(FIX), {20: 9}, repair=False), spoiled(said(FIX), {0: 0x0F})]
    link = bound()
    for frame in bad:
        events = link.receive_data(frame + said(FIX), NOW)
        assert [type(event) for event in events] == [AnomalyEvent, Fixes]


def test_command_only_link_lives_and_closes_once() -> None:
    """hylexus/jt-framework#88, #84"""
    link = bound(limits=Limits(idle_ms=300_000))
    now = NOW
    for _ in range(4):
        pending = link.send(TextDown(1, None, "x"), now)
        now += 200_000
        events = link.receive_data(said(TerminalReply(pending.serials[0], 0x8300, 0), version="2013"), now)
        assert [type(event) for event in events] == [ReplyIn]
        assert link.tick(now) == []
    assert [event for step in (300_000, 300_001, 400_000) for event in link.tick(now + step)] == [Closed("idle")]


def test_2019_frame_without_bit_14_is_read_as_2019() -> None:
    """SmallChi/JT808#26, and its mirror"""
    without = spoiled(said(FIX), {2: 0})
    examined = examine(without)
    assert (codes(examined), examined.message, examined.version) == (["version_bit"], FIX, "2019")
    mirror = spoiled(said(FIX, version="2013"), {2: 0x40})
    examined = examine(mirror)
    assert (codes(examined), examined.message, examined.version) == (["version_bit"], FIX, "2013")
    (event,) = bound().receive_data(without, NOW)
    assert isinstance(event, Fixes)


def test_2011_and_2013_are_told_apart_by_body_length() -> None:
    """hylexus/xtream-codec#3"""
    registration = Registration(43, 100, "70111", "AL300", "A123456", 2, "湘A12345")
    for version in ("2011", "2013", "2019"):
        link = Connection()
        (event,) = link.receive_data(said(registration, version=version), NOW)
        assert (event.message, link.version) == (registration, version)
    link = Connection()
    link.receive_data(said(registration, version="2011"), NOW)
    link.receive_data(said(Authentication("code"), version="2013"), NOW)
    assert link.version == "2011", "the edition is remembered"


def test_merged_body_holds_no_packet_item() -> None:
    """zhoyq/spring-boot-starter-jt808#5, zpsw/jt808-netty#2, #12, #14"""
    parts = cut(BATCH)
    bodies = [examine(part).body for part in parts]
    assert sum(map(len, bodies)) == 3 + 90 * 30
    assert all(len(body) <= 1023 for body in bodies)
    link = bound()
    events = [event for part in parts for event in link.receive_data(part, NOW)]
    assert events[-1].message == BATCH


def test_multi_packet_downlink_acked_by_last_serial() -> None:
    """cuteLittleDevil/go-jt808#13"""
    link = bound()
    link.receive_data(said(TerminalReply(9, 0x8300, 0), version="2013"), NOW)
    pending = link.send(TextDown(1, None, "长" * 1200), NOW)
    (event,) = link.receive_data(said(TerminalReply(pending.serials[-1], 0x8300, 0)), NOW)
    assert isinstance(event, ReplyIn)
    assert pending.state == "done"


def test_complete_0801_gets_8800_without_count() -> None:
    """cuteLittleDevil/go-jt808#2: the body is the media id and nothing else"""
    link = bound()
    picture = MediaData(123, 0, 0, 1, 2, Location(0, 2, 1, 1, 0, 0, 0, NOW), bytes(3000))
    events = [event for part in cut(picture) for event in link.receive_data(part, NOW)]
    link.reply(events[-1], 0, NOW)
    (answer,) = link.data_to_send()
    assert examine(answer).header is not None
    assert (decode(answer), examine(answer).body) == (MediaReply(123), bytes.fromhex("0000007B"))


def test_vendor_ids_and_truncated_item_keep_the_position() -> None:
    """SmallChi/JTTools#4, traccar/traccar#5331, SmallChi/JT808#48"""
    extras = (Extra(0x01, b"\x00\x00\x30\x39"), Extra(0x66, b"\x01\x02\x03"), Extra(0xEB, b"vendor"), Extra(0x30, b"\x01\x02"))
    (event,) = bound().receive_data(said(Location(0, 2, 1, 1, 0, 0, 0, NOW, extras, b"\xe1\x75\x5d")), NOW)
    assert isinstance(event, Fixes)
    assert (event.result, codes(event)) == (0, ["item_length", "truncated_item"])
    assert event.message.extras == extras
    assert [item.value() for item in event.message.extras] == [12_345, None, None, None]


def test_blind_batch_and_plain_resend_give_one_track() -> None:
    """SmallChi/JT808#29, #53: the fixes are the same, whichever way they came"""
    fixes = BATCH.locations[:3]
    (batch,) = bound().receive_data(said(LocationBatch.of(1, fixes)), NOW)  # type: ignore[arg-type]
    plain = [event.message for n, fix in enumerate(fixes) for event in bound().receive_data(said(fix, n), NOW)]
    assert list(batch.message.locations) == plain


def test_gbk_and_utf8_plates_by_profile() -> None:
    """ydajiang/jt808client#4, emqx/emqx#16627"""
    gbk = said(Registration(43, 100, "70111", "AL300", "A123456", 2, "湘A12345"))
    utf8 = parse_profile("utf8", 'charset = "utf-8"', {})
    auto = parse_profile("auto", 'charset = "auto"', {})
    in_utf8 = encode(
        Registration(43, 100, "70111", "AL300", "A123456", 2, "湘A12345"), terminal_id="1", serial=0, version="2019", profile=utf8
    )
    assert examine(gbk).message.plate == examine(in_utf8, utf8).message.plate == "湘A12345"
    assert examine(gbk, auto).message.plate == examine(in_utf8, auto).message.plate == "湘A12345"
    assert examine(in_utf8).message.plate != "湘A12345"
    with pytest.raises(RefusedError):
        parse_profile("odd", 'charset = "latin1"', {})


def test_auth_code_is_bound_to_its_terminal() -> None:
    """emqx/emqx#17599: once bound, another number cannot even present a code"""
    link = bound()
    code = Authentication("code", imei="1", software_version="1")
    (event,) = link.receive_data(said(code, terminal_id="13912344330"), NOW)
    assert (type(event), codes(event), event.result) == (AnomalyEvent, ["foreign_id"], 1)
    (event,) = link.receive_data(said(code), NOW)
    assert isinstance(event, MessageIn)


def test_809_escape_at_cipher_end_and_inside_crc() -> None:
    peer = Peer(version="2019", keys=CipherKeys(56_107_078, 37_382_110, 50_361_430))
    seen: set[str] = set()
    for serial in range(6_000):
        answer = LoginAnswer(0, serial)
        frame = encode_809(answer, Address(serial, 1, "2019", encryption=1, key=serial, time_s=1_764_000_000), peer=peer)
        whole, run = unescape_809(frame[1:-1])[0], frame[1:-1]
        seen |= {"cipher end"} if whole[-3] in b"\x5a\x5b\x5d\x5e" else set()
        seen |= {"crc"} if set(whole[-2:]) & set(b"\x5a\x5b\x5d\x5e") else set()
        seen |= {"crc end"} if run[-2:-1] in (b"\x5a", b"\x5e") and whole[-1] in b"\x5a\x5b\x5d\x5e" else set()
        assert list(Splitter809().feed(frame)) == [(True, run)]
        assert (examine_809(frame, peer).message, examine_809(frame, peer).anomalies) == (answer, ())
    assert seen == {"cipher end", "crc", "crc end"}


def test_0107_maker_id_of_5_and_of_11_bytes() -> None:
    """SmallChi/JT808#43, #52, #60: terminals of 2019 send the maker's id in 5 bytes as well as in 11."""
    sent = Attributes(5, "70111", "AL300", "T000001", "89860324947560032900", "HW1", "FW2.0", 3, 0x21)
    short_maker = parse_profile("short", 'extends = "standard"\nmaker_id_0107 = 5', {"standard": STANDARD})
    frames = {
        (version, size): encode(sent, terminal_id="1", serial=0, version=version, profile=profile)
        for version, size, profile in (("2013", 5, STANDARD), ("2019", 11, STANDARD), ("2019", 5, short_maker))
    }
    for (version, size), frame in frames.items():
        examined = examine(frame)
        assert examined.message == sent
        assert examined.anomalies == ()
        assert len(examined.body) == 2 + size + (27 if version == "2013" else 60) + 10 + 4 + 6 + 2


def test_0107_whose_both_readings_end_well_has_11_bytes() -> None:
    """A body that ends exactly with a maker's id of 5 bytes and of 11 is read with 11."""
    maker, model, code = b"70111" + bytes(6), b"m" * 30, b"c" * 30
    # With 5 bytes the ICCID starts six bytes early, and the lengths of both versions are taken from its end.
    iccid = bytes((0x12, 0x34, 0x56, 0x78, 0x00, 0x10, 0, 0, 0, 0))
    versions = bytes((3,)) + b"HW1" + bytes((7,)) + b"FW2.0.1"
    body = b"\x00\x05" + maker + model + code + iccid + versions + b"\x03\x21"
    at = 2 + 5
    assert ends_attributes(body, at, len(body))
    assert ends_attributes(body, at + 6, len(body))
    frame = build_frame(0x0107, body, Address808("1", 0, "2019"))
    assert (examine(frame).message.model, examine(frame).message.firmware_version) == ("m" * 30, "FW2.0.1")
