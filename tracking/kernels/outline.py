"""Parts of edges as lines."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def outline(path, start, end, shape_start, lon_e7, lat_e7, along_m):  # type: ignore[no-untyped-def]
    """(n, 2) lon, lat degrees of the parts start to end, each inner point once."""
    room = 0
    for part in range(start, end):
        room += 2 * (shape_start[path[part].edge + 1] - shape_start[path[part].edge])
    out = np.empty((room, 2))
    count = 0
    for part in range(start, end):
        edge, low, high = path[part].edge, path[part].from_m, path[part].to_m
        for shape in range(shape_start[edge], shape_start[edge + 1] - 1):
            a, b = np.float64(along_m[shape]), np.float64(along_m[shape + 1])
            last = shape + 2 == shape_start[edge + 1]
            if (b < low or a > high) and not last:
                continue
            lon, lat = lon_e7[shape] * 1e-7, lat_e7[shape] * 1e-7
            dlon, dlat = lon_e7[shape + 1] * 1e-7 - lon, lat_e7[shape + 1] * 1e-7 - lat
            span = b - a
            for at in (max(low, a), min(high, b)):
                fraction = min(max((at - a) / span, 0.0), 1.0) if span > 0.0 else 0.0
                x, y = lon + fraction * dlon, lat + fraction * dlat
                if count == 0 or out[count - 1, 0] != x or out[count - 1, 1] != y:
                    out[count, 0] = x
                    out[count, 1] = y
                    count += 1
            if b >= high:
                break
    return out[:count]
