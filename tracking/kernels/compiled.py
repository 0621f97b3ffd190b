"""How kernels are compiled: for the cache, without the interpreter's lock."""

from __future__ import annotations

from typing import Any

from numba import njit

_UNCOUNTED: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy", "_nrt": False}

lean: Any = njit(**_UNCOUNTED)
"""For kernels that allocate nothing: arrays are borrowed from the caller and not counted. The atomic counting of two dozen arrays at
every call cost the matcher a third of its time. A division by zero gives inf or nan instead of an exception."""

inner: Any = njit(**_UNCOUNTED, forceinline=True)
"""The same for kernels that are part of another one: inlined, since a call passes every field of two dozen arrays."""
