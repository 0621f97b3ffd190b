"""Several bytes as one number.

Places are uint64: a signed place would be tested for counting from the end at every byte, and the bytes of a word not become one load.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_1, _2, _3, _4, _5, _6, _7 = (np.uint64(n) for n in range(1, 8))
_8, _16, _24, _32, _40, _48, _56 = (np.uint64(8 * n) for n in range(1, 8))
_BYTE = np.uint64(0xFF)


@njit(cache=True, nogil=True)
def big16(b, i):  # type: ignore[no-untyped-def]
    """uint64 of two bytes, the first the highest."""
    return (np.uint64(b[i]) << _8) | np.uint64(b[i + _1])


@njit(cache=True, nogil=True)
def big32(b, i):  # type: ignore[no-untyped-def]
    """uint64 of four bytes, the first the highest."""
    return (np.uint64(b[i]) << _24) | (np.uint64(b[i + _1]) << _16) | (np.uint64(b[i + _2]) << _8) | np.uint64(b[i + _3])


@njit(cache=True, nogil=True)
def big64(b, i):  # type: ignore[no-untyped-def]
    """uint64 of eight bytes, the first the highest."""
    high = (np.uint64(b[i]) << _56) | (np.uint64(b[i + _1]) << _48) | (np.uint64(b[i + _2]) << _40) | (np.uint64(b[i + _3]) << _32)
    low = (np.uint64(b[i + _4]) << _24) | (np.uint64(b[i + _5]) << _16) | (np.uint64(b[i + _6]) << _8) | np.uint64(b[i + _7])
    return high | low


@njit(cache=True, nogil=True)
def eight(b, i):  # type: ignore[no-untyped-def]
    """uint64 of eight bytes, the first the lowest."""
    low = np.uint64(b[i]) | (np.uint64(b[i + _1]) << _8) | (np.uint64(b[i + _2]) << _16) | (np.uint64(b[i + _3]) << _24)
    high = (np.uint64(b[i + _4]) << _32) | (np.uint64(b[i + _5]) << _40) | (np.uint64(b[i + _6]) << _48) | (np.uint64(b[i + _7]) << _56)
    return low | high


@njit(cache=True, nogil=True)
def put_eight(b, i, word):  # type: ignore[no-untyped-def]
    """Write what `eight` reads."""
    b[i] = np.uint8(word & _BYTE)
    b[i + _1] = np.uint8((word >> _8) & _BYTE)
    b[i + _2] = np.uint8((word >> _16) & _BYTE)
    b[i + _3] = np.uint8((word >> _24) & _BYTE)
    b[i + _4] = np.uint8((word >> _32) & _BYTE)
    b[i + _5] = np.uint8((word >> _40) & _BYTE)
    b[i + _6] = np.uint8((word >> _48) & _BYTE)
    b[i + _7] = np.uint8((word >> _56) & _BYTE)
