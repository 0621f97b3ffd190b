"""Groups of vehicle classes that the law speaks of."""

from __future__ import annotations

GROUPS: dict[str, frozenset[str]] = {
    "passenger": frozenset(("line_coach", "charter_coach", "rural_bus", "town_bus", "city_bus")),
    "coach": frozenset(("line_coach", "charter_coach")),
    "in_scope": frozenset(("line_coach", "charter_coach", "rural_bus", "town_bus", "city_bus", "dangerous_goods", "freight")),
    "known": frozenset(
        ("line_coach", "charter_coach", "rural_bus", "town_bus", "city_bus", "dangerous_goods", "freight", "taxi", "student_bus", "other")
    ),
}
"""passenger: coaches, rural and town buses; in_scope: DJ article 3, passenger vehicles, dangerous goods, tractors and trucks of 12 t and
more; lighter trucks are not registered;
known: every class but "unknown"."""

EXACT, EVERY = 1_000, 1


def members(wanted: str) -> frozenset[str]:
    """The classes that a word other than "*" stands for."""
    return GROUPS.get(wanted, frozenset((wanted,)))


def rank(wanted: str, vehicle_class: str) -> int:
    """How exactly the word of a threshold row names a class: `EXACT`, less for a group the larger it is, `EVERY` for "*", 0 not at all."""
    if wanted == vehicle_class:
        return EXACT
    if vehicle_class in GROUPS.get(wanted, ()):
        return EXACT - len(GROUPS[wanted])
    return EVERY if wanted == "*" else 0
