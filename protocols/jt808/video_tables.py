"""Names of codes of JT/T 1078-2016 that several messages share, (English, 中文)."""

from __future__ import annotations

from protocols.fields import Words
from protocols.jt808.tables import ALARM_BITS, VIDEO_ALARMS

CODECS: dict[int, Words] = {
    1: ("G.721", "G.721"), 2: ("G.722", "G.722"), 3: ("G.723", "G.723"), 4: ("G.728", "G.728"), 5: ("G.729", "G.729"),
    6: ("G.711A", "G.711A"), 7: ("G.711U", "G.711U"), 8: ("G.726", "G.726"), 9: ("G.729A", "G.729A"), 10: ("DVI4_3", "DVI4_3"),
    11: ("DVI4_4", "DVI4_4"), 12: ("DVI4_8K", "DVI4_8K"), 13: ("DVI4_16K", "DVI4_16K"), 14: ("LPC", "LPC"),
    15: ("S16BE_STEREO", "S16BE_STEREO"), 16: ("S16BE_MONO", "S16BE_MONO"), 17: ("MPEGAUDIO", "MPEGAUDIO"), 18: ("LPCM", "LPCM"),
    19: ("AAC", "AAC"), 20: ("WMA9STD", "WMA9STD"), 21: ("HEAAC", "HEAAC"), 22: ("PCM_VOICE", "PCM_VOICE"),
    23: ("PCM_AUDIO", "PCM_AUDIO"), 24: ("AACLC", "AACLC"), 25: ("MP3", "MP3"), 26: ("ADPCMA", "ADPCMA"), 27: ("MP4AUDIO", "MP4AUDIO"),
    28: ("AMR", "AMR"), 91: ("passthrough", "透传"), 98: ("H.264", "H.264"), 99: ("H.265", "H.265"), 100: ("AVS", "AVS"),
    101: ("SVAC", "SVAC"),
}  # fmt: skip
"""Audio and video codecs, table 12."""

VIDEO_ALARM_FLAGS: dict[int, Words] = {**ALARM_BITS, **{32 + bit: words for bit, words in VIDEO_ALARMS.items()}}
"""64 alarm bits: the low 32 of a position, the high 32 of table 13."""

MEDIA_TYPES: dict[int, Words] = {
    0: ("audio and video", "音视频"),
    1: ("audio", "音频"),
    2: ("video", "视频"),
    3: ("video, or audio and video", "视频或音视频"),
}
"""Kind of medium; 3 only in orders."""

STREAM_TYPES: dict[int, Words] = {0: ("any", "所有码流"), 1: ("main stream", "主码流"), 2: ("sub stream", "子码流")}
"""Kind of stream."""

STORAGE_TYPES: dict[int, Words] = {0: ("any", "所有存储器"), 1: ("main storage", "主存储器"), 2: ("disaster storage", "灾备存储器")}
"""Kind of storage."""

SPEED_FACTORS: dict[int, Words] = {
    0: ("none", "无效"),
    1: ("x1", "1倍"),
    2: ("x2", "2倍"),
    3: ("x4", "4倍"),
    4: ("x8", "8倍"),
    5: ("x16", "16倍"),
}
"""Factor of fast and slow motion."""

SWITCH: dict[int, Words] = {0: ("stop", "停止"), 1: ("start", "启动")}
"""Off and on of wiper and light."""
