"""One link, sans-IO: bytes and `now` go in, frozen events and bytes to send come out. No byte of a peer raises."""

from __future__ import annotations

from typing import Any

from domain.errors import RefusedError
from protocols.anomaly import RESULT, Code, anomaly
from protocols.fields import V2013, V2019
from protocols.jt808.answers import at_once, missing_packets, reply_to
from protocols.jt808.body_cipher import BodyCipher
from protocols.jt808.codec import Examined, examine
from protocols.jt808.delimiters import sentence, sentence_reply, spoken, stream_splitter
from protocols.jt808.events import AnomalyEvent, Closed, Event, Fixes, Incomplete, MediaIn, MessageIn, ReplyIn, SentenceIn, packet_in
from protocols.jt808.framing import Splitter
from protocols.jt808.gate import PLATFORM, TERMINAL, JunkMeter, Role, Session, refusal
from protocols.jt808.header import Header, terminal_key
from protocols.jt808.limits import DEFAULT_LIMITS, Limits
from protocols.jt808.messages.multimedia import MediaData
from protocols.jt808.messages.registration import Authentication, Registration
from protocols.jt808.opening import placed
from protocols.jt808.opening import whole as whole_message
from protocols.jt808.outbox import Outbox
from protocols.jt808.pending import Pending
from protocols.jt808.profile import STANDARD, Profile
from protocols.jt808.reassembly import Budget, Reassembly
from protocols.jt808.verdicts import POSITIONS, framing_fault, message_fault, odd_packet, position_result

__all__ = ["PLATFORM", "TERMINAL", "Connection"]

_PROCESS_BUDGET = Budget()


