"""Which profile a terminal speaks: the registry's entry, then what its maker and model match, then its listener's or the standard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.gateway.registry_copy import RegistryCopy
from protocols.jt808.codec import examine
from protocols.jt808.delimiters import in_form
from protocols.jt808.events import Fixes, MessageIn, ReplyIn
from protocols.jt808.header import imei_of, terminal_key
from protocols.jt808.messages.parameters import Attributes
from protocols.jt808.messages.registration import Registration
from protocols.jt808.profile import PROFILES, STANDARD, Profile

if TYPE_CHECKING:
    from ingest.gateway.host import Host
    from ingest.gateway.links import Link
    from ingest.gateway.sessions import Session

_SHORT_ID, _FORWARDER = 6, 6


def chosen(registry: RegistryCopy, terminal: str, otherwise: Profile, *, maker: str = "", model: str = "") -> Profile:
    """The profile of a terminal, in its own form.

    Args:
        registry: the gateway's copy; "standard" there says nothing, it is what an entry holds that nobody chose.
        terminal: number without leading zeros.
        otherwise: profile of the listener, or what the link was told by until now.
        maker, model: as the terminal said them just now; "": those that the registry remembers.
    """
    known = registry.terminals.get(terminal)
    if known is not None and known.profile != STANDARD.name and known.profile in PROFILES:
        return PROFILES[known.profile]
    maker, model = maker or (known.maker if known else ""), model or (known.model if known else "")
    matching = (profile for profile in PROFILES.values() if (maker or model) and profile.fits(maker, model))
    return next(matching, otherwise)


def profile_of(worker: Host, link: Link, run: bytes) -> Profile:
    """Profile of a terminal by the id of its first frame, in the form of its link."""
    header = examine(run, link.profile).header
    if header is None:
        return link.profile
    found = chosen(worker.registrar.registry, terminal_key(header.terminal_id), link.profile)
    if found is link.profile and header.id_size == _SHORT_ID and len(header.terminal_id) == 2 * _SHORT_ID:
        found = chosen(worker.registrar.registry, imei_of(header.terminal_id), link.profile)
    return in_form(found, link.profile.delimiter)


def adopt(worker: Host, link: Link, session: Session, event: MessageIn | Fixes | ReplyIn) -> None:
    """Where a message tells maker and model (0x0100, 0x0107), speak from the next frame on as they say."""
    said = event.message
    if not isinstance(said, Registration | Attributes):
        return
    terminal = session.connection.terminal_id or ("" if isinstance(event, ReplyIn) else terminal_key(event.header.terminal_id))
    now = session.connection.profile
    session.connection.profile = in_form(
        chosen(worker.registrar.registry, terminal, now, maker=said.maker, model=said.model), now.delimiter
    )
    note_profile(worker, link, session.connection.profile)


def note_profile(worker: Host, link: Link, profile: Profile) -> None:
    """Let log records name the profile, those of the compiled turn too; a forwarder's terminals never enter it."""
    link.profile = profile
    if link.door != _FORWARDER:
        worker.links.slots[link.slot]["profile"] = profile.number
