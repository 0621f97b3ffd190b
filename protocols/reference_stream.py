"""Our reading of JT/T 1078 stream packets under the names of the reference decoder's vectors."""

from __future__ import annotations

from typing import Any

from protocols.anomaly import Anomaly
from protocols.jt1078.packet import StreamPacket
from protocols.jt1078.stream import StreamReader


def read(data: bytes) -> dict[str, Any]:
    """Header of the packet that `data` is, with the bytes that belong to none as `left_over`; a field that it lacks is absent."""
    reader = StreamReader()
    found = reader.feed(data) + reader.end()
    packets = [each for each in found if isinstance(each, StreamPacket)]
    ours: dict[str, Any] = {
        "anomalies": [str(each.code) for each in found if isinstance(each, Anomaly)],
        "packets": len(packets), "left_over": len(data) - sum(packet.size for packet in packets),
    }  # fmt: skip
    return ours | _header(packets[0]) if packets else ours


def _header(packet: StreamPacket) -> dict[str, Any]:
    said = {
        "flags_vpxcc": packet.flags, "marker": int(packet.marker), "payload_type": packet.payload_type, "sequence": packet.sequence,
        "sim_bcd": packet.terminal_id, "channel": packet.channel, "data_type": packet.data_type, "fragment": packet.fragment,
        "timestamp_ms": packet.time_ms, "last_i_frame_interval_ms": packet.since_key_frame_ms,
        "last_frame_interval_ms": packet.since_frame_ms, "payload_length": packet.payload_length,
    }  # fmt: skip
    return {name: value for name, value in said.items() if value is not None}