class Connection:
    """Protocol state of one link.

    Args:
        role: `PLATFORM` or `TERMINAL`.
        profile: how the peer speaks; change it only between frames. The first byte of a stream chooses its form.
        limits: parameters.
        serials, slot: where the serial counter lives: an array of unsigned 16 bit shared with others, and the place in it.
        budget: bytes that all links of the process may hold in assemblies.
        epoch_ms: what to add to `now_ms` to get epoch ms UTC, for 0x8004; 0 when `now_ms` is epoch ms.

    `now_ms` never decreases. `terminal_id` is the bound id without leading zeros, None before `bind`; `version` is the edition
    that the peer last used, "2011" where a registration told; `heard_ms` is when the last valid frame came, None before it.
    """

    __slots__ = (
        "_assemblies", "_budget", "_closed", "_id_digits", "_junk", "_outbox", "_splitter", "authenticated", "epoch_ms",
        "heard_ms", "limits", "profile", "role", "terminal_id", "version", "wrong_codes",
    )  # fmt: skip

    def __init__(
        self,
        role: Role = PLATFORM,
        profile: Profile = STANDARD,
        limits: Limits = DEFAULT_LIMITS,
        *,
        serials: Any = None,
        slot: int = 0,
        budget: Budget = _PROCESS_BUDGET,
        epoch_ms: int = 0,
    ) -> None:
        self.role = role
        self.profile = profile
        self.limits, self.epoch_ms = limits, epoch_ms
        self.terminal_id: str | None = None
        self.version = V2013 if profile.version == "auto" else profile.version
        self.authenticated, self.wrong_codes = False, 0
        self.heard_ms: int | None = None
        self._id_digits = ""
        self._budget = budget
        self._junk: JunkMeter | None = None
        self._closed = ""
        self._splitter: Splitter | None = None
        self._assemblies: Reassembly | None = None
        self._outbox = Outbox(limits, one_of_a_kind=role is PLATFORM, serials=serials, slot=slot)

    def receive_data(self, data: bytes, now_ms: int) -> list[Event]:
        """Events of the next bytes of the stream."""
        events: list[Event] = []
        if self._closed or not data:
            return events
        if self._splitter is None:
            self.profile = spoken(self.profile, bytes(data[:1]))
            self._splitter = stream_splitter(self.profile.delimiter, self.limits.max_frame)
        splitter, dropped = self._splitter, self._splitter.dropped
        for run in splitter.runs(bytes(data)):
            self._count_junk(splitter.dropped - dropped, now_ms, events)
            dropped = splitter.dropped
            if not self._closed:
                self._run(run, splitter.opened, now_ms, events)
        self._count_junk(splitter.dropped - dropped, now_ms, events)
        return events

    def receive_frame(self, run: bytes, now_ms: int) -> list[Event]:
        """Events of one candidate run that is split already: escaped, without delimiters."""
        events: list[Event] = []
        if run and not self._closed:
            self._run(run, True, now_ms, events)
        return events

    def _run(self, run: bytes, opened: bool, now_ms: int, events: list[Event]) -> None:
        if (text := sentence(run)) is not None:
            self._outbox.say_sentence(sentence_reply(text, self.epoch_ms + now_ms))
            events.append(SentenceIn(text, run))
            return
        examined = examine(run, self.profile, self._outbox.cipher)
        header = examined.header
        if header is None or framing_fault(examined) is not None:
            junk = (anomaly(Code.JUNK, 0, detail=f"{len(run)} bytes before the first delimiter"),)
            events.append(AnomalyEvent(header, examined.anomalies if opened else junk, None, examined.raw))
            self._count_junk(len(run), now_ms, events)
            return
        self.heard_ms = now_ms
        refused = refusal(Session(self.role, self.profile, self.terminal_id, self.authenticated), header, examined)
        if refused is not None:
            events.append(AnomalyEvent(header, refused[1], RESULT.get(refused[0]), examined.raw))
            return
        self._id_digits = header.terminal_id
        if self.role is PLATFORM and (V2019 in (header.version, self.version) or isinstance(examined.message, Registration)):
            self.version = examined.version
        if examined.message is None:
            self._packet(header, examined, now_ms, events)
        else:
            self._message(MessageIn(header, examined.message, examined.raw, examined.anomalies), now_ms, events)

    def _message(self, event: MessageIn, now_ms: int, events: list[Event]) -> None:
        """A whole message of this session."""
        message, message_id = event.message, event.header.message_id
        known, ended = self._outbox.answered(message_id, message, now_ms)
        events += [ReplyIn(ended, message)] if ended is not None else []
        if isinstance(message, POSITIONS):
            events.append(Fixes(event.header, message, event.raw, event.anomalies, position_result(message)))
            return
        if not known:
            events.append(MediaIn(event.header, message, event.raw, event.anomalies) if isinstance(message, MediaData) else event)
        self._outbox.asked(message, now_ms)
        answer = at_once(message_id, self.epoch_ms + now_ms, self.profile)
        if self.role is PLATFORM and answer is not None:
            self._outbox.say(answer, event.header.terminal_id, event.header.version, self.profile, now_ms)

    def _packet(self, header: Header, examined: Examined, now_ms: int, events: list[Event]) -> None:
        """One packet of a longer message."""
        self._assemblies = self._assemblies or Reassembly(self.limits, self._budget)
        added = self._assemblies.add(header, examined.body, now_ms)
        events += [Incomplete.of(gone, Code.ASSEMBLY_OVERFLOW) for gone in added.evicted]
        examined, odd = placed(examined, added.first_serial, self.profile), examined.anomalies
        if added.code is not None:
            odd = (*odd, found := odd_packet(added.code, header))
            if found.drop:
                events.append(AnomalyEvent(header, odd, RESULT.get(found.code), examined.raw))
                return
        if added.whole is None:
            events.append(packet_in(header, examined.raw, odd, added.media_id))
            return
        whole = whole_message(header, added.whole, examined, self.profile, self._outbox.cipher)
        if (fault := message_fault(whole)) is not None:
            events.append(AnomalyEvent(header, (*odd, *whole.anomalies), RESULT.get(fault.code), examined.raw))
        else:
            self._assemblies.taken(added.whole, whole.message)
            self._message(MessageIn(header, whole.message, whole.raw, (*odd, *whole.anomalies)), now_ms, events)

    def _count_junk(self, size: int, now_ms: int, events: list[Event]) -> None:
        """Count junk; too much of it closes the link."""
        if size and not self._closed:
            self._junk = self._junk or JunkMeter(self.limits)
            events += self.close("junk") if self._junk.too_much(size, now_ms, authenticated=self.authenticated) else []

    def bind(self, terminal_id: str) -> None:
        """The terminal has authenticated: from now on the link is its own, and another id is `foreign_id`."""
        self.terminal_id = terminal_key(terminal_id)
        self.authenticated = True

    def encrypt(self, cipher: BodyCipher | None) -> None:
        """From now on open what comes encrypted and seal what goes, but for keys; None: in clear again."""
        self._outbox.cipher = cipher

    def next_serial(self) -> int:
        """Serial of the next frame; it wraps at 65535."""
        return self._outbox.next_serial()

    def reply(self, event: MessageIn | Fixes | AnomalyEvent, result: int, now_ms: int) -> None:
        """Queue the general reply to an event; nothing for a message that earns none, or a frame without a header."""
        header = event.header
        if header is None:
            return
        if isinstance(event, MessageIn) and isinstance(event.message, Authentication):
            self.wrong_codes = self.wrong_codes + 1 if result else 0
        said = reply_to(event, result, platform=self.role is PLATFORM, profile=self.profile)
        if said is not None:
            self._outbox.say(said, header.terminal_id, header.version, self.profile, now_ms)

    def send(self, message: Any, now_ms: int) -> Pending:
        """Queue a message to the peer and wait for its answer.

        Raises:
            RefusedError: a value does not fit, no terminal is known yet, one of its id is open, or too many are open.
        """
        terminal_id = self.terminal_id or self._id_digits
        if not terminal_id:
            raise RefusedError("no terminal has spoken on this link", field="terminal_id", kind="missing")
        return self._outbox.command(message, terminal_id, self.version, self.profile, now_ms)

    def open_commands(self) -> list[Pending]:
        """Commands without an answer, for the terminal's next link; they wait here no longer."""
        return self._outbox.open_commands()

    def adopt(self, pendings: list[Pending], now_ms: int) -> list[Event]:
        """Send the open commands of the terminal's last link again, once; events of those that cannot be."""
        return list(self._outbox.adopt(pendings, self.terminal_id or self._id_digits, self.version, self.profile, now_ms))

    def data_to_send(self) -> list[bytes]:
        """Queued frames, whole, in order; they are the caller's now."""
        return self._outbox.take()

    def next_timer(self) -> int | None:
        """When `tick` has something next; None when nothing waits."""
        if self._closed:
            return None
        times = [self._outbox.next_timer(), self._assemblies.next_timer() if self._assemblies is not None else None]
        if self.wrong_codes >= self.limits.wrong_codes:
            times.append(self.heard_ms)
        if self.limits.idle_ms and self.heard_ms is not None:
            times.append(self.heard_ms + self.limits.idle_ms)
        return min((time for time in times if time is not None), default=None)

    def tick(self, now_ms: int) -> list[Event]:
        """What time brings: repeats, requests for missing packets, messages given up, the end of a silent link."""
        if self._closed:
            return []
        events: list[Event] = list(self._outbox.tick(now_ms))
        asking, ended = self._assemblies.due(now_ms) if self._assemblies is not None else ([], [])
        for held, question in ((held, missing_packets(held, platform=self.role is PLATFORM)) for held in asking):
            self._outbox.say(question, held.header.terminal_id, held.header.version, self.profile, now_ms)
        events += [Incomplete.of(held, Code.ASSEMBLY_TIMEOUT) for held in ended]
        if self.wrong_codes >= self.limits.wrong_codes:
            events += self.close(Code.AUTH_REFUSED)
        elif self.limits.idle_ms and self.heard_ms is not None and now_ms - self.heard_ms >= self.limits.idle_ms:
            events += self.close("idle")
        return events

    def close(self, reason: str) -> list[Event]:
        """End the link: what was in assembly is given up, and `Closed` is said once."""
        if self._closed:
            return []
        self._closed = str(reason)
        gone = self._assemblies.clear() if self._assemblies is not None else []
        return [*(Incomplete.of(held, self._closed) for held in gone), Closed(self._closed)]
