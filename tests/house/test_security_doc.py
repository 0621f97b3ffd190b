"""Every line of the security checklist names a proof that is there."""

from __future__ import annotations

import ast
import dataclasses
import re
from pathlib import Path

import typer.main

from runtime.settings import _SECTIONS

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "security.md"
POINTS = ("8.1.2.2", *(f"8.1.4.{number}" for number in (1, 2, 3, 4, 7, 8, 9, 10, 11)))
"""Control points that a program can meet; the others are the deployment's and stand below the table."""


def rows() -> list[list[str]]:
    """Cells of the table, without its head."""
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| 8.")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def _tests(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def _commands() -> set[str]:
    from runtime.cli import app, commands

    if not app.registered_commands:
        commands()
    found = set()

    def walk(command: object, path: str) -> None:
        found.add(path)
        for name, child in (getattr(command, "commands", None) or {}).items():
            walk(child, f"{path} {name}")

    walk(typer.main.get_command(app), "cuntong")
    return found


def test_every_line_is_proved_by_a_test_or_a_command_that_is_there() -> None:
    commands, missing = _commands(), []
    for row in rows():
        assert len(row) == 4, row
        proofs = re.findall(r"`([^`]+)`", row[3])
        if not proofs:
            missing.append(f"{row[1]}: no proof")
        for proof in proofs:
            path, _, name = proof.partition("::")
            there = proof in commands if proof.startswith("cuntong ") else (ROOT / path).is_file() and name in _tests(ROOT / path)
            if not there:
                missing.append(f"{row[1]}: {proof}")
    assert missing == []


def test_every_control_point_has_a_line() -> None:
    told = " ".join(row[0] for row in rows())
    assert [point for point in POINTS if not re.search(rf"{re.escape(point)}(?!\d)", told)] == []


def test_settings_that_the_page_names_exist() -> None:
    for section, key in re.findall(r"`\[(\w+)\] (\w+)", PAGE.read_text(encoding="utf-8")):
        assert key in {field.name for field in dataclasses.fields(_SECTIONS[section])}, (section, key)
