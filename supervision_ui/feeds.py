"""What pages are filled with. Positions never come this way: they reach the browser by the binary socket alone."""

from __future__ import annotations

from typing import Any

from supervision_ui.settings import ScreenSettings
from supervision_ui.visitor import Visitor

COUNTRY = 100_000
MAP_WORDS = (
    "as_of", "live_since", "lost_", "no_", "bad_parameter", "refused", "datum", "here_", "speed_kmh", "announce_alarm",
    "compass", "age_", "control_", "list_all", "list_part", "column_", "status_", "class_", "plate_", "alarm_", "track_",
    "roads_", "unit_km",
)  # fmt: skip
"""Prefixes of the texts that the map's modules need."""


def map_config(visitor: Visitor, settings: ScreenSettings) -> dict[str, Any]:
    """What the map must know at its start: the topic to subscribe, language, limits."""
    region = visitor.principal.region_code if visitor.principal else COUNTRY
    return {
        "topic": f"region:{region}",
        "language": visitor.texts.language,
        "points_limit": settings.points_limit,
        "all_points": settings.all_points,
    }


def map_words(visitor: Visitor) -> dict[str, str]:
    """Texts of the map's modules in the visitor's language."""
    return visitor.texts.starting(*MAP_WORDS)


def grid_locale(visitor: Visitor) -> dict[str, str]:
    """ag-grid's own texts in the visitor's language."""
    return {key.removeprefix("grid_"): text for key, text in visitor.texts.starting("grid_").items()}


def vehicle_classes(visitor: Visitor) -> list[dict[str, str]]:
    """Choices of the class filter."""
    return [{"value": key.removeprefix("class_"), "label": text} for key, text in visitor.texts.starting("class_").items()]
