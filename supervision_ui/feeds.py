"""What pages are filled with. Positions never come this way: they reach the browser by the binary socket alone."""

from __future__ import annotations

from typing import Any

from protocols.jt808.profile import PROFILES, STANDARD
from supervision_ui.settings import ScreenSettings
from supervision_ui.visitor import Visitor

COUNTRY = 100_000
EXAMPLE_FRAME = (
    "7E 02 00 40 25 01 00 00 00 00 01 39 12 34 43 29 01 02 00 00 00 01 00 00 00 03 01 AE D3 47 06 BB 4F 0D 00 3F 02 5D 01 0F "
    "24 11 28 09 59 01 01 04 00 00 30 39 31 01 0C C5 7E\n7E 00 02 00 00 01 39 12 34 43 29 00 00 7A 7E"
)
"""What the explaining page shows to who wants to try: a position, and a heartbeat with a wrong checksum."""

MAP_WORDS = (
    "as_of", "live_since", "lost_", "no_", "bad_parameter", "refused", "datum", "here_", "speed_kmh", "announce_alarm",
    "compass", "age_", "control_", "list_all", "list_part", "column_", "status_", "class_", "plate_", "alarm_", "track_",
    "roads_", "unit_km",
)  # fmt: skip
"""Prefixes of the texts that the map's modules need."""


EXPLAIN_WORDS = ("explain_",)
"""Prefixes of the texts that the explaining page's modules need."""


def map_config(visitor: Visitor, settings: ScreenSettings) -> dict[str, Any]:
    """What the map must know at its start: the topic to subscribe, language, limits."""
    return {
        "topic": _topic(visitor),
        "language": visitor.texts.language,
        "points_limit": settings.points_limit,
        "all_points": settings.all_points,
    }


def _topic(visitor: Visitor) -> str:
    """The widest topic that the person may see: an operator's people that operator, others their region."""
    who = visitor.principal
    if who is not None and who.operator_id is not None:
        return f"operator:{who.operator_id}"
    return f"region:{who.region_code if who else COUNTRY}"


def map_words(visitor: Visitor) -> dict[str, str]:
    """Texts of the map's modules in the visitor's language."""
    return visitor.texts.starting(*MAP_WORDS)


def explain_words(visitor: Visitor) -> dict[str, str]:
    """Texts of the explaining page's modules in the visitor's language."""
    return visitor.texts.starting(*EXPLAIN_WORDS)


def explain_config(visitor: Visitor) -> dict[str, Any]:
    """What the explaining page's modules must know: the page's language, the API's name of it, a frame to try."""
    return {
        "language": visitor.texts.language,
        "api_language": visitor.texts.language.partition("-")[0],
        "example": EXAMPLE_FRAME,
    }


def terminal_profiles() -> list[str]:
    """Ways in which terminals speak, the standard first."""
    return sorted(PROFILES, key=lambda name: (name != STANDARD.name, name))


def grid_locale(visitor: Visitor) -> dict[str, str]:
    """ag-grid's own texts in the visitor's language."""
    return {key.removeprefix("grid_"): text for key, text in visitor.texts.starting("grid_").items()}


def vehicle_classes(visitor: Visitor) -> list[dict[str, str]]:
    """Choices of the class filter."""
    return [{"value": key.removeprefix("class_"), "label": text} for key, text in visitor.texts.starting("class_").items()]
