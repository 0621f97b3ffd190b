"""A JT/T 808 terminal without its socket: registers, authenticates, reports, repeats, uploads what it kept."""

from __future__ import annotations

from collections import Counter

from domain.errors import RefusedError
from protocols.jt808.codec import build_frame, encode
from protocols.jt808.framing import Splitter
from protocols.jt808.header import Address
from protocols.jt808.messages.registration import Authentication, Registration
from protocols.jt808.messages.session import Heartbeat, TimeRequest
from simulators.commands import obey
from simulators.frames import LOCATION, LOCATION_BATCH, FrameMaker, acknowledgement, batch_body
from simulators.identity import Identity
from simulators.link_state import Acknowledged, Question, SessionSettings, State
from simulators.outbox import FAILED, Fix, Outbox

BLIND = 1
"""Kind of a 0x0704: fixes kept in a blind area."""
PART_BYTES = 800
"""Body bytes of a packet when an upload is sent in packets."""


class Session:
    """One terminal's side of the protocol, over any number of links one after the other. Sans-IO: time is an argument.

    Args:
        identity: who it is.
        settings: its times and bounds.
        start_serial: first serial.

    Attributes:
        state: of the present link.
        auth_code: kept over links; None until the platform gave one.
        closing: reason for which the door must close the link; None while it may go on.
        last_body: body of the newest report, b"" before the first.
        follow_interval_s, follow_until_ms: order of 0x8202; 0 when none.
        counts: what happened, by word.
    """

    def __init__(self, identity: Identity, settings: SessionSettings, start_serial: int = 0) -> None:
        self.identity = identity
        self.settings = settings
        self.outbox = Outbox(settings.outbox)
        self.frames = FrameMaker(identity.terminal_id, identity.version)
        self.state = State.CLOSED
        self.auth_code: str | None = None
        self.closing: str | None = None
        self.last_body = b""
        self.follow_interval_s = 0
        self.follow_until_ms = 0
        self.clock_offset_ms = 0
        self.writable = True
        self.counts: Counter[str] = Counter()
        self._serial = start_serial & 0xFFFF
        self._splitter = Splitter()
        self._queue: list[bytes] = []
        self._question = Question()
        self._heard_ms = 0
        self._heartbeat_ms = 0

    def next_serial(self) -> int:
        """The next serial, modulo 65,536."""
        serial = self._serial
        self._serial = (serial + 1) & 0xFFFF
        return serial

    def data_to_send(self) -> list[bytes]:
        """Frames queued since the last call."""
        out, self._queue = self._queue, []
        return out

    def say(self, message: object) -> int:
        """Queue a message; returns its serial."""
        serial = self.next_serial()
        self._queue.append(encode(message, terminal_id=self.identity.terminal_id, serial=serial, version=self.identity.version))
        return serial

    def repeat(self, frames: list[bytes]) -> None:
        """Queue frames that were sent before, unchanged."""
        self._queue += frames

    def connected(self, now_ms: int) -> None:
        """A new link: authenticate with the code at hand, or register."""
        self._splitter = Splitter()
        self._queue = []
        self.closing = None
        self.writable = True
        self._heard_ms = self._heartbeat_ms = now_ms
        self.counts["links"] += 1
        self._authenticate(now_ms) if self.auth_code is not None else self._register(now_ms)

    def disconnected(self) -> None:
        """The link is gone; what was on its way waits for the next one."""
        self.state = State.CLOSED
        self._queue = []
        self.outbox.land()

    def report(self, fix: Fix, body_xor: int, now_ms: int) -> None:
        """Send one fix at once, or keep it while there is no link or too much is unanswered."""
        self.last_body = fix[1]
        if not self.outbox.admit():
            return
        if self.state is not State.ONLINE or not self.writable or not self.outbox.room:
            self.outbox.keep(fix)
            return
        serial = self.next_serial()
        frame = self.frames.report(fix[1], body_xor, serial)
        self.outbox.fly(serial, LOCATION, frame, (fix,), now_ms)
        self._queue.append(frame)

    def receive_data(self, data: bytes, now_ms: int) -> list[Acknowledged]:
        """Take bytes from the platform; returns what they acknowledge, to be written down before anything is sent."""
        out: list[Acknowledged] = []
        for run in self._splitter.feed(data):
            answer = acknowledgement(run)
            if answer is None:
                obey(self, run, now_ms, out)
                continue
            self._heard_ms = now_ms
            self.take_answer(answer, now_ms, out)
        if out:
            self._upload(now_ms)
        return out

    def heard(self, now_ms: int) -> None:
        """Note a valid frame of the platform."""
        self._heard_ms = now_ms

    def take_answer(self, answer: tuple[int, int, int], now_ms: int, out: list[Acknowledged]) -> None:
        """Take a 0x8001: (serial, message id, result)."""
        serial, message_id, result = answer
        if serial == self._question.serial and message_id == 0x0102 and self.state is State.AUTHENTICATING:
            self._authenticated(result, now_ms)
            return
        rows = self.outbox.answered(serial, message_id, result)
        if rows is None:
            self.counts["late_answers"] += message_id in (LOCATION, LOCATION_BATCH)
            return
        if rows:
            out.append(Acknowledged(rows, message_id, serial))
        if result == FAILED:
            self.counts["failed_answers"] += 1
            self.closing = "failed"

    def registered(self, result: int, code: str | None, reply_serial: int, now_ms: int) -> None:
        """Take a 0x8100."""
        if self.state is not State.REGISTERING or reply_serial != self._question.serial:
            return
        if result == 0 and code is not None:
            self.auth_code = code
            self._authenticate(now_ms)
            return
        self.counts["registration_refused"] += 1
        self.closing = "registration_refused"

    def tick(self, now_ms: int) -> None:
        """Repeat what is overdue, beat the heart, upload what waits. Call it about once a second."""
        if self.state is State.CLOSED:
            return
        if now_ms - self._heard_ms > self.settings.dead_ms:
            self.closing = "silent_platform"
            return
        if self.state is not State.ONLINE:
            self._ask_again(now_ms)
            return
        if now_ms - self._heartbeat_ms >= self.settings.heartbeat_ms:
            self._heartbeat_ms = now_ms
            self.say(Heartbeat())
        again, given_back = self.outbox.overdue(now_ms)
        self.counts["repeated"] += len(again)
        self._queue += again
        if given_back and now_ms - self._heard_ms > self.settings.heartbeat_ms + self.settings.answer_timeout_ms:
            self.closing = "unanswered"
            return
        self._upload(now_ms)

    def _register(self, now_ms: int) -> None:
        who = self.identity
        self.state = State.REGISTERING
        plate = who.plate
        self._ask(Registration(who.province, who.city, who.maker, who.model, who.terminal_code, plate.colour, plate.number), now_ms)

    def _authenticate(self, now_ms: int) -> None:
        code = self.auth_code
        if code is None:
            raise RefusedError("no code to authenticate with: register first", field="auth_code")
        newer = self.identity.version == "2019"
        self.state = State.AUTHENTICATING
        self._ask(Authentication(code, self.identity.imei, "V1.0") if newer else Authentication(code), now_ms)

    def _authenticated(self, result: int, now_ms: int) -> None:
        self._question = Question()
        if result != 0:
            self.counts["authentication_refused"] += 1
            self.auth_code = None
            self.closing = "authentication_refused"
            return
        self.state = State.ONLINE
        self.counts["logins"] += 1
        if self.identity.version == "2019":
            self.say(TimeRequest())
        self._upload(now_ms)

    def _ask(self, message: object, now_ms: int) -> None:
        serial = self.say(message)
        self._question = Question(serial, self._queue[-1], 1, now_ms + self.settings.answer_timeout_ms)

    def _ask_again(self, now_ms: int) -> None:
        asked = self._question
        if now_ms < asked.deadline_ms:
            return
        if asked.tries > self.settings.answer_retries:
            self.closing = "unanswered"
            return
        asked.tries += 1
        asked.deadline_ms = now_ms + self.settings.answer_timeout_ms * asked.tries
        self._queue.append(asked.frame)

    def _upload(self, now_ms: int) -> None:
        """Send what waits as 0x0704, as far as the outbox lets it."""
        while self.state is State.ONLINE and self.writable and self.closing is None:
            parted = self.settings.parted_fixes
            if parted and len(self.outbox.waiting) > self.outbox.limits.batch_fixes and not self.outbox.flying:
                self._upload_in_parts(self.outbox.next_batch(parted), now_ms)
                return
            fixes = self.outbox.next_batch()
            if not fixes:
                return
            serial = self.next_serial()
            frame = self.frames.batch([body for _, body in fixes], BLIND, serial)
            self.outbox.fly(serial, LOCATION_BATCH, frame, fixes, now_ms)
            self._queue.append(frame)
            self.counts["batches"] += 1

    def _upload_in_parts(self, fixes: tuple[Fix, ...], now_ms: int) -> None:
        if not fixes:
            return
        body = batch_body([body for _, body in fixes], BLIND)
        pieces = [body[at : at + PART_BYTES] for at in range(0, len(body), PART_BYTES)]
        serials = [self.next_serial() for _ in pieces]
        frames = []
        for index, (serial, piece) in enumerate(zip(serials, pieces, strict=True), start=1):
            address = Address(self.identity.terminal_id, serial, self.identity.version, (len(pieces), index))
            frames.append(build_frame(LOCATION_BATCH, piece, address))
        self.outbox.fly_parts(serials[0], LOCATION_BATCH, frames, fixes, now_ms)
        self._queue += frames
        self.counts["parted_uploads"] += 1
