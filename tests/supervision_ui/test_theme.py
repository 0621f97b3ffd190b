"""Colours: only in theme.py, both themes complete, text readable."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from supervision_ui import theme

FOLDER = Path(theme.__file__).parent
READABLE = [
    ("text", "panel"),
    ("text", "page"),
    ("text", "panel-raised"),
    ("text", "accent-soft"),
    ("text-quiet", "panel"),
    ("text-quiet", "page"),
    ("text-quiet", "panel-raised"),
    ("accent", "panel"),
    ("accent", "accent-soft"),
    ("on-accent", "accent"),
    ("danger", "panel"),
    ("label", "ground"),
    ("label", "land"),
    ("label-quiet", "land"),
    ("label-strong", "land"),
]


@pytest.mark.parametrize("name", theme.THEMES)
@pytest.mark.parametrize(("ink", "ground"), READABLE)
def test_text_is_readable(name: str, ink: str, ground: str) -> None:
    colours = theme.THEMES[name]
    assert theme.contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)


@pytest.mark.parametrize("code", theme.PLATE_COLOURS)
def test_plates_are_readable(code: int) -> None:
    ground, letters = theme.PLATE_COLOURS[code]
    assert theme.contrast(letters, ground) >= 4.5


@pytest.mark.parametrize("name", theme.THEMES)
def test_symbols_stand_out_from_the_ground(name: str) -> None:
    colours = theme.THEMES[name]
    for status in ("moving", "stopped", "offline", "alarm"):
        assert theme.contrast(colours[f"status-{status}"], colours["land"]) >= 2.7, status


def test_both_themes_name_the_same_colours() -> None:
    assert set(theme.LIGHT) == set(theme.DARK)


def test_who_chose_no_theme_gets_the_one_of_the_system() -> None:
    sheet = theme.css()
    dark = re.search(r":root\[data-theme=\"dark\"\]\{(.*?)\}", sheet)
    automatic = re.search(r"@media \(prefers-color-scheme: dark\)\{:root\[data-theme=auto\]\{(.*?)\}\}", sheet)
    assert dark is not None
    assert automatic is not None
    assert automatic[1] == dark[1]


def test_colours_stand_nowhere_else() -> None:
    for path in (*FOLDER.glob("assets/*.css"), *FOLDER.glob("static/**/*.css"), *FOLDER.glob("static/**/*.mjs"), *FOLDER.glob("**/*.py")):
        if path.name == "theme.py" or "vendor" in path.parts:
            continue
        found = re.findall(r"(?<![\w&])#(?:[0-9a-fA-F]{6}|[0-9a-fA-F]{3})\b(?!\w)", path.read_text("utf-8"))
        assert not found, (path.name, found)


def test_every_colour_used_is_defined() -> None:
    defined = set(theme.LIGHT) | {"fonts", "mono", "plate", "plate-text"}
    for path in (*FOLDER.glob("assets/*.css"), *FOLDER.glob("static/*.css")):
        for name in re.findall(r"var\(--ct-([\w-]+)", path.read_text("utf-8")):
            assert name in defined, (path.name, name)
    for path in FOLDER.glob("static/map/*.mjs"):
        for name in re.findall(r"ink\('([\w-]+)'\)", path.read_text("utf-8")):
            assert name in defined, (path.name, name)
