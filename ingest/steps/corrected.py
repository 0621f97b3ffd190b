"""Replayed records, and those of them that may replace what is stored."""

from __future__ import annotations

from typing import Any

import numpy as np

from ingest.log.base import Records
from ingest.log.record import DOOR_REPLAY, REPLAYED

CORRECT = 1
"""`reason` of a replayed record whose reading counts more than the stored row of the same frame."""


def replayed(records: Records) -> np.ndarray[Any, Any]:
    """(n,) bool: frames, which have a kind of their own, and JSON of devices, which a door tells."""
    again: np.ndarray[Any, Any] = (records.kind == REPLAYED) | (records.door == DOOR_REPLAY)
    return again
