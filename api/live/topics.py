"""Topics: which vehicles a subscriber sees, by the registry, never by place."""

from __future__ import annotations

import re
from dataclasses import dataclass

from domain.errors import RefusedError

COUNTRY = 100_000
"""GB/T 2260 code of the whole country: every vehicle, those without a region too."""

_TOPIC = re.compile(r"(region|operator):(\d{1,9})")


@dataclass(frozen=True, slots=True)
class Topic:
    """`region:<GB/T 2260 code>` or `operator:<id>`."""

    kind: str
    code: int

    def __str__(self) -> str:
        return f"{self.kind}:{self.code}"

    @property
    def bounds(self) -> tuple[int, int]:
        """Half-open interval of the region codes below this one (of the operator ids for an operator)."""
        if self.kind == "operator":
            return self.code, self.code + 1
        return region_bounds(self.code)


def region_bounds(code: int) -> tuple[int, int]:
    """Half-open interval of the GB/T 2260 codes in the subtree of a province (..0000), city (....00) or county."""
    if code == COUNTRY:
        return 0, 1_000_000
    for span in (10_000, 100):
        if code % span == 0:
            return code, code + span
    return code, code + 1


def parse_topic(text: str) -> Topic:
    """The topic that a client names.

    Raises:
        RefusedError: kind "invalid" when the text is no topic.
    """
    found = _TOPIC.fullmatch(text)
    if found is None:
        raise RefusedError(f"topic {text[:40]!r} is not of the form region:<code> or operator:<id>", field="topic")
    code = int(found[2])
    if found[1] == "region" and not 100_000 <= code <= 999_999:
        raise RefusedError(f"region code {code} has not six digits", field="topic")
    return Topic(found[1], code)


def in_scope(topic: Topic, region_code: int) -> bool:
    """The topic lies inside the region subtree that the asker may see (an operator only for the whole country)."""
    if region_code == COUNTRY:
        return True
    if topic.kind != "region" or topic.code == COUNTRY:
        return False
    low, high = region_bounds(region_code)
    return low <= topic.code < high
