"""A JT/T 808 terminal without its socket: registers, authenticates, reports, repeats, uploads what it kept."""

from __future__ import annotations

from domain.errors import RefusedError
from protocols.jt808.framing import Splitter
from protocols.jt808.messages.registration import Authentication, Registration
from protocols.jt808.messages.session import Heartbeat, TimeRequest
from protocols.jt808.reassembly import MEDIA_DATA
from simulators.commands import obey
from simulators.equipment import Equipment
from simulators.fix_upload import upload
from simulators.frames import LOCATION, LOCATION_BATCH, acknowledgement
from simulators.identity import Identity
from simulators.link_state import Acknowledged, Question, SessionSettings, State
from simulators.outbox import FAILED, Fix, Outbox
from simulators.secrecy import TerminalSecrecy
from simulators.speaker import Speaker


class Session(Speaker):
    """One terminal's side of the protocol, over any number of links one after the other. Sans-IO: time is an argument.

    Args:
        identity: who it is.
        settings: its times and bounds.
        start_serial, equipment, secrecy: see `Speaker`.

    Attributes:
        auth_code: kept over links; None until the platform gave one.
        closing: reason for which the door must close the link; None while it may go on.
        last_body: body of the newest report, b"" before the first.
        follow_interval_s, follow_until_ms: order of 0x8202; 0 when none.
    """

    def __init__(
        self, identity: Identity, settings: SessionSettings, start_serial: int = 0, equipment: Equipment | None = None,
        secrecy: TerminalSecrecy | None = None,
    ) -> None:  # fmt: skip
        super().__init__(identity, equipment, secrecy, start_serial)
        self.settings = settings
        self.outbox = Outbox(settings.outbox)
        self.auth_code: str | None = None
        self.closing: str | None = None
        self.last_body = b""
        self.follow_interval_s = 0
        self.follow_until_ms = 0
        self.clock_offset_ms = 0
        self._splitter = Splitter()
        self._question = Question()
        self._heard_ms = 0
        self._heartbeat_ms = 0

    def connected(self, now_ms: int) -> None:
        """A new link: authenticate with the code at hand, or register."""
        self._splitter = Splitter()
        self._queue = []
        self.closing = None
        self.assemblies = None
        self.writable = True
        self._heard_ms = self._heartbeat_ms = now_ms
        self.counts["links"] += 1
        if self.secrecy is not None:
            self.secrecy.forget()
        self._authenticate(now_ms) if self.auth_code is not None else self._register(now_ms)

    def disconnected(self) -> None:
        """The link is gone; what was on its way waits for the next one."""
        self.state = State.CLOSED
        self._queue = []
        self.outbox.land()
        self.media.links_lost()

    def report(self, fix: Fix, body_xor: int, now_ms: int) -> None:
        """Send one fix at once, or keep it while there is no link or too much is unanswered."""
        self.last_body = fix[1]
        if not self.outbox.admit():
            return
        if self.state is not State.ONLINE or not self.writable or not self.outbox.room:
            self.outbox.keep(fix)
            return
        if self.sealing is not None:
            (serial,), (frame,) = self.frames_of(LOCATION, fix[1])
        else:
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
            upload(self, now_ms)
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
        if message_id == MEDIA_DATA and self.media.answered(serial, now_ms):
            self.pump(now_ms)
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
        upload(self, now_ms)
        self.pump(now_ms)
        self.tell_driver(now_ms)

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
        if self.secrecy is not None and self.secrecy.spontaneous:
            self.say(self.secrecy.public())
        upload(self, now_ms)
        self.pump(now_ms)

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
