"""Exchange of RSA keys with terminals: 0x8A00 and 0x0A00, after authentication and again when a key changes. Lives in the worker's loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from domain.errors import RefusedError, StoreError
from ingest.cipher import SessionCipher, load_key_pair, public_parts, terminal_key
from protocols.anomaly import Code
from protocols.jt808.messages.passthrough import PlatformKey, TerminalKey

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import rsa

    from ingest.gateway.host import Host
    from ingest.gateway.links import Link
    from ingest.gateway.sessions import Session

log = structlog.get_logger()

OFF, ANSWER, OFFER = "off", "answer", "offer"
_LOOK_MS = 5_000


class KeyExchange:
    """The platform's side. `gateway.rsa`: off; answer: terminals that send their key; offer: every terminal after authentication.

    Args:
        worker: whose links.
    """

    def __init__(self, worker: Host) -> None:
        self._worker = worker
        self._path = worker.settings.rsa_key_file
        self._current: rsa.RSAPrivateKey | None = None
        self._written_ns = 0
        self._looked_ms = 0

    @property
    def on(self) -> bool:
        """Whether keys are exchanged at all."""
        return self._worker.settings.rsa != OFF

    def open(self) -> None:
        """Read the key pair; make it on the first start. StoreError: see `load_key_pair`."""
        if self.on:
            self._current = load_key_pair(self._path)
            self._written_ns = self._path.stat().st_mtime_ns

    def authenticated(self, link: Link, session: Session) -> None:
        """A terminal has authenticated; it begins in clear."""
        session.connection.encrypt(None)
        session.cipher = session.offered = None
        if self._worker.settings.rsa == OFFER:
            self.offer(link, session)

    def offer(self, link: Link, session: Session) -> None:
        """Tell the terminal the platform's key; nothing when it has not answered the last one yet."""
        if self._current is None:
            return
        try:
            session.connection.send(PlatformKey(*public_parts(self._current)), self._worker.now_ms())
        except RefusedError:
            self._worker.metrics.count("rsa", "busy")
            return
        session.offered = self._current
        self._worker.desk.flush(link, session)

    def told(self, session: Session, message: object) -> int:
        """Take the terminal's answer to a key, or a key of its own accord; the result of a general reply to it."""
        private = session.offered or (session.cipher.private if session.cipher is not None else self._current)
        if private is None:
            return 0
        public = session.cipher.public if session.cipher is not None else None
        if isinstance(message, TerminalKey):
            try:
                public = terminal_key(message.exponent, message.modulus)
            except RefusedError:
                self._worker.metrics.count("anomalies", Code.BAD_VALUE.value)
                return 2
        profile = session.connection.profile
        session.cipher, session.offered = SessionCipher(private, public, profile.rsa_padding, profile.rsa_scope), None
        session.connection.encrypt(session.cipher)
        self._worker.metrics.count("rsa", "exchanged")
        return 0

    def look(self, now_ms: int) -> None:
        """Now and then: a key pair that a person has put in place of the old one is offered to all who have the old one."""
        if not self.on or now_ms - self._looked_ms < _LOOK_MS:
            return
        self._looked_ms = now_ms
        try:
            written_ns = self._path.stat().st_mtime_ns
            if written_ns == self._written_ns:
                return
            self._current = load_key_pair(self._path)
        except (OSError, StoreError) as error:
            log.error("rsa_key_not_read", error=str(error), next="the old key stays in use")
            return
        self._written_ns = written_ns
        log.info("rsa_key_changed", file=str(self._path))
        self.renew()

    def renew(self) -> None:
        """Offer the present key to every terminal that has another one."""
        for link in self._worker.links.live():
            for session in (link.sessions or {}).values():
                if session.cipher is not None and session.cipher.private is not self._current:
                    self.offer(link, session)
