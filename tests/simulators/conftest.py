"""The county and its cycles, built once."""

from __future__ import annotations

import pytest

from simulators.county import County, CountySettings, build_county
from simulators.drive import Cycles, make_cycles


@pytest.fixture(scope="session")
def county() -> County:
    return build_county(CountySettings(seed=1))


@pytest.fixture(scope="session")
def small_county() -> County:
    return build_county(CountySettings(seed=5, towns=2, villages=4, hamlets=3, width_km=24, height_km=22))


@pytest.fixture(scope="session")
def cycles(county: County) -> Cycles:
    return make_cycles(county)
