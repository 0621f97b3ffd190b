"""Connections that have not shown who they are: subordinate platforms before 0x1001, superior platforms before 0x9001."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Callable

import structlog

from ingest.peers.peer_link import PeerLink
from ingest.peers.site import Site
from ingest.peers.wire import Wire
from protocols.anomaly import Code
from protocols.jt809.codec import encode, examine
from protocols.jt809.events import MAIN, SUB
from protocols.jt809.framing import Splitter, strip_flags, unescape
from protocols.jt809.header import Address, guess_version
from protocols.jt809.messages.links import Login, LoginAnswer, SubLogin, SubLoginAnswer
from protocols.jt809.peer import Peer

log = structlog.get_logger()

_MOST_BYTES = 8_192
_ACCESS_CODE = slice(10, 14)
_LOGIN = 0x1001
WRONG_ADDRESS, WRONG_CODE, NO_USER, WRONG_PASSWORD = 1, 2, 3, 4
_WORDS = {WRONG_ADDRESS: "address", WRONG_CODE: "access_code", NO_USER: "user", WRONG_PASSWORD: "password"}


class Knocking:
    """Strangers at one listener, each until its first frame.

    Args:
        site: shared.
        enter: takes a whole first frame and everything behind it; True when it was let in.
    """

    def __init__(self, site: Site, enter: Callable[[Wire, bytes, bytes], bool]) -> None:
        self._site, self._enter = site, enter
        self._strangers: dict[Wire, tuple[Splitter, bytearray, int]] = {}

    def wire(self) -> Wire:
        """A fresh connection of the listener."""
        wire = Wire(self)
        if len(self._strangers) >= self._site.settings.max_knocking:
            self._drop(min(self._strangers, key=lambda one: self._strangers[one][2]), "strangers")
        self._strangers[wire] = (Splitter(_MOST_BYTES), bytearray(), self._site.now_ms())
        return wire

    def wire_data(self, wire: Wire, data: bytes) -> None:
        """Bytes of a stranger."""
        splitter, seen, _ = self._strangers[wire]
        seen += data
        for framed, run in splitter.feed(data):
            if not framed:
                continue
            del self._strangers[wire]
            if not self._enter(wire, run, bytes(seen)):
                wire.close()
            return
        if len(seen) > _MOST_BYTES:
            self._drop(wire, "junk")

    def wire_lost(self, wire: Wire) -> None:
        """A stranger has gone."""
        self._strangers.pop(wire, None)

    def tick(self) -> None:
        """Close who does not say who it is."""
        late_ms = self._site.now_ms() - int(self._site.settings.login_s * 1000)
        for wire in [wire for wire, (_, _, since_ms) in self._strangers.items() if since_ms < late_ms]:
            self._drop(wire, "no_login")

    def close(self) -> None:
        """Close all."""
        for wire in list(self._strangers):
            self._drop(wire, "stopping")

    def _drop(self, wire: Wire, reason: str) -> None:
        del self._strangers[wire]
        self._site.count("refused", reason)
        wire.abort()


def access_code_of(run: bytes) -> int:
    """Access code in the header of a frame, which is never ciphered; 0 when it is too short."""
    return int.from_bytes(unescape(strip_flags(run))[0][_ACCESS_CODE], "big")


def enter_main(site: Site, links: dict[int, PeerLink], wire: Wire, run: bytes, seen: bytes) -> bool:
    """Let a subordinate platform in that logs in with its address, access code, user and password; answer 0x1002 to others.

    Who is refused never touches the links of the platform whose access code it named.
    """
    code = access_code_of(run)
    link = next((link for link in links.values() if link.account.role == "subordinate" and link.account.access_code == code), None)
    peer = link.link.peer if link is not None else Peer(version=guess_version(unescape(run)[0]), access_code=code)
    examined = examine(run, peer)
    login = examined.message
    header = examined.header
    if header is None or header.message_id != _LOGIN or any(odd.code is Code.BAD_CRC for odd in examined.anomalies):
        site.count("refused", "no_login")
        return False
    result = WRONG_CODE if link is None or not isinstance(login, Login) else _refusal(link, wire, login)
    if result == 0 and link is not None:
        link.attach(MAIN, wire, seen)
        return True
    site.count("refused", _WORDS[result])
    log.warning("platform_refused", address=wire.address, access_code=code, reason=_WORDS[result])
    address = Address(0, code, peer.version, peer.version_flag, int(peer.encrypt), int(peer.encrypt), site.now_ms() // 1000)
    wire.write(encode(LoginAnswer(result), address, peer=peer), -1, site.durable)
    return False


def _refusal(link: PeerLink, wire: Wire, login: Login) -> int:
    account = link.account
    if account.addresses and not any(ipaddress.ip_address(wire.address) in ipaddress.ip_network(one) for one in account.addresses):
        return WRONG_ADDRESS
    if login.access_code not in (None, account.access_code):
        return WRONG_CODE
    if login.user_id != account.user_id:
        return NO_USER
    return 0 if hmac.compare_digest(login.password.encode(), account.password.encode()) else WRONG_PASSWORD


def enter_sub(site: Site, links: dict[int, PeerLink], wire: Wire, run: bytes, seen: bytes) -> bool:
    """Let a superior platform in that shows the verify code of its 0x1002; answer 0x9002 to others."""
    code = access_code_of(run)
    known = [link for link in links.values() if link.account.role == "superior" and link.account.access_code == code]
    for link in known:
        message = examine(run, link.link.peer).message
        if isinstance(message, SubLogin) and link.link.verify_code is not None and message.verify_code == link.link.verify_code:
            link.attach(SUB, wire, seen)
            return True
    site.count("refused", "verify_code")
    log.warning("platform_refused", address=wire.address, access_code=code, reason="verify code")
    if known:
        peer = known[0].link.peer
        address = Address(0, code, peer.version, peer.version_flag, int(peer.encrypt), int(peer.encrypt), site.now_ms() // 1000)
        wire.write(encode(SubLoginAnswer(1), address, peer=peer), -1, site.durable)
    return False
