"""Vehicles that other platforms report: found, or admitted, by plate and colour.

A plate travels through the steps as a number that no terminal has (`PLATE`, and a hash of plate and colour), and `Terminals` tells its
vehicle like a terminal's. So a plate never takes a vehicle away from its terminal.
"""

from __future__ import annotations

import hashlib

from ingest import platform_store
from ingest.steps.batch import Batch, Context, PlateSeen

PLATE = 0xFFFF
"""First four digits of a number that stands for a plate."""
_FIELD = 21


def plate_key(plates: dict[tuple[int, int], PlateSeen], plate: str, colour: int, peer_id: int) -> tuple[int, int] | None:
    """Number that stands for a plate from now on; None for an empty one."""
    tidy = plate.replace("\x00", "").strip().upper()[:_FIELD]
    if not tidy:
        return None
    digest = hashlib.blake2b(f"{tidy}\n{colour}".encode(), digest_size=8).digest()
    key = (PLATE, int.from_bytes(digest, "big"))
    plates.setdefault(key, PlateSeen(tidy, colour, peer_id))
    return key


def find_plates(batch: Batch, context: Context, admits: bool) -> None:
    """Tell `Terminals` the vehicles of the batch's plates; where strangers are admitted, those that nobody knows are made."""
    if not batch.plates:
        return
    vehicles = platform_store.vehicles_of(context.conn, batch.plates, admits)
    context.terminals.update(((f"{hi:04x}{lo:016x}", vehicles.get((hi, lo))) for hi, lo in batch.plates), ())
