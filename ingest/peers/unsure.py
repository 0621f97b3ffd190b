"""Questions and answers that left and that nobody knows to have arrived."""

from __future__ import annotations

from collections import deque
from functools import partial

from ingest import peer_store
from ingest.peer_store import Outgoing
from ingest.peers.site import Site
from protocols.jt809.events import Channel


class Unsure:
    """What was sent, by channel and serial, until a link test behind it is answered or the channel breaks."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._sent: deque[tuple[Channel, int, Outgoing]] = deque()

    def add(self, channel: Channel, serial: int, one: Outgoing) -> None:
        """It left."""
        self._sent.append((channel, serial, one))

    def lost(self, channel: Channel) -> None:
        """The channel broke: what went over it is sent again."""
        lost = [each for each in self._sent if each[0] is channel]
        for each in lost:
            self._sent.remove(each)
            self._site.note(partial(peer_store.again, one=each[2]))

    def settle(self, channel: Channel, sure_serial: int) -> None:
        """All of a channel below a serial has arrived."""
        for each in [each for each in self._sent if each[0] is channel and each[1] < sure_serial]:
            self._sent.remove(each)
            self._site.note(partial(peer_store.delivered, one=each[2]))
