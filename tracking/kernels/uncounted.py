"""Kernels that count no references. Counting costs an atomic step for each array of each call; half of the time of small calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit

Kernel = Callable[..., Any]


def uncounted(kernel: Kernel) -> Kernel:
    """Compile a kernel that owns nothing: it may neither make arrays (numba refuses to compile it) nor return any.

    When it is what Python calls, its arrays carry no counts, and what the kernels that it calls do about them costs next to nothing.
    """
    owns: dict[str, Any] = {"_nrt": False}
    compiled: Kernel = njit(cache=True, nogil=True, **owns)(kernel)
    return compiled
