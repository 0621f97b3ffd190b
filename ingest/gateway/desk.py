"""Everything that the kernel leaves to Python: registration, authentication, odd frames, answers to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from domain.plate import Plate
from ingest.gateway.diversion import runs_of
from ingest.gateway.links import AUTHENTICATED, REGISTERED, Link
from ingest.gateway.profiles import adopt
from ingest.gateway.records import append, may_keep
from ingest.gateway.sessions import FORWARDER, Session, session_of
from ingest.log.record import DROPPED, FRAME
from protocols.anomaly import Code
from protocols.jt808.codec import examine
from protocols.jt808.events import AnomalyEvent, Closed, Event, Fixes, Incomplete, MessageIn, ReplyIn, SentenceIn, TimedOut
from protocols.jt808.header import terminal_key
from protocols.jt808.kernels.rows import packed_id
from protocols.jt808.messages.passthrough import PlatformKey, TerminalKey
from protocols.jt808.messages.registration import Authentication, Registration, RegistrationReply
from protocols.jt808.messages.session import Heartbeat, Logout, TerminalReply, TimeRequest

if TYPE_CHECKING:
    from ingest.gateway.host import Host

_MINUTE_MS = 60_000
_FORWARDER_IDLE_MS = 600_000
_NOT_LOGGED = (Heartbeat, TerminalReply, TimeRequest)
"""Messages whose answer promises no storage."""


_REASONS = {code: number for number, code in enumerate(Code, 1)}
"""Number of an anomaly code in the reason byte of a dropped record; the order of the enum."""


class Desk:
    """Decides control frames of one worker's links."""

    def __init__(self, worker: Host) -> None:
        self._worker = worker

    def ask(self, link: Link, run: bytes, received_us: int) -> None:
        """Read one candidate run by the declarative path and act on what it says."""
        now_ms = self._worker.now_ms()
        session = session_of(self._worker, link, run, now_ms)
        if session is None:
            return
        link.profile = session.connection.profile
        for event in session.connection.receive_frame(run, now_ms):
            self._act(link, session, event, received_us, now_ms)
            if link.closing:
                return
        self.flush(link, session)

    def stream(self, link: Link, data: bytes, received_us: int) -> None:
        """Read the next bytes of a link whose frames do not stand between 0x7e."""
        for run in runs_of(self._worker, link, data):
            if not link.closing:
                self.ask(link, run, received_us)
        if not link.closing:
            self._worker.check_junk(link)

    def settled(self, links: list[Link]) -> None:
        """The bytes of these links are decided, there was junk or the log is behind: judge both."""
        for link in links:
            if not link.closing:
                self._worker.check_junk(link)
                self._worker.flow.check(link)
        self._worker.arena.paused = self._worker.flow.crowded

    def tick(self, now_ms: int) -> None:
        """Timers of sub-packets and commands on every link that has a connection."""
        for link in self._worker.links.live():
            for session in list(link.sessions.values()) if link.sessions else []:
                link.profile = session.connection.profile
                for event in session.connection.tick(now_ms):
                    self._act(link, session, event, self._worker.now_us(), now_ms)
                self.flush(link, session)
                forgotten = link.door == FORWARDER and now_ms - session.heard_ms > _FORWARDER_IDLE_MS
                if forgotten and link.sessions is not None:
                    link.sessions.pop(session.connection.terminal_id or "", None)

    def flush(self, link: Link, session: Session) -> None:
        """Send what a session has to say."""
        for data in session.connection.data_to_send():
            self._worker.arena.send(link, data)

    def _reply(self, link: Link, session: Session, event: Any, result: int, held_us: int | None) -> None:
        """Answer with 0x8001: held until durable when held_us is the arrival, at once when it is None."""
        self.flush(link, session)
        session.connection.reply(event, result, self._worker.now_ms())
        self._release(link, session, held_us)

    def _release(self, link: Link, session: Session, held_us: int | None) -> None:
        for data in session.connection.data_to_send():
            if held_us is None:
                self._worker.arena.send(link, data)
            else:
                self._worker.arena.hold(link, data, held_us)

    def _act(self, link: Link, session: Session, event: Event, received_us: int, now_ms: int) -> None:
        if isinstance(event, MessageIn | Fixes):
            self._heard(link, now_ms)
            self._speak(link, session, event)
            for anomaly in event.anomalies:
                self._worker.metrics.count("anomalies", anomaly.code.value)
        if isinstance(event, MessageIn):
            self._message(link, session, event, received_us, now_ms)
        elif isinstance(event, Fixes):
            self._store(link, session, event, event.result, received_us)
        elif isinstance(event, AnomalyEvent):
            self._anomaly(link, session, event, received_us, now_ms)
        elif isinstance(event, ReplyIn | TimedOut):
            if isinstance(event, ReplyIn):
                self._heard(link, now_ms)
                adopt(self._worker, link, session, event)
                if isinstance(event.pending.message, PlatformKey) and not event.pending.result:
                    self._worker.keys.told(session, event.message)
            self._worker.commands.heard(event)
        elif isinstance(event, Incomplete | SentenceIn):
            sentence = isinstance(event, SentenceIn)
            self._worker.metrics.count(*(("frames", "sentence") if sentence else ("anomalies", Code.ASSEMBLY_TIMEOUT.value)))
        elif isinstance(event, Closed):
            self._worker.close(link, event.reason)

    def _heard(self, link: Link, now_ms: int) -> None:
        self._worker.links.slots[link.slot]["heard_ms"] = now_ms

    def _message(self, link: Link, session: Session, event: MessageIn, received_us: int, now_ms: int) -> None:
        message = event.message
        self._worker.commands.unclaimed(message)
        if isinstance(message, Registration):
            self._register(link, session, event, message, received_us)
        elif isinstance(message, Authentication):
            self._authenticate(link, session, event, message)
        elif isinstance(message, Heartbeat):
            self._worker.metrics.count("frames", "heartbeat")
            self._reply(link, session, event, 0, None)
        elif isinstance(message, Logout):
            self._reply(link, session, event, 0, None)
            self._worker.note(link, "logout", "")
        elif isinstance(message, TerminalKey) and self._worker.keys.on:
            self._take_key(link, session, event, received_us)
        elif message is None and event.header.encrypted:  # a packet of a message that is opened, and logged, when it is whole
            self._reply(link, session, event, 0, None)
        elif isinstance(message, _NOT_LOGGED):
            self.flush(link, session)
        else:
            self._store(link, session, event, event.result, received_us)

    def _store(self, link: Link, session: Session, event: MessageIn | Fixes, result: int, received_us: int) -> None:
        """Append a frame of an authenticated terminal; its answer waits for the log."""
        if not append(self._worker, link, FRAME, event.raw, received_us):
            return
        self._worker.metrics.count("frames", "accepted" if result == 0 else "odd")
        self._reply(link, session, event, result, received_us)

    def _take_key(self, link: Link, session: Session, event: MessageIn, received_us: int) -> None:
        """0x0A00 of the terminal's own accord: the platform's key goes back."""
        result = self._worker.keys.told(session, event.message)
        self._store(link, session, event, result, received_us)
        if not result:
            self._worker.keys.offer(link, session)

    def _register(self, link: Link, session: Session, event: MessageIn, message: Registration, received_us: int) -> None:
        """0x0100: the registrar's verdict, appended first so that the pipeline learns the plate."""
        key = event.header.terminal_id.lstrip("0") or "0"
        again = examine(event.raw, link.profile).message  # the profile that its maker chose may read it otherwise
        message = again if isinstance(again, Registration) else message
        verdict = self._worker.registrar.register(key, Plate(message.plate, message.plate_colour), self._worker.wall_ms())
        if verdict is None:
            self._worker.metrics.count("refused", "stale_roster")
            return
        self._worker.metrics.count("registrations", str(verdict))
        code = self._worker.registrar.code_for(key) if verdict == 0 else None
        if verdict == 0:
            if not append(self._worker, link, FRAME, event.raw, received_us):
                return
            row = self._worker.links.slots[link.slot]
            if row["state"] < REGISTERED:
                row["state"] = REGISTERED
        self.flush(link, session)
        reply = RegistrationReply(event.header.serial, verdict, code)
        session.connection.send(reply, self._worker.now_ms())
        self._release(link, session, received_us if verdict == 0 else None)

    def _authenticate(self, link: Link, session: Session, event: MessageIn, message: Authentication) -> None:
        """0x0102: the code must be this terminal's; then the link is its own, and older links of it end."""
        key = event.header.terminal_id.lstrip("0") or "0"
        worker = self._worker
        if not worker.registrar.accepts(key, message.auth_code):
            worker.metrics.count("anomalies", Code.AUTH_REFUSED.value)
            link.wrong_codes += 1
            self._reply(link, session, event, 1, None)
            if link.wrong_codes >= worker.settings.wrong_codes:
                worker.close(link, "wrong_codes")
            return
        self._bind(link, session, event.header.terminal_id)
        worker.roster.claim(key, link)  # before the answer: a terminal that has it may already be dialling in elsewhere
        worker.commands.newcomers.append(key)
        self._reply(link, session, event, 0, None)
        worker.keys.authenticated(link, session)
        worker.note(link, "authenticated", key)

    def _bind(self, link: Link, session: Session, terminal_id: str) -> None:
        """From here on the session is the terminal's, and so is its link unless a forwarder shares it."""
        session.connection.bind(terminal_id)
        session.terminal = terminal_key(terminal_id)
        if link.door != FORWARDER:
            row = self._worker.links.slots[link.slot]
            row["id_hi"], row["id_lo"] = packed_id(terminal_id)
            row["state"], row["junk"] = AUTHENTICATED, 0
            link.terminal = session.terminal

    def _speak(self, link: Link, session: Session, event: MessageIn | Fixes) -> None:
        """Take up the profile that a message tells; a terminal whose profile knows no authentication is known by its number."""
        adopt(self._worker, link, session, event)
        key = terminal_key(event.header.terminal_id)
        if session.terminal or link.profile.before_auth != "accept":
            return
        if not self._worker.registrar.knows(key) or isinstance(event.message, Registration | Authentication):
            return
        self._bind(link, session, event.header.terminal_id)
        self._worker.roster.claim(key, link)
        self._worker.commands.newcomers.append(key)
        self._worker.note(link, "authenticated", key)

    def _anomaly(self, link: Link, session: Session, event: AnomalyEvent, received_us: int, now_ms: int) -> None:
        """A frame that is not taken: counted, kept as dropped while there are few of them, answered as it deserves."""
        for anomaly in event.anomalies:
            self._worker.metrics.count("anomalies", anomaly.code.value)
        drops = [a for a in event.anomalies if a.drop]
        codes = {a.code for a in event.anomalies}
        if drops and not codes & {Code.BAD_CHECKSUM, Code.JUNK, Code.SHORT_FRAME}:
            self._heard(link, now_ms)
        appended = False
        if session.connection.authenticated and not codes & {Code.NOT_AUTHENTICATED, Code.FOREIGN_ID}:
            kind = DROPPED if drops else FRAME
            if kind == FRAME or may_keep(self._worker, session, now_ms):
                reason = _REASONS[drops[0].code] if drops else 0
                appended = append(self._worker, link, kind, event.raw, received_us, reason)
                if not appended:
                    return
        if event.result is not None:
            self._reply(link, session, event, event.result, received_us if appended else None)
