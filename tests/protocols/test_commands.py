"""`cuntong vectors` and `cuntong explain` as people run them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from protocols.documents import documents
from runtime.commands import explain, vectors
from tests.protocols.test_connection import FIX, said, spoiled
from tests.protocols.test_vectors import OWN

RUN = CliRunner()


def invoke(*arguments: str, text: str | None = None) -> Any:
    """Result of a command line."""
    app = typer.Typer()
    explain.register(app)
    vectors.register(app)
    return RUN.invoke(app, list(arguments), input=text)


def test_vectors_reports_the_shared_file_without_an_unlisted_difference(shared: Path) -> None:
    known = ("--differences", str(OWN / "differences.toml"))
    done = invoke("vectors", str(shared / "vectors" / "frames.json"), *known, "--json")
    assert done.exit_code == 0
    report = json.loads(done.stdout)
    assert sum(report["counts"].values()) == 462
    assert report["counts"]["failed"] == 0
    assert report["counts"]["matched"] >= 235
    assert (report["unlisted"], report["stale"], report["failed"]) == ([], [], [])
    done = invoke("vectors", str(shared / "vectors" / "frames.json"), *known)
    assert done.exit_code == 0
    assert "462 vectors" in done.stdout


def test_vectors_fails_on_an_unlisted_difference_a_stale_row_and_a_broken_vector(tmp_path: Path) -> None:
    frame = said(FIX)
    right = {
        "id": "a",
        "protocol": "jt808",
        "hex": frame.hex(),
        "expect": {"serial": 1, "speed_kmh": 60.5},
        "expect_level": "body",
        "anomalies": [],
    }
    wrong = {**right, "id": "b", "expect": {"speed_kmh": 61.0}}
    cases = {"right": ([right], "", 0), "wrong": ([wrong], "", 1), "broken": ([{"id": "c"}], "", 1)}
    row = '[[difference]]\nvector = "{}"\nfield = "speed_kmh"\nours = "60.5"\ntheirs = "61.0"\nreason = "a test"\n'
    cases |= {"listed": ([wrong], row.format("b"), 0), "stale": ([right], row.format("a"), 1)}
    for name, (rows, listed, code) in cases.items():
        file, differences = tmp_path / f"{name}.json", tmp_path / f"{name}.toml"
        file.write_text(json.dumps(rows), "utf-8")
        if listed:
            differences.write_text(listed, "utf-8")
        for form in ((), ("--json",)):
            assert invoke("vectors", str(file), "--differences", str(differences), *form).exit_code == code, name


def test_explain_prints_rows_and_its_exit_code_tells_a_drop() -> None:
    good, bad = said(FIX).hex(), spoiled(said(FIX), {20: 9}, repair=False).hex()
    done = invoke("explain", good, "--language", "zh")
    assert done.exit_code == 0
    assert "位置信息汇报" in done.stdout
    done = invoke("explain", "-", "--json", text=bad)
    assert done.exit_code == 1
    (frame,) = json.loads(done.stdout)["frames"]
    assert [odd["code"] for odd in frame["anomalies"]] == ["bad_checksum"]
    assert invoke("explain", bad).exit_code == 1


@pytest.mark.parametrize("arguments", [("zz",), ("7e7e",), ("7e00027e", "--language", "fr"), ("7e00027e", "--profile", "nobody")])
def test_explain_refuses_what_it_cannot_read(arguments: tuple[str, ...]) -> None:
    assert invoke("explain", *arguments).exit_code == 2


def test_explain_writes_the_documents(tmp_path: Path) -> None:
    assert invoke("explain", "--docs", str(tmp_path / "docs")).exit_code == 0
    assert {path.name for path in (tmp_path / "docs").glob("*.md")} == set(documents())
