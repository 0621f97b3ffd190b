"""Topics: which vehicles a subscriber sees, by the registry, never by place."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from domain.errors import RefusedError
from operations.identity import Principal

COUNTRY = 100_000
"""GB/T 2260 code of the whole country: every vehicle, those without a region too."""

_TOPIC = re.compile(r"(region|operator):(\d{1,9})")


@dataclass(frozen=True, slots=True)
class Topic:
    """`region:<GB/T 2260 code>` or `operator:<id>`; within: of an operator only the vehicles of this region's subtree."""

    kind: str
    code: int
    within: int = COUNTRY

    def __str__(self) -> str:
        return f"{self.kind}:{self.code}"

    def holds(self, region: Any, operator: Any) -> Any:
        """Whether vehicles belong to the topic, by their region code and operator, 0 where the registry names none: numbers or columns."""
        low, high = region_bounds(self.within if self.kind == "operator" else self.code)
        inside = (region >= low) & (region < high)
        return inside & (operator == self.code) if self.kind == "operator" else inside


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


def granted(topic: Topic, principal: Principal) -> Topic | None:
    """The topic as far as the person may see it; None: not at all.

    A driver sees own vehicles alone, which no topic holds; an operator's user that operator; everybody else topics of regions in the own
    subtree, and operators only for the whole country.
    """
    if not principal.may("positions:read") or principal.role == "driver":
        return None
    if principal.operator_id is not None:
        return replace(topic, within=principal.region_code) if topic == Topic("operator", principal.operator_id) else None
    return topic if principal.region_code == COUNTRY or (topic.kind == "region" and below(topic.code, principal.region_code)) else None


def below(code: int, region_code: int) -> bool:
    """A region lies in the subtree of another."""
    if region_code == COUNTRY:
        return True
    low, high = region_bounds(region_code)
    return code != COUNTRY and low <= code < high
