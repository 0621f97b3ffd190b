"""Details of anomalies have a Chinese form."""

from __future__ import annotations

import random
import re

import pytest

from benchmarks.fuzz import corpus, spoil
from protocols.anomaly_words import detail_in
from protocols.explain import explain
from protocols.jt808.codec import examine

_FRAMES = 6_000
_ENGLISH = re.compile(r"\b(bytes|the|of|are|is|left|says|needs|count|item|packet|over|no)\b")


def test_details_of_spoiled_frames_leave_no_english_sentence() -> None:
    chance, seeds = random.Random(8), corpus()
    details = {odd.detail for _ in range(_FRAMES) for odd in examine(spoil(chance.choice(seeds), chance)).anomalies}
    assert len(details) > 500
    left = sorted({re.sub(r"\d+", "n", said) for detail in details if _ENGLISH.search(said := detail_in(detail, "zh"))})
    assert left == []


@pytest.mark.parametrize(("language", "said"), [("en", "declared 0, actual 2"), ("zh", "声明 0，实际 2")])
def test_an_explanation_says_them_in_its_language(language: str, said: str) -> None:
    told = explain("7e0002000001391234432900070055b07e", language=language).as_json(language)
    assert said in [odd["detail"] for odd in told["frames"][0]["anomalies"]]
