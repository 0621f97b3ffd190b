"""Live matching in the pipeline goes on where it was, whatever happens to the pipeline."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import psycopg
import pytest

from domain.units import instant
from ingest.pipeline import Pipeline
from storage import registry
from tests.ingest import match_town as town
from tests.ingest.spooled import rows, write
from tracking.live_matching import MATCH_STATE

MIDDLES = {"afternoon": town.MIDNIGHT_MS - 8 * town.HOUR_MS, "midnight": town.MIDNIGHT_MS, "switch": town.MIDNIGHT_MS + 3 * town.HOUR_MS}


def undisturbed(dsn: str, spool: Path) -> Pipeline:
    worker = town.opened(dsn, spool)
    while town.behind(worker):
        worker.step_once()
    return worker


def disturbed(dsn: str, spool: Path, random: np.random.Generator) -> Pipeline:
    """Closed, killed before and after commits, cut off from the database, at random places; the last batch is stored in peace."""
    worker = town.opened(dsn, spool)
    worker.step_once()
    while town.behind(worker) > 1_500:
        chance = random.random()
        if chance < 0.15:
            worker.close()
            worker = town.opened(dsn, spool)
        elif chance < 0.5:
            town.Mortal.before, town.Mortal.after = chance < 0.35, chance >= 0.35
            with pytest.raises(town.Killed):
                while True:
                    worker.step_once()
            worker = town.opened(dsn, spool)
        elif chance < 0.6:
            rows(dsn, "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'cuntong-ingest'")
        worker.step_once()
    while town.behind(worker):
        worker.step_once()
    return worker


def emptied(dsn: str) -> None:
    with psycopg.connect(dsn) as conn:
        conn.execute("truncate ingest_offset, positions, vehicle_last, match_state, provisional_path, road")
        registry.admit(conn, [registry.Registration(terminal) for terminal in town.TERMINALS])


def assert_same(found: tuple[bytes, float], expected: tuple[bytes, float]) -> None:
    """Field by field."""
    one, other = (np.frombuffer(state, MATCH_STATE)[0] for state, _ in (found, expected))
    differs = [name for name in MATCH_STATE.names or () if one[name].tobytes() != other[name].tobytes()]
    assert (differs, found[1]) == ([], expected[1]), [(n, one[n], other[n]) for n in differs]


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("mess", [0.0, 0.1])
@pytest.mark.parametrize("middle", list(MIDDLES))
def test_a_pipeline_that_is_closed_and_killed_anywhere_matches_as_if_nothing_had_happened(
    dsn: str, tmp_path: Path, seed: int, middle: str, mess: float
) -> None:
    emptied(dsn)
    town.use(dsn, tmp_path, town.networks()[0])
    town.use(dsn, tmp_path, town.networks()[1], instant(MIDDLES["switch"] - 5 * town.HOUR_MS))
    spool = tmp_path / "spool"
    write(spool, town.logged(town.drives(seed, MIDDLES[middle]), seed, mess))
    worker = undisturbed(dsn, spool)
    expected = (town.ways(dsn), town.shown(dsn), town.records(worker), rows(dsn, "select count(*) from positions"))
    worker.close()
    emptied(dsn)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psycopg, "connect", town.Mortal.connect)
        worker = disturbed(dsn, spool, np.random.default_rng(seed))
        worker.step_once()
    found = (town.ways(dsn), town.shown(dsn), town.records(worker), rows(dsn, "select count(*) from positions"))
    worker.close()
    assert found[3] == expected[3] and expected[0]
    assert found[0] == expected[0]
    assert found[1] == expected[1]
    for vehicle, record in found[2].items():
        assert_same(record, expected[2][vehicle])
