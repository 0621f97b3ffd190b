"""Who a simulated vehicle is: terminal number, plate, maker; the same for the same seed and row."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from domain.plate import Plate

_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_DIGITS = "0123456789"
_MODELS = (("70111", "AL300"), ("70228", "BSJ-A6"), ("44030", "HB-DV05"), ("32010", "TB-R6"))

YELLOW = 2
"""Plate colour of large vehicles (JT/T 697.7)."""


@dataclass(frozen=True, slots=True)
class Identity:
    """One terminal and the vehicle it is screwed into. terminal_id: 12 digits (2013 header) or 20 (2019)."""

    terminal_id: str
    version: str
    plate: Plate
    kind: str
    maker: str
    model: str
    terminal_code: str
    imei: str
    province: int
    city: int

    def row(self) -> dict[str, Any]:
        """The identity as JSON values."""
        row = asdict(self)
        row["plate"], row["plate_colour"] = self.plate.number, self.plate.colour
        return row


def make_identities(count: int, seed: int, kinds: list[str], county_code: int, share_2019: float = 0.5) -> list[Identity]:
    """Identities of a fleet.

    Args:
        count: vehicles, at most 1,000,000.
        seed: numbers of two seeds differ when the seeds differ modulo 1,000.
        kinds: kind of each vehicle.
        county_code: six digits; province and city of the registration.
        share_2019: share of terminals that speak the 2019 header.
    """
    random = np.random.default_rng([seed, 30])
    newer = random.random(count) < share_2019
    out = []
    for row in range(count):
        number = f"14{seed % 1000:03d}{row:06d}"
        maker, model = _MODELS[row % len(_MODELS)]
        out.append(
            Identity(
                terminal_id=number.rjust(20 if newer[row] else 12, "0"),
                version="2019" if newer[row] else "2013",
                plate=Plate(_plate(row, seed), YELLOW),
                kind=kinds[row],
                maker=maker,
                model=model,
                terminal_code=f"{row % 10_000_000:07d}",
                imei=f"86{number:0>13}"[:15],
                province=county_code // 10_000,
                city=county_code % 10_000,
            )
        )
    return out


def _plate(row: int, seed: int) -> str:
    """A plate of the province, one for each (seed modulo 24, row): letter of the city, then letter and four digits or two letters."""
    serial = row % 10_000
    block = row // 10_000
    return (
        f"贵{_LETTERS[seed % 24]}{_LETTERS[block % 24]}{serial:04d}"
        if block < 24
        else f"贵{_LETTERS[seed % 24]}{serial:04d}{_LETTERS[block % 24]}"
    )
