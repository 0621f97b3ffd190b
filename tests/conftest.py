"""Fixtures that every test may use; each lives in a file of `tests/fixtures`."""

from __future__ import annotations

import os

from runtime.caches import separate_kernel_cache

if os.environ.get("NUMBA_DISABLE_JIT") == "1":
    from tests.fixtures.uncompiled import open_records

    open_records()
else:
    separate_kernel_cache()  # before the first kernel is imported: the same compiled code as the programs that the tests start

pytest_plugins = ["tests.fixtures.broker", "tests.fixtures.databases", "tests.fixtures.shared", "tests.fixtures.world"]
