"""Frames of a driving recorder, explained."""

from __future__ import annotations

from protocols.describe import said
from protocols.explained import ExplainedFrame, row, with_anomalies
from protocols.gbt19056.frame import HEADS, ExaminedFrame, examine_all, parts
from protocols.gbt19056.layouts import ERRORS, NAMES
from protocols.jt808.codec import Examined
from protocols.kinds import Part

RECORDER_HEADS = frozenset(HEADS.values())


def explain_recorder(data: bytes, language: str) -> tuple[ExplainedFrame, ...]:
    """Every byte of recorder frames that stand one behind the other."""
    return tuple(_explained(examined, language) for examined in examine_all(data))


def _explained(examined: ExaminedFrame, language: str) -> ExplainedFrame:
    found: list[Part] = []
    parts(examined.raw, 0, found)
    rows = [row(part, examined.raw[part.start : part.end], language) for part in found]
    rows = with_anomalies(rows, found, examined.anomalies)
    frame = examined.frame
    title = said(("not a recorder frame", "非完整记录仪帧"), language)
    if frame is not None:
        words = (NAMES | ERRORS).get(frame.word, ("unknown word", "未知命令字"))
        title = f"GB/T 19056 {frame.word:02X} {said(words, language)}"
    whole = Examined(None, None if frame is None else frame.content, examined.raw, examined.raw, examined.anomalies, "")
    return ExplainedFrame(tuple(rows), title, whole, (), ())
