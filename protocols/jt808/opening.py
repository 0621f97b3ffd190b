"""A message put together from its packets, opened first where it was encrypted as a whole."""

from __future__ import annotations

from dataclasses import replace

from protocols.jt808.body_cipher import BodyCipher, waits_for_whole
from protocols.jt808.codec import Examined, address_of, assembled, build_frame, unexplained, unopened
from protocols.jt808.header import Header
from protocols.jt808.profile import Profile
from protocols.jt808.reassembly import Assembly
from protocols.jt808.splitting import runs_in_clear


def whole(header: Header, held: Assembly, last: Examined, profile: Profile, cipher: BodyCipher | None) -> Examined:
    """What a message says whose packets are all there.

    Args:
        header: of the packet that came last; last: that packet.
        held: all packets.
        profile: how the terminal speaks.
        cipher: of the link; None when nothing is encrypted.
    Returns:
        `raw` is the packet that came last, but all frames of the message in clear where it was encrypted as a whole.
    """
    body = held.body()
    if cipher is None or not waits_for_whole(header, cipher):
        return assembled(header, body, last, profile)
    opened = cipher.decrypt(body)
    if opened is None:
        return replace(last, message=None, anomalies=(unopened(0),))
    said = assembled(header, opened, last, profile)
    return replace(said, raw=runs_in_clear(header, held.key[2], opened, profile), anomalies=tuple(unexplained(list(said.anomalies), 0)))


def placed(packet: Examined, first_serial: int | None, profile: Profile) -> Examined:
    """The packet with `raw` under the serial that tells its place, so that who reads it later can join it; as it is for None."""
    header = packet.header
    if first_serial is None or header is None or header.package_index is None or header.package_total is None or header.encrypted:
        return packet
    address = replace(
        address_of(header.terminal_id, header.version, profile),
        serial=(first_serial + header.package_index - 1) & 0xFFFF, package=(header.package_total, header.package_index),
    )  # fmt: skip
    return replace(packet, raw=build_frame(header.message_id, packet.body, address)[1:-1])
