"""Two links, one of each role, against each other: login, breaks, orders, counts, repeats, garbage."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import RefusedError
from protocols.anomaly import Code
from protocols.jt808.messages.location import Location
from protocols.jt809.answers import follow_up_answer, roll_call_answer
from protocols.jt809.cipher import CipherKeys
from protocols.jt809.codec import encode, examine
from protocols.jt809.envelope import Subject
from protocols.jt809.events import (
    MAIN,
    SUB,
    SUBORDINATE,
    SUPERIOR,
    AnomalyEvent,
    Channel,
    Counted,
    Dial,
    Event,
    Gap,
    LineDown,
    LineUp,
    LoginAsked,
    MessageIn,
    Repeated,
    Role,
)
from protocols.jt809.framing import wrap
from protocols.jt809.line import LinkLimits, State
from protocols.jt809.link import Credentials, Link
from protocols.jt809.messages.alarms import FollowUpAnswer, FollowUpOrder
from protocols.jt809.messages.exchange import Backfill, EndExchange, LivePosition, StartExchange, StartExchangeAnswer
from protocols.jt809.messages.links import LinkTest, MainLinkBroken, SubLinkBroken
from protocols.jt809.messages.platform import PlatformText, PlatformTextAnswer, RollCall, RollCallAnswer
from protocols.jt809.peer import Peer
from protocols.jt809.positions import Position, Position2011, Position2019
from tests.protocols.strategies_jt809 import address, dirty_frames_809

NOW = 1_764_000_000_000
KEYS = CipherKeys(56_107_078, 37_382_110, 50_361_430)
CAR = Subject("湘A12345", 2)


class Pair:
    """Both ends and the two connections between them; bytes may be cut, channels broken."""

    def __init__(self, version: str, *, encrypt: bool = False, step: int = 1 << 20, limits: LinkLimits | None = None) -> None:
        peer = Peer(version=version, access_code=70_000_001, keys=KEYS if encrypt else None, encrypt=encrypt)
        limits = limits or LinkLimits()
        self.low = Link(SUBORDINATE, peer, Credentials(7, "secret", "10.0.0.2", 8809), limits)
        self.high = Link(SUPERIOR, peer, None, limits)
        self.version, self.step, self.now = version, step, NOW
        self.events: dict[Role, list[Event]] = {SUBORDINATE: [], SUPERIOR: []}
        self.reachable = {MAIN, SUB}
        self.high.start(NOW)
        self.note(self.low, self.low.start(NOW))
        self.flow()

    def note(self, link: Link, events: list[Event]) -> None:
        """Do what a door does with events."""
        self.events[link.role] += events
        for event in events:
            if isinstance(event, Dial) and event.channel in self.reachable:
                self.low.connected(event.channel, self.now)
                self.high.connected(event.channel, self.now)
            elif isinstance(event, Dial):
                self.note(link, link.disconnected(event.channel, self.now))
            elif isinstance(event, LoginAsked):
                self.note(link, link.admit(0 if event.login.password == "secret" else 4, 4711, self.now))

    def flow(self) -> None:
        """Carry bytes until both ends are silent."""
        moved = True
        while moved:
            moved = False
            for link, other in ((self.low, self.high), (self.high, self.low)):
                for channel in (MAIN, SUB):
                    data = b"".join(link.data_to_send(channel))
                    moved = moved or bool(data)
                    for at in range(0, len(data), self.step):
                        self.note(other, other.receive_data(channel, data[at : at + self.step], self.now))

    def cut(self, channel: Channel, *, lose: bool = False) -> None:
        """The connection breaks; with `lose` what was queued never arrives."""
        for link in (self.low, self.high):
            if lose:
                link.data_to_send(channel)
            self.note(link, link.disconnected(channel, self.now))
        self.flow()

    def wait(self, seconds: int, *, by: int = 5) -> None:
        """Let time pass."""
        for _ in range(0, seconds, by):
            self.now += 1000 * by
            for link in (self.low, self.high):
                self.note(link, link.tick(self.now))
            self.flow()

    def got(self, role: Role, kind: type) -> list[Any]:
        """Messages of a class that one end was told."""
        return [e for e in self.events[role] if isinstance(e, MessageIn) and isinstance(e.message, kind)]

    def both_up(self) -> bool:
        return all(link.lines[channel].state is State.OPEN for link in (self.low, self.high) for channel in (MAIN, SUB))


@pytest.fixture(params=["2011", "2019"])
def version(request: pytest.FixtureRequest) -> Iterator[str]:
    yield request.param


def fix(version: str, t_ms: int = NOW) -> Position:
    """A position."""
    if version == "2011":
        return Position2011(0, t_ms, 112_938_765, 28_234_567, 50, 51, 150, 45, 80, 3, 0)
    return Position2019(0, Location(0, 3, 28_234_567, 112_938_765, 80, 500, 45, t_ms))


@pytest.mark.parametrize("step", [1, 3, 7, 1 << 20])
@pytest.mark.parametrize("encrypt", [False, True])
def test_login_and_traffic_cut_at_every_byte(version: str, encrypt: bool, step: int) -> None:
    pair = Pair(version, encrypt=encrypt, step=step)
    assert pair.both_up()
    assert [type(e) for e in pair.events[SUBORDINATE]] == [Dial, LineUp, LineUp]
    assert [type(e) for e in pair.events[SUPERIOR]] == [LoginAsked, LineUp, Dial, LineUp]
    assert pair.events[SUPERIOR][2] == Dial(SUB, "10.0.0.2", 8809)
    pair.low.send(LivePosition(fix(version)), pair.now, CAR)
    pair.low.send(Backfill((fix(version), fix(version, NOW + 1000))), pair.now, CAR)
    pair.flow()
    assert [e.message.position for e in pair.got(SUPERIOR, LivePosition)] == [fix(version)]
    assert [e.subject for e in pair.got(SUPERIOR, Backfill)] == [CAR]


def test_wrong_password_is_refused_and_dialled_again_after_a_growing_wait(version: str) -> None:
    pair = Pair(version)
    low = Link(SUBORDINATE, pair.low.peer, Credentials(7, "wrong", "10.0.0.2", 8809))
    high = Link(SUPERIOR, pair.high.peer)
    pair.low, pair.high, pair.events = low, high, {SUBORDINATE: [], SUPERIOR: []}
    high.start(NOW)
    pair.note(low, low.start(NOW))
    pair.flow()
    assert pair.events[SUBORDINATE][-1] == LineDown(MAIN, "login refused: 4")
    assert pair.events[SUPERIOR][-1] == LineDown(MAIN, "login refused: 4")
    pair.wait(40)
    assert sum(isinstance(e, Dial) for e in pair.events[SUBORDINATE]) == 4  # at once, after 5, 10 and 20 s


def test_wrong_verify_code_opens_no_sub_link(version: str) -> None:
    pair = Pair(version)
    pair.cut(SUB)
    pair.high.verify_code = 1
    pair.wait(5)
    assert pair.low.lines[SUB].state is State.KNOCKING
    assert LineDown(SUB, "login refused: 1") in pair.events[SUPERIOR]
    assert any(isinstance(e, AnomalyEvent) and e.anomalies[-1].code is Code.AUTH_REFUSED for e in pair.events[SUBORDINATE])


def test_keep_alive_holds_and_silence_closes(version: str) -> None:
    pair = Pair(version)
    pair.wait(600)
    assert pair.both_up()
    assert pair.low.lines[MAIN].sure_ms is not None
    pair.now += 60_000
    pair.low.tick(pair.now)
    pair.low.data_to_send(MAIN)
    pair.now += 120_000
    down = [e for e in pair.low.tick(pair.now) if isinstance(e, LineDown)]
    assert [(e.channel, e.reason) for e in down] == [(MAIN, "silent"), (SUB, "silent")]


def test_a_connection_without_login_is_closed(version: str) -> None:
    high = Link(SUPERIOR, Peer(version=version))
    high.connected(MAIN, NOW)
    assert high.next_timer() == NOW + 30_000
    assert high.tick(NOW + 30_000) == [LineDown(MAIN, "no login")]


def test_nothing_is_taken_before_login(version: str) -> None:
    high = Link(SUPERIOR, Peer(version=version))
    high.connected(MAIN, NOW)
    (event,) = high.receive_data(MAIN, encode(LinkTest(), address(version)), NOW)
    assert isinstance(event, AnomalyEvent)
    assert event.anomalies[-1].code is Code.NOT_AUTHENTICATED
    with pytest.raises(RefusedError):
        high.send(PlatformText(1, "1", 1, "x"), NOW)


def test_one_channel_down_the_other_carries_on_and_tells(version: str) -> None:
    pair = Pair(version)
    pair.reachable = {SUB}
    pair.cut(MAIN)
    assert len(pair.got(SUPERIOR, MainLinkBroken)) == 1
    pair.low.send(LivePosition(fix(version)), pair.now, CAR)
    pair.flow()
    assert [e.channel for e in pair.got(SUPERIOR, LivePosition)] == [SUB]
    pair.reachable = {MAIN}
    pair.wait(60)
    pair.cut(SUB)
    assert pair.got(SUBORDINATE, SubLinkBroken)
    pair.high.send(StartExchange(1), pair.now, CAR)
    pair.flow()
    assert [e.channel for e in pair.got(SUBORDINATE, StartExchange)] == [MAIN]
    pair.reachable = {MAIN, SUB}
    pair.wait(600)
    assert pair.both_up()


@pytest.mark.parametrize(("code", "wait_ms"), [(0, 5_000), (1, 300_000)], ids=["restarts", "other"])
def test_closing_ends_both_and_the_superior_is_dialled_again_soon_where_it_restarts(version: str, code: int, wait_ms: int) -> None:
    pair = Pair(version)
    pair.high.close(pair.now, code)
    pair.flow()
    assert {e.channel for e in pair.events[SUBORDINATE] if isinstance(e, LineDown)} == {MAIN, SUB}
    assert pair.low.lines[MAIN].dial_ms == pair.now + wait_ms
    pair.high.start(pair.now)
    pair.wait(wait_ms // 1000)
    assert pair.low.lines[MAIN].state is State.OPEN
    pair = Pair(version)
    pair.low.close(pair.now)
    pair.flow()
    pair.cut(MAIN)
    pair.cut(SUB)
    pair.wait(900, by=60)
    assert sum(isinstance(e, Dial) for e in pair.events[SUBORDINATE]) == 1


def test_exchange_starts_and_ends(version: str) -> None:
    pair = Pair(version)
    serial = pair.high.send(StartExchange(1), pair.now, CAR)
    pair.flow()
    assert pair.low.exchanged == {CAR}
    (answer,) = pair.got(SUPERIOR, StartExchangeAnswer)
    assert answer.subject == CAR
    assert answer.answers == (serial if version == "2019" else None)
    pair.high.send(EndExchange(1), pair.now, CAR)
    pair.flow()
    assert pair.low.exchanged == set()


def test_roll_call_text_and_follow_up_are_answered(version: str) -> None:
    pair = Pair(version)
    limit = 10 if version == "2019" else None
    call = pair.high.send(RollCall(1, "430100", limit, 25, "在岗吗"), pair.now)
    text = pair.high.send(PlatformText(1, "430100", 26, "通知"), pair.now)
    order = FollowUpOrder(1, 2, NOW, 306, NOW + 3_600_000, 0, "王", "123", "a@b.cn")
    urged = pair.high.send(order, pair.now, CAR if version == "2011" else None)
    pair.flow()
    (asked,), (ordered,) = pair.got(SUBORDINATE, RollCall), pair.got(SUBORDINATE, FollowUpOrder)
    assert pair.got(SUPERIOR, RollCallAnswer) == []  # a person answers
    pair.low.send(roll_call_answer(asked.message, asked.header, version, "在", "李", "456"), pair.now)
    pair.low.send(follow_up_answer(ordered.message, ordered.header, version, 1), pair.now, ordered.subject)
    pair.flow()
    assert [e.answers for e in pair.got(SUPERIOR, PlatformTextAnswer)] == [text]
    assert [(e.answers, e.message.content) for e in pair.got(SUPERIOR, RollCallAnswer)] == [(call, "在")]
    assert [(e.answers, e.message.result) for e in pair.got(SUPERIOR, FollowUpAnswer)] == [(urged, 1)]


def test_positions_are_counted_on_both_sides(version: str) -> None:
    pair = Pair(version, limits=LinkLimits(count_every=10))
    for _ in range(25):
        pair.low.send(LivePosition(fix(version)), pair.now, CAR)
        pair.flow()
        pair.now += 500
    told = [e for e in pair.events[SUBORDINATE if version == "2011" else SUPERIOR] if isinstance(e, Counted)]
    assert [(e.theirs, e.ours) for e in told] == [(10, 10), (10, 10)]


def test_what_was_lost_in_a_break_comes_again_by_serial() -> None:
    pair = Pair("2019")
    pair.low.send(LivePosition(fix("2019")), pair.now, CAR)
    pair.flow()
    for second in range(1, 4):
        pair.low.send(LivePosition(fix("2019", NOW + 1000 * second)), pair.now, CAR)
    pair.cut(MAIN, lose=True)
    pair.wait(60)
    assert pair.both_up()
    times = [e.message.position.location.time_ms for e in pair.got(SUPERIOR, LivePosition)]
    assert times == [NOW + 1000 * second for second in range(4)]
    assert [e for e in pair.events[SUBORDINATE] if isinstance(e, Repeated)] == [Repeated(3, 0)]


def test_a_gap_is_asked_for_and_filled_once() -> None:
    pair = Pair("2019")
    pair.low.send(LivePosition(fix("2019", NOW)), pair.now, CAR)
    pair.flow()
    pair.low.send(LivePosition(fix("2019", NOW + 1000)), pair.now, CAR)
    pair.low.data_to_send(MAIN)  # lost
    pair.wait(15)
    pair.low.send(LivePosition(fix("2019", NOW + 2000)), pair.now, CAR)
    pair.flow()
    assert [type(e) for e in pair.events[SUPERIOR] if isinstance(e, Gap)] == [Gap]
    times = [e.message.position.location.time_ms for e in pair.got(SUPERIOR, LivePosition)]
    assert times == [NOW, NOW + 2000, NOW + 1000]
    assert pair.low.lines[MAIN].kept.since(pair.now) == pair.low.lines[MAIN].kept.between(pair.low.lines[MAIN].serial - 1, 1 << 32)


def test_messages_that_go_the_other_way_and_strange_vehicles_are_anomalies(version: str) -> None:
    pair = Pair(version)
    up = encode(LivePosition(fix(version)), address(version, serial=99), subject=CAR)
    (event,) = pair.low.receive_data(SUB, up, pair.now)
    assert isinstance(event, AnomalyEvent)
    assert event.anomalies[-1].code is Code.BAD_VALUE
    strange = bytearray(examine(encode(StartExchange(0), address(version, serial=99), subject=CAR)).frame)
    place = strange.index("湘".encode("gbk"))
    strange[place : place + 2] = b"\xff\xff"
    found = pair.low.receive_data(SUB, wrap(bytes(strange[:-2])), pair.now)
    assert isinstance(found[-1], AnomalyEvent)
    assert found[-1].anomalies[-1].code is Code.BAD_VALUE


def test_a_link_needs_an_edition() -> None:
    with pytest.raises(RefusedError):
        Link(SUPERIOR, Peer())


@pytest.mark.parametrize("role", [SUPERIOR, SUBORDINATE])
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    stream=st.lists(st.tuples(st.sampled_from([MAIN, SUB]), dirty_frames_809(), st.integers(0, 100_000)), max_size=8),
    version=st.sampled_from(["2011", "2019"]),
    opened=st.booleans(),
)
def test_a_link_survives_any_stream(role: Role, stream: list[tuple[Channel, bytes, int]], version: str, opened: bool) -> None:
    pair = Pair(version)
    link = (pair.low if role is SUBORDINATE else pair.high) if opened else Link(role, Peer(version=version))
    now = NOW
    for channel, data, step in stream:
        if link.lines[channel].state is State.DOWN:
            link.connected(channel, now)
        for event in link.receive_data(channel, data, now):
            if isinstance(event, LoginAsked):
                link.admit(0, 1, now)
        now += step
        link.tick(now)
        link.next_timer()
        assert all(frame[0] == 0x5B and frame[-1] == 0x5D for each in (MAIN, SUB) for frame in link.data_to_send(each))
