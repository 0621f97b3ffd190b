"""Network files: refused when they are of another layout or damaged, never loaded half."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from domain.errors import RefusedError
from tests.tracking.network.drawing import draw
from tracking.network import load, save
from tracking.network.model import ARRAY_NAMES

REBUILD = "rebuild with `cuntong network build`"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    network = draw(tmp_path, "a--b--c\n   |\n   d", "abc highway=primary name=青岚路\nbd highway=service", nodes="b barrier=bollard")
    save(network, tmp_path / "n.npz")
    return tmp_path / "n.npz"


def _rewritten(file: Path, **changes: object) -> Path:
    with np.load(file) as stored:
        members = {name: stored[name] for name in stored.files}
    head = json.loads(members["head_json"].tobytes())
    for name, value in changes.items():
        if name in ARRAY_NAMES:
            members[name] = value
        elif value is None:
            head.pop(name)
        else:
            head[name] = value
    members["head_json"] = np.frombuffer(json.dumps(head).encode(), np.uint8)
    with file.open("wb") as out:
        np.savez(out, **members)
    return file


def test_a_file_of_another_layout_is_refused(file: Path) -> None:
    with pytest.raises(RefusedError, match=REBUILD):
        load(_rewritten(file, format=1))


@pytest.mark.parametrize(
    "change", [{"plane": "+proj=merc"}, {"limit_bus_kmh": np.zeros(3, np.uint8)}, {"names": ["x"]}, {"version": "0" * 64}]
)
def test_a_file_whose_hash_does_not_fit_is_refused(file: Path, change: dict[str, object]) -> None:
    with pytest.raises(RefusedError, match=REBUILD):
        load(_rewritten(file, **change))


@pytest.mark.parametrize("change", [{"origin": None}, {"names": None}, {"origin": {"unknown": 1}}, {"plane": None}])
def test_a_file_without_its_head_is_refused(file: Path, change: dict[str, object]) -> None:
    with pytest.raises(RefusedError, match=REBUILD):
        load(_rewritten(file, **change))


def test_a_file_cut_anywhere_is_refused(file: Path) -> None:
    whole = file.read_bytes()
    for share in np.linspace(0, 0.999, 40):
        file.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(RefusedError, match=REBUILD):
            load(file)


def test_nothing_is_left_half_written(file: Path) -> None:
    again = load(file)
    assert again.origin.counts["barriers"] == 1 and again.names == ("青岚路",)
    assert not list(file.parent.glob("*.part"))
