"""Words: every key in both languages, no literal word in a page, no key that is missing."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import tracking
from domain.plate import PLATE_COLOURS
from operations.registry.entities import VEHICLE_CLASSES
from protocols.anomaly import Code
from supervision_ui import feeds, texts
from supervision_ui.texts import LANGUAGES, load, negotiate
from tracking.passages import Quality
from tracking.segments import SegmentKind, Source, Why

FOLDER = Path(texts.__file__).parent
PAGES = [*(FOLDER / name for name in ("shell.py", "card.py", "tracks.py", "roads.py")), *sorted((FOLDER / "pages").glob("*.py"))]
MODULES = sorted((FOLDER / "static").rglob("*.mjs"))
SHOWN = {"children", "label", "placeholder", "title", "alt", "headerName", "aria-label", "description"}


def test_both_languages_have_the_same_keys() -> None:
    chinese, english = (load(language).words for language in LANGUAGES)
    assert set(chinese) == set(english)
    assert all(chinese.values())
    assert all(english.values())


def test_placeholders_are_the_same_in_both_languages() -> None:
    chinese, english = (load(language).words for language in LANGUAGES)
    for key, text in chinese.items():
        assert set(re.findall(r"\{(\w+)\}", text)) == set(re.findall(r"\{(\w+)\}", english[key])), key


def test_english_texts_hold_no_chinese() -> None:
    for key, text in load("en").words.items():
        assert not re.search(r"[\u4e00-\u9fff]", text), key


def test_every_class_and_plate_colour_of_the_registry_has_a_name() -> None:
    words = load("en").words
    assert {key.removeprefix("class_") for key in words if key.startswith("class_")} == set(VEHICLE_CLASSES)
    assert {key.removeprefix("plate_") for key in words if key.startswith("plate_")} == {str(code) for code in PLATE_COLOURS}


def test_every_anomaly_of_a_frame_has_a_name() -> None:
    words = load("en").words
    assert {key.removeprefix("explain_code_") for key in words if key.startswith("explain_code_")} == {str(code) for code in Code}


def test_every_kind_source_reason_and_flag_of_a_day_has_a_name() -> None:
    words = load("en").words
    for prefix, numbers in (("kind", SegmentKind), ("source", Source), ("reason", Why), ("quality", Quality)):
        for one in numbers:
            assert (prefix == "reason" and one == Why.NONE) or f"track_{prefix}_{one.name.lower()}" in words, one
    folder = Path(tracking.__file__).parent
    said = "".join((folder / name).read_text("utf-8") for name in ("daily.py", "mileage.py", "odometer.py"))
    flags = set(re.findall(r"\"((?:ODO|NO|LEFT|DATUM|SOURCES)_[A-Z_]+)\"", said))
    assert len(flags) >= 9
    assert {f"track_flag_{flag.lower()}" for flag in flags} <= set(words)


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.name)
def test_page_holds_no_literal_word(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            assert not re.search(r"[\u4e00-\u9fff]", node.value), node.value
        if isinstance(node, ast.keyword) and node.arg in SHOWN and isinstance(node.value, ast.Constant):
            assert not re.search(r"\w", str(node.value.value or "")), f"{node.arg}={node.value.value!r}"
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value in SHOWN and isinstance(value, ast.Constant):
                    raise AssertionError(f"{key.value}: {value.value!r}")


@pytest.mark.parametrize("path", [*PAGES, FOLDER / "app.py"], ids=lambda p: p.name)
def test_every_text_a_page_names_is_in_the_catalogue(path: Path) -> None:
    words = load("en").words
    for key in re.findall(r'\b(?:say|texts)\("(\w+)"', path.read_text("utf-8")):
        assert key in words, key


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.name)
def test_every_text_a_module_says_is_sent_to_it(path: Path) -> None:
    words = load("en").words
    source = path.read_text("utf-8")
    said = re.findall(r"\bsay\('(\w+)'", source) + re.findall(r"words\.(login_\w+)", source)
    for key in said:
        assert key in words, key
        assert key.startswith((*feeds.MAP_WORDS, *feeds.EXPLAIN_WORDS, "login_")), key
    assert not re.search(r"[\u4e00-\u9fff]", source)


@pytest.mark.parametrize(
    ("cookie", "header", "language"),
    [("en", "zh-CN", "en"), ("xx", "en-GB,en;q=0.8", "en"), (None, "fr, zh-TW;q=0.5", "zh-CN"), (None, "", "zh-CN"), (None, "fr", "zh-CN")],
)
def test_language_of_a_visitor(cookie: str | None, header: str, language: str) -> None:
    assert negotiate(cookie, header) == language
