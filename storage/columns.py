"""Columns that the server sends as one value each: numbers in network order, made into arrays without a step per row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

EPOCH_2000_MS = 946_684_800_000
"""PostgreSQL counts microseconds from 2000-01-01 00:00 UTC."""


def rows_of(bodies: Sequence[bytes | None], dtype: np.dtype[np.void], times: frozenset[str]) -> NDArray[np.void]:
    """Structured array of columns sent by `string_agg(int4send(column), '' order by …)` and its like.

    Args:
        bodies: one value a field of the dtype, in its order; all None when there is no row.
        dtype: fields of the width that the server sent; little-endian.
        times: fields that came from `timestamptz_send`; they become epoch ms.
    Returns:
        (n,) dtype.
    """
    names = dtype.names or ()
    first = bodies[0]
    if first is None:
        return np.empty(0, dtype)
    rows = np.empty(len(first) // dtype[names[0]].itemsize, dtype)
    for name, body in zip(names, bodies, strict=True):
        assert body is not None
        sent = np.frombuffer(body, dtype[name].newbyteorder(">"))
        rows[name] = sent // 1000 + EPOCH_2000_MS if name in times else sent
    return rows
