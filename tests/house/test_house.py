"""Rules of the house that no single room can check."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("api", "domain", "ingest", "operations", "protocols", "runtime", "simulators", "storage", "supervision_ui", "tracking")
FOLDERS = {*ROOMS, "benchmarks", "docs", "scripts", "tests"}
LONGEST_FILE, LONGEST_TEST, LONGEST_FUNCTION, LONGEST_KERNEL = 250, 400, 40, 60


def _sources(*folders: str) -> list[Path]:
    return sorted(p for folder in folders for p in (ROOT / folder).rglob("*.py"))


def test_import_contracts_hold() -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr


def test_files_are_short() -> None:
    def lines(path: Path) -> int:
        return path.read_text(encoding="utf-8").count("\n")

    long = {str(p.relative_to(ROOT)): lines(p) for p in _sources(*ROOMS) if lines(p) > LONGEST_FILE}
    long |= {str(p.relative_to(ROOT)): lines(p) for p in _sources("tests") if lines(p) > LONGEST_TEST}
    assert long == {}


def test_functions_are_short() -> None:
    long = {}
    for path in _sources(*ROOMS):
        kernel = "kernels" in path.parts or path.name in ("turn.py", "drain.py", "record.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = node.body[1] if ast.get_docstring(node) is not None and len(node.body) > 1 else node
                size = (node.end_lineno or 0) - first.lineno + 1
                if size > (LONGEST_KERNEL if kernel else LONGEST_FUNCTION):
                    long[f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"] = size
    assert long == {}


def test_only_known_folders_at_the_top() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    if not tracked:
        pytest.skip("not a git checkout")
    assert {name.split("/")[0] for name in tracked if "/" in name} <= FOLDERS | {".ci"}


def test_only_runtime_reads_the_environment() -> None:
    readers = {
        str(path.relative_to(ROOT))
        for path in _sources(*(room for room in ROOMS if room != "runtime"))
        if "os.environ" in path.read_text(encoding="utf-8") or "os.getenv" in path.read_text(encoding="utf-8")
    }
    assert readers <= {"storage/embedded.py"}, "settings are read in runtime and passed on"


def test_only_runtime_catches_everything() -> None:
    broad = set()
    for path in _sources(*ROOMS):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ExceptHandler) and (
                node.type is None or getattr(node.type, "id", "") in ("Exception", "BaseException")
            ):
                broad.add(str(path.relative_to(ROOT)))
    allowed = {"runtime/lifecycle.py"}
    assert broad <= allowed | {"ingest/log/committer.py"}


def test_sql_stands_in_stores_only() -> None:
    words = ("select ", "insert into", "delete from")
    outside = set()
    for path in _sources(*ROOMS):
        relative = path.relative_to(ROOT)
        if relative.parts[0] == "storage" or path.name == "store.py" or path.name.endswith("_store.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("execute", "executemany", "copy") and node.args:
                text = node.args[0].value if isinstance(node.args[0], ast.Constant) else ""
                if isinstance(text, str) and text.strip().lower().startswith(words):
                    outside.add(str(relative))
    assert outside == set()


def test_protocols_import_without_numba() -> None:
    code = "import sys, protocols.explain, protocols.jt808.connection; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60).returncode == 0


def test_help_of_every_command_has_an_example() -> None:
    import typer.main

    from runtime.cli import app, commands

    if not app.registered_commands:
        commands()
    missing = []

    def walk(command: object, path: str) -> None:
        children = getattr(command, "commands", None)
        if children:
            for name, child in children.items():
                walk(child, f"{path} {name}")
        elif "Example" not in (getattr(command, "help", "") or ""):
            missing.append(path)

    walk(typer.main.get_command(app), "cuntong")
    assert missing == []
    names = set(getattr(typer.main.get_command(app), "commands", {}))
    assert names >= {
        "demo", "up", "gateway", "pipeline", "web", "migrate", "worker", "simulate", "replay", "explain", "vectors", "log", "registry", "users",
    }  # fmt: skip
