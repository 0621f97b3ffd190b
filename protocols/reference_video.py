"""Values of video and active safety under the names of the reference decoder's vectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from domain.units import SHANGHAI, instant
from protocols.jt808.codec import encode_body
from protocols.jt808.messages import active_safety, playback, ptz, video

_ANY = {"channel": "channel", "alarm_bits": "alarm_bits", "media": "media_type", "stream": "stream_type", "storage": "storage_type"}
_TIMES = {"start_ms": "start_time", "end_ms": "end_time", "seek_ms": "seek_time"}


def _clock(t_ms: int | None) -> str | None:
    return None if t_ms is None else instant(t_ms).astimezone(SHANGHAI).isoformat()


def _named(**names: str) -> Callable[[Any], dict[str, Any]]:
    """Values by their names there, `names` being ours to theirs; times are written as clocks."""

    def values(message: Any) -> dict[str, Any]:
        clocks = {theirs: _clock(getattr(message, ours)) for ours, theirs in _TIMES.items() if hasattr(message, ours)}
        return clocks | {theirs: getattr(message, ours) for ours, theirs in names.items()}

    return values


_recording = _named(**_ANY, size="size_bytes")


def _recordings(message: playback.RecordingList) -> dict[str, Any]:
    rows = [_recording(row) for row in message.recordings]
    return {"reply_serial": message.reply_serial, "resource_count": len(rows), "resources": rows}


def _verdict(message: active_safety.FileVerdict) -> dict[str, Any]:
    ranges = [{"offset": row.offset, "length": row.length} for row in message.missing]
    return {"file_name": message.name, "file_type": message.kind, "result": message.result, "resend": ranges}


def _order(message: active_safety.AttachmentOrder) -> dict[str, Any]:
    ports = {"server_ip": message.server, "tcp_port": message.tcp_port, "udp_port": message.udp_port}
    return {**ports, "rest_hex": encode_body(message, "2019")[1][len(message.server) + 5 :].hex()}


_file = _named(name="file_name", kind="file_type", size="size_bytes")

BODIES: dict[type, Callable[[Any], dict[str, Any]]] = {
    video.VideoAttributes: _named(
        audio_codec="audio_codec", audio_channels="audio_channels", sample_rate="sample_rate", sample_bits="sample_bits",
        frame_length="frame_len", audio_output="audio_output", video_codec="video_codec",
        most_audio_channels="max_audio_channels", most_video_channels="max_video_channels",
    ),
    video.VideoAttributesQuery: _named(),
    video.LiveRequest: _named(
        server="server_ip", tcp_port="tcp_port", udp_port="udp_port", channel="channel", kind="data_type", stream="stream_type"
    ),
    video.LiveControl: _named(channel="channel", command="command", close="close_type", stream="switch_stream"),
    video.LiveState: _named(channel="channel", loss_percent="loss_rate_pct"),
    playback.RecordingList: _recordings,
    playback.UploadFinished: _named(reply_serial="reply_serial", result="result"),
    playback.PlaybackRequest: _named(
        server="server_ip", tcp_port="tcp_port", udp_port="udp_port", channel="channel", media="media_type", stream="stream_type",
        storage="storage_type", mode="playback_mode", speed="speed_factor",
    ),
    playback.PlaybackControl: _named(channel="channel", command="command", speed="speed_factor"),
    playback.RecordingQuery: _named(**_ANY),
    playback.UploadOrder: _named(
        **_ANY, server="ftp_ip", port="ftp_port", user="user", password="password", path="path", networks="task_bits"
    ),
    active_safety.AttachmentOrder: _order,
    active_safety.AttachmentList: _named(),
    active_safety.FileStart: _file,
    active_safety.FileEnd: _file,
    active_safety.FileVerdict: _verdict,
    ptz.Turn: _named(channel="channel", direction="direction", speed="speed"),
}  # fmt: skip
"""By class of message."""
