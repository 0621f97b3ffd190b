"""Fixtures that every test may use; each lives in a file of `tests/fixtures`."""

from __future__ import annotations

pytest_plugins = ["tests.fixtures.databases", "tests.fixtures.shared"]
