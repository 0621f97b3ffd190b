"""Assessment forms: which indicators score how many points. Forms are data, one YAML file each in `assessments/`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from domain.errors import RefusedError
from operations.indicators import FORMULAS, Figure, half_up

FOLDER = Path(__file__).with_name("assessments")
KINDS = ("rate", "inverse", "against_mean")
_ITEM = {"kpi", "points", "score", "zero_below", "zero_above", "decimals"}


@dataclass(frozen=True, slots=True)
class Item:
    """A line of a form. score: "rate" r x P, "inverse" P - r x P, "against_mean" the two-piece curve; zero_below, zero_above: strict, the bound
    itself still scores; decimals: of the printed score."""

    kpi: str
    points: Fraction
    score: str = "rate"
    zero_below: Fraction | None = None
    zero_above: Fraction | None = None
    decimals: int = 2


@dataclass(frozen=True, slots=True)
class Form:
    """A score form. since, until: days on which it is in force, until None: open; whole: its points add to 100."""

    name: str
    source: str
    since: date
    until: date | None
    items: tuple[Item, ...]
    unconfirmed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """An item scored. points: None where there was no figure."""

    item: Item
    figure: Figure
    points: Fraction | None
    printed: str


@dataclass(frozen=True, slots=True)
class Score:
    """A form filled in. total: of the items that have a figure; of: the points those could have had."""

    form: Form
    lines: tuple[Line, ...]
    total: Fraction
    of: Fraction

    def printed(self, decimals: int = 3) -> str:
        """The total, half up."""
        return half_up(self.total, decimals)


def read(text: str, name: str) -> Form:
    """A form of YAML text; RefusedError with the name of the file and of the value at fault."""
    try:
        said = yaml.safe_load(text)
    except yaml.YAMLError as fault:
        raise RefusedError(f"assessment form {name}: {fault}", field=name) from None
    if not isinstance(said, dict) or said.get("form") != name:
        raise RefusedError(f"assessment form {name}: the file must begin with form: {name}", field="form")
    since, until = said.get("from"), said.get("until")
    if not isinstance(since, date) or not (until is None or (isinstance(until, date) and until > since)):
        raise RefusedError(f"assessment form {name}: from and until must be days, until the later one", field="from")
    items = tuple(_item(name, place, row) for place, row in enumerate(said.get("items") or [], 1))
    if not items or len({item.kpi for item in items}) != len(items):
        raise RefusedError(f"assessment form {name}: items are missing, or one stands twice", field="items")
    wanted = said.get("points", 100)
    if sum(item.points for item in items) != wanted:
        raise RefusedError(f"assessment form {name}: the points must add to {wanted}", field="points")
    return Form(name, str(said.get("source", "")), since, until, items, tuple(said.get("unconfirmed", ())))


def _item(name: str, place: int, row: Mapping[str, Any]) -> Item:
    where = f"assessment form {name}, item {place}"
    unknown = sorted(set(row) - _ITEM)
    if unknown:
        raise RefusedError(f"{where}: {unknown[0]} is not known; there are {', '.join(sorted(_ITEM))}", field=unknown[0])
    if row.get("kpi") not in FORMULAS:
        raise RefusedError(f"{where}: kpi must be one of {', '.join(FORMULAS)}", field="kpi")
    if row.get("score", "rate") not in KINDS:
        raise RefusedError(f"{where}: score must be one of {', '.join(KINDS)}", field="score")
    found: dict[str, Fraction | None] = {}
    for key in ("points", "zero_below", "zero_above"):
        value = row.get(key)
        if isinstance(value, float):
            raise RefusedError(f"{where}: {key} must be written in quotes, as a decimal", field=key)
        try:
            found[key] = None if value is None else Fraction(value)
        except (ValueError, TypeError):
            raise RefusedError(f"{where}: {key} = {value!r} is not a number", field=key) from None
    if not found["points"] or found["points"] < 0:
        raise RefusedError(f"{where}: points must be above 0", field="points")
    return Item(
        row["kpi"], found["points"], row.get("score", "rate"), found["zero_below"], found["zero_above"], int(row.get("decimals", 2))
    )


@cache
def form(name: str) -> Form:
    """A form by its name; RefusedError for one that is not there."""
    path = FOLDER / f"{name}.yaml"
    if not path.is_file():
        raise RefusedError(f"no assessment form {name!r}; there are {', '.join(names())}", field="form", kind="missing")
    return read(path.read_text("utf-8"), name)


def names() -> list[str]:
    """The forms there are."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def points_of(item: Item, value: Fraction, mean: Fraction) -> Fraction:
    """What a value scores, unrounded. mean: of the region, for "against_mean"."""
    if (item.zero_below is not None and value < item.zero_below) or (item.zero_above is not None and value > item.zero_above):
        return Fraction(0)
    if item.score == "against_mean":
        return _against_mean(value, mean, item.points)
    scored = value * item.points
    return item.points - scored if item.score == "inverse" else scored


def _against_mean(value: Fraction, mean: Fraction, points: Fraction) -> Fraction:
    """160: up to the mean from half the points upwards, beyond it down to none at twice the mean."""
    half = points / 2
    if mean == 0:
        return points if value == 0 else Fraction(0)
    if value <= mean:
        return half + (mean - value) / mean * half
    return max((2 * mean - value) / mean * half, Fraction(0))


def score(form: Form, figures: Mapping[str, Figure], region: Mapping[str, Figure]) -> Score:
    """A form filled in for one unit. region: the region's own figures, the means of "against_mean"; an item without a figure, or without a mean to
    be held against, is left out."""
    lines, total, of = [], Fraction(0), Fraction(0)
    for item in form.items:
        found = figures[item.kpi]
        mean = region[item.kpi].value if item.score == "against_mean" and item.kpi in region else None
        unknown = found.value is None or (item.score == "against_mean" and mean is None)
        points = None if unknown or found.value is None else points_of(item, found.value, mean or Fraction(0))
        lines.append(Line(item, found, points, "—" if points is None else half_up(points, item.decimals)))
        if points is not None:
            total, of = total + points, of + item.points
    return Score(form, tuple(lines), total, of)
