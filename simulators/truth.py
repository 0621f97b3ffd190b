"""What was really driven and what was acknowledged, in files that tests read while and after a fleet runs.

A folder holds `run.json` (settings, terminals) and two append-only files of numpy rows: `fixes.bin` (`FIX`, written before a
fix is sent) and `acks.bin` (`ACK`, written before the terminal acts on the acknowledgement). Both are written straight to the
operating system, so they survive the end of the program by any signal; a torn last row is ignored by the reader.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from struct import Struct
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from domain.errors import RefusedError, StoreError

FIX = np.dtype(
    [
        ("t_ms", "<i8"),
        ("terminal", "<i4"),
        ("true_lon_e6", "<i4"),
        ("true_lat_e6", "<i4"),
        ("lon_e6", "<i4"),
        ("lat_e6", "<i4"),
        ("odometer_m", "<i4"),
        ("edge", "<i4"),
        ("alarm_bits", "<u4"),
        ("status_bits", "<u4"),
        ("speed_kmh10", "<i2"),
        ("heading_deg", "<i2"),
        ("altitude_m", "<i2"),
        ("faults", "<u2"),
    ]
)
"""One driven fix. t_ms: device time as sent, whole seconds, unique per terminal; terminal: row of `Truth.terminals`;
true_*: where the vehicle was; lon_e6, lat_e6: what was sent (drift, last place without antenna); odometer_m as sent, that is in
steps of 100 m; edge of the county's network; faults: `simulators.faults.FixFault` bits."""

ACK = np.dtype([("fix", "<i8"), ("t_ms", "<i8"), ("message_id", "<u2"), ("serial", "<u2"), ("spare", "<u4")])
"""One acknowledged fix: its row in `fixes.bin`, epoch ms by the simulator's clock, the message that carried it, its serial."""

_ACK_ROW = Struct("<qqHHI")
_FIXES, _ACKS, _RUN, _ALARMS = "fixes.bin", "acks.bin", "run.json", "alarms.jsonl"


class TruthWriter:
    """Writes the truth of one run into an empty folder.

    Args:
        folder: made when absent; RefusedError when it holds an earlier run.
        run: what the run was started with, JSON values; `terminals` a list with one object a terminal.
    """

    def __init__(self, folder: Path, run: dict[str, Any]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / _FIXES).exists():
            raise RefusedError(f"{folder} holds the truth of an earlier run; name an empty folder", field="truth", kind="conflict")
        self._folder = folder
        part = folder / (_RUN + ".part")
        part.write_text(json.dumps(run, ensure_ascii=False), encoding="utf-8")
        part.replace(folder / _RUN)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
        self._fixes = os.open(folder / _FIXES, flags, 0o644)
        self._acks = os.open(folder / _ACKS, flags, 0o644)
        self.rows = 0

    def driven(self, fixes: NDArray[Any]) -> int:
        """Append `FIX` rows; returns the row number of the first."""
        first = self.rows
        _write_all(self._fixes, fixes.tobytes())
        self.rows += len(fixes)
        return first

    def alarm(self, row: dict[str, Any]) -> None:
        """Append an alarm of active safety, JSON values, to `alarms.jsonl`; written before the alarm is sent."""
        with (self._folder / _ALARMS).open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")

    def acknowledged(self, answers: list[tuple[list[int], int, int]], t_ms: int) -> None:
        """Append one `ACK` for each fix row; answers: (rows, message id, serial) that came together."""
        acks = [_ACK_ROW.pack(row, t_ms, message_id, serial, 0) for rows, message_id, serial in answers for row in rows]
        _write_all(self._acks, b"".join(acks))

    def close(self) -> None:
        """Sync both files to the disk and close them."""
        for descriptor in (self._fixes, self._acks):
            os.fsync(descriptor)
            os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _write_all(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        try:
            view = view[os.write(descriptor, view) :]
        except OSError as error:
            raise StoreError(f"truth file: {error}") from error


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """A run as it stands on disk: run settings, terminals, `FIX` rows, `ACK` rows in the order they came."""

    run: dict[str, Any]
    terminals: list[dict[str, Any]]
    fixes: NDArray[Any]
    acks: NDArray[Any]

    @property
    def acknowledged(self) -> NDArray[np.bool_]:
        """(fixes,) True where an acknowledgement came."""
        out = np.zeros(len(self.fixes), bool)
        out[self.acks["fix"]] = True
        return out

    @property
    def acknowledged_ms(self) -> NDArray[np.int64]:
        """(fixes,) epoch ms of the first acknowledgement, -1 where none came."""
        out = np.full(len(self.fixes), -1, np.int64)
        out[self.acks["fix"][::-1]] = self.acks["t_ms"][::-1]
        return out

    def terminal_ids(self) -> list[str]:
        """Terminal id of each terminal row, without leading zeros, as the platform finds them."""
        return [str(terminal["terminal_id"]).lstrip("0") or "0" for terminal in self.terminals]

    def keys(self, *, acknowledged_only: bool = True) -> set[tuple[str, int]]:
        """(terminal id without leading zeros, t_ms) of the fixes: what the store must hold."""
        names = self.terminal_ids()
        rows = self.fixes[self.acknowledged] if acknowledged_only else self.fixes
        return {(names[terminal], t_ms) for terminal, t_ms in zip(rows["terminal"].tolist(), rows["t_ms"].tolist(), strict=True)}


def load(folder: Path) -> Truth:
    """The truth of a folder, also while the run goes on; RefusedError when there is none.

    Acknowledgements are read first, so every one of them finds its fix.
    """
    try:
        run = json.loads((folder / _RUN).read_text(encoding="utf-8"))
        acks = _rows(folder / _ACKS, ACK)
        fixes = _rows(folder / _FIXES, FIX)
    except (OSError, ValueError) as error:
        raise RefusedError(f"{folder}: no truth of a run ({error})", field="folder", kind="missing") from error
    return Truth(run, run["terminals"], fixes, acks)


def alarms(folder: Path) -> list[dict[str, Any]]:
    """Alarms of active safety that a run has raised, in order: terminal, item, kind, time_ms, sequence, files with size and sha256."""
    path = folder / _ALARMS
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def _rows(path: Path, dtype: np.dtype[Any]) -> NDArray[Any]:
    content = path.read_bytes()
    return np.frombuffer(content[: len(content) // dtype.itemsize * dtype.itemsize], dtype)
