"""Hashes of the code that vehicle-days rest on, beside the numbers that `match_version` and `input_hash` hold.

`python -m tests.house.code_hashes` notes them in `code_hashes.txt`, one line a file, so that changes to two files merge.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from pathlib import Path

from tracking.evidence import DAY_CODE
from tracking.parameters import MATCHER

ROOT = Path(__file__).resolve().parents[2]
NOTED = Path(__file__).with_name("code_hashes.txt")
ROOMS = ("tracking", "domain")
GROUPS = {"matcher": (MATCHER, ("tracking.matching", "tracking.live_matching")), "day": (DAY_CODE, ("tracking.daily",))}
"""Name of a number, its value, modules whose code and whatever they import it stands for; what an earlier one covers is left out."""


def lines() -> list[str]:
    """The file as it should be."""
    out: list[str] = []
    covered: set[Path] = set()
    for name, (number, modules) in GROUPS.items():
        files = _closure(modules) - covered
        covered |= files
        out.append(f"{name} number {number}")
        out += [f"{name} {path.relative_to(ROOT).as_posix()} {_hash(path)}" for path in sorted(files)]
    return out


def _closure(modules: tuple[str, ...]) -> set[Path]:
    found: set[Path] = set()
    waiting = [path for module in modules for path in _files_of(module)]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += [other for module in _imports(path) for other in _files_of(module)]
    return found


def _files_of(module: str) -> list[Path]:
    if module.split(".")[0] not in ROOMS:
        return []
    place = ROOT.joinpath(*module.split("."))
    return [path for path in (place.with_suffix(".py"), place / "__init__.py") if path.exists()]


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _hash(path: Path) -> str:
    """Of what the file does: comments, docstrings and layout do not count, nor does Python's version."""
    return hashlib.sha256(_said(ast.parse(path.read_text(encoding="utf-8"))).encode()).hexdigest()[:12]


def _said(node: object) -> str:
    """A syntax tree as text, without what is empty and without bare strings."""
    if isinstance(node, list):
        return "[" + ",".join(_said(one) for one in node if not _is_text(one)) + "]"
    if not isinstance(node, ast.AST):
        return repr(node)
    parts = [f"{name}={_said(value)}" for name, value in ast.iter_fields(node) if value is not None and value != [] and name != "kind"]
    return f"{type(node).__name__}({','.join(parts)})"


def _is_text(node: object) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


if __name__ == "__main__":
    NOTED.write_text("\n".join(lines()) + "\n", encoding="utf-8")
