"""Truth files."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from domain.errors import RefusedError
from simulators import truth
from simulators.truth import FIX, TruthWriter

RUN = {"seed": 1, "terminals": [{"terminal_id": "00000000014001000000"}, {"terminal_id": "014001000001"}]}


def _fixes(count: int, start_s: int) -> np.ndarray:
    fixes = np.zeros(count, FIX)
    fixes["t_ms"] = (start_s + np.arange(count)) * 1000
    fixes["terminal"] = np.arange(count) % 2
    return fixes


def test_fixes_and_acknowledgements_are_read_while_the_run_goes_on(tmp_path: Path) -> None:
    writer = TruthWriter(tmp_path / "run", RUN)
    assert writer.driven(_fixes(4, 100)) == 0
    assert writer.driven(_fixes(2, 104)) == 4
    writer.acknowledged([([0, 1], 0x0704, 9), ([4], 0x0200, 10)], 777)
    writer.acknowledged([([4], 0x0704, 12)], 999)
    seen = truth.load(tmp_path / "run")
    assert seen.acknowledged.tolist() == [True, True, False, False, True, False]
    assert seen.acknowledged_ms.tolist() == [777, 777, -1, -1, 777, -1]
    assert seen.keys() == {("14001000000", 100_000), ("14001000001", 101_000), ("14001000000", 104_000)}
    assert len(seen.keys(acknowledged_only=False)) == 6
    assert seen.acks["serial"].tolist() == [9, 9, 10, 12]
    writer.close()


def test_a_torn_last_row_is_ignored(tmp_path: Path) -> None:
    with TruthWriter(tmp_path, RUN) as writer:
        writer.driven(_fixes(3, 100))
        writer.acknowledged([([2], 0x0200, 1)], 5)
    for name in ("fixes.bin", "acks.bin"):
        descriptor = os.open(tmp_path / name, os.O_WRONLY | os.O_APPEND)
        os.write(descriptor, b"\x01" * 7)
        os.close(descriptor)
    seen = truth.load(tmp_path)
    assert len(seen.fixes) == 3 and len(seen.acks) == 1


def test_an_earlier_run_is_never_written_over(tmp_path: Path) -> None:
    TruthWriter(tmp_path, RUN).close()
    with pytest.raises(RefusedError):
        TruthWriter(tmp_path, RUN)
    with pytest.raises(RefusedError):
        truth.load(tmp_path / "absent")
