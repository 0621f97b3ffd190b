"""Numbers among the properties of a feature."""

from __future__ import annotations

from typing import Any


def number(words: dict[str, Any], name: str, least: int, most: int) -> int | None:
    """A whole number within bounds; None when the property is absent; ValueError when it is something else."""
    said = words.get(name)
    if said is None:
        return None
    if isinstance(said, bool) or not isinstance(said, int | float) or said != int(said) or not least <= said <= most:
        raise ValueError(f"{name} {said!r} is no whole number from {least} to {most}")
    return int(said)
