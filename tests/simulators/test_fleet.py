"""Fleets over real TCP against a platform with moods."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from domain.errors import RefusedError
from protocols.jt808.messages.control import LocationQuery, TrackingControl
from protocols.jt808.messages.location import LocationReply
from protocols.jt808.messages.session import PacketRequest, TerminalReply
from simulators import truth
from simulators.county import County
from simulators.faults import HEAVY_FAULTS
from simulators.fleet import Fleet, FleetFigures, FleetSettings, run_fleet
from simulators.fleet_run import FleetClock
from simulators.link_state import SessionSettings
from simulators.outbox import OutboxLimits
from tests.simulators.peer import Mood, Peer

QUICK = SessionSettings(outbox=OutboxLimits(ack_timeout_ms=600), answer_timeout_ms=800)


def _settings(peer: Peer, folder: Path, **changes: object) -> FleetSettings:
    base = FleetSettings(
        port=peer.port, vehicles=20, seconds=5, interval_s=1, truth=folder / "truth", session=QUICK, most_wait_s=0.6, first_wait_s=0.1
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def _compare(peer: Peer, folder: Path) -> truth.Truth:
    """Every acknowledged fix is kept by the peer, as it was sent; no key came with two contents."""
    seen = truth.load(folder / "truth")
    assert peer.conflicts == 0
    keys = list(zip(seen.fixes["terminal"].tolist(), seen.fixes["t_ms"].tolist(), strict=True))
    assert len(set(keys)) == len(keys)
    names = seen.terminal_ids()
    for row in np.flatnonzero(seen.acknowledged).tolist():
        fix = seen.fixes[row]
        kept = peer.kept[names[fix["terminal"]], int(fix["t_ms"])]
        assert (kept.longitude_e6, kept.latitude_e6) == (fix["lon_e6"], fix["lat_e6"])
        assert (kept.speed_kmh10, kept.heading_deg, kept.altitude_m) == (fix["speed_kmh10"], fix["heading_deg"], fix["altitude_m"])
        assert (kept.status_bits, kept.alarm_bits) == (fix["status_bits"], fix["alarm_bits"])
    assert seen.fixes["t_ms"].max() <= time.time() * 1000
    return seen


def _check(figures: FleetFigures, seen: truth.Truth) -> None:
    assert figures.acknowledged == int(seen.acknowledged.sum())
    assert figures.generated == len(seen.fixes) == figures.acknowledged + figures.waiting + figures.refused + figures.overflowed


async def test_everything_driven_is_acknowledged_by_a_good_platform(small_county: County, tmp_path: Path) -> None:
    async with Peer() as peer:
        figures = await run_fleet(_settings(peer, tmp_path), county=small_county)
    seen = _compare(peer, tmp_path)
    _check(figures, seen)
    assert seen.acknowledged.all() and figures.generated >= 60
    assert peer.counts["0100"] == peer.counts["0102"] == 20
    assert {terminal["version"] for terminal in seen.terminals} == {"2013", "2019"}


async def test_with_heavy_faults_all_is_acknowledged_in_the_end(small_county: County, tmp_path: Path) -> None:
    faults = replace(HEAVY_FAULTS, lost_connection=4.0, half_open=3.0, outage_s=1.0)
    async with Peer(Mood(drop=0.1, repeat=0.1, delay_s=0.2)) as peer:
        figures = await run_fleet(_settings(peer, tmp_path, faults=faults, seconds=6, drain_s=30), county=small_county)
    seen = _compare(peer, tmp_path)
    _check(figures, seen)
    assert seen.acknowledged.all()
    for fault in ("lost_connection", "half_open", "duplicate", "wrong_xor", "garbage", "split", "glued"):
        assert figures.faults[fault] > 0
    assert peer.counts["broken"] > 0 and peer.counts["0704"] > 0 and figures.events["repeated"] > 0
    assert seen.fixes["faults"].any()


async def test_a_platform_that_restarts_loses_nothing(small_county: County, tmp_path: Path) -> None:
    async with Peer() as peer:
        run = asyncio.create_task(run_fleet(_settings(peer, tmp_path, seconds=7, drain_s=20), county=small_county))
        await asyncio.sleep(3)
        await peer.shut()
        await asyncio.sleep(1.5)
        await peer.listen()
        figures = await run
    seen = _compare(peer, tmp_path)
    _check(figures, seen)
    assert seen.acknowledged.all()
    assert peer.counts["0704"] > 0 and peer.counts["0100"] == 20, "codes are kept over reconnects"
    assert (seen.acks["message_id"] == 0x0704).any()


async def test_positions_without_an_answer_are_not_counted_and_come_again_later(small_county: County, tmp_path: Path) -> None:
    async with Peer(Mood(mute_positions=True)) as peer:
        run = asyncio.create_task(run_fleet(_settings(peer, tmp_path, vehicles=5, seconds=6, drain_s=30), county=small_county))
        await asyncio.sleep(4)
        assert len(truth.load(tmp_path / "truth").acks) == 0
        assert peer.counts["0200"] > 0
        peer.mood.mute_positions = False
        await run
    assert _compare(peer, tmp_path).acknowledged.all()


async def test_refused_positions_are_not_acknowledged(small_county: County, tmp_path: Path) -> None:
    async with Peer(Mood(result=2)) as peer:
        figures = await run_fleet(_settings(peer, tmp_path, vehicles=5, seconds=3), county=small_county)
    seen = _compare(peer, tmp_path)
    _check(figures, seen)
    assert figures.acknowledged == 0 and figures.refused == figures.generated


async def test_uploads_in_packets_come_through_a_forgetful_platform(small_county: County, tmp_path: Path) -> None:
    session = replace(QUICK, parted_fixes=80, outbox=OutboxLimits(ack_timeout_ms=900))
    async with Peer() as peer:
        await peer.shut()
        settings = _settings(peer, tmp_path, vehicles=3, seconds=6, speed_factor=10.0, session=session, drain_s=20)
        run = asyncio.create_task(run_fleet(settings, county=small_county))
        await asyncio.sleep(4)
        peer.mood.forget_first_part = True
        await peer.listen()
        figures = await run
    assert figures.events["parted_uploads"] > 0 and peer.counts["forgotten_parts"] == 1
    assert _compare(peer, tmp_path).acknowledged.all()


async def test_commands_reach_a_terminal_over_its_link(small_county: County, tmp_path: Path) -> None:
    async with Peer() as peer:
        fleet = Fleet(_settings(peer, tmp_path, vehicles=2, seconds=3, interval_s=2, truth=None), small_county)
        run = asyncio.create_task(fleet.run())
        await asyncio.sleep(1.5)
        who = fleet.identities[0]
        writer = peer.links[who.terminal_id.lstrip("0")]
        for message in (TrackingControl(1, 60), PacketRequest(7, (1,)), LocationQuery()):
            peer.command(who.terminal_id, who.version, writer, message)
        await run
    answers = [reply for reply in peer.replies if isinstance(reply, TerminalReply)]
    assert (0x8202, 0) in {(reply.reply_id, reply.result) for reply in answers}
    assert any(isinstance(reply, LocationReply) for reply in peer.replies) or (0x8201, 1) in {
        (reply.reply_id, reply.result) for reply in answers
    }


async def test_a_stopped_run_ends_gracefully(small_county: County, tmp_path: Path) -> None:
    stop = asyncio.Event()
    told: list[FleetFigures] = []
    async with Peer() as peer:
        run = asyncio.create_task(run_fleet(_settings(peer, tmp_path, seconds=None), county=small_county, stop=stop, progress=told.append))
        await asyncio.sleep(3.5)
        stop.set()
        figures = await asyncio.wait_for(run, 10)
    assert figures.generated > 0 and told and told[-1].online == 20
    _check(figures, _compare(peer, tmp_path))


def test_the_clock_is_never_ahead_of_the_wall() -> None:
    for settings in (FleetSettings(seconds=2, speed_factor=30.0), FleetSettings(speed_factor=1e6, start_time_ms=0), FleetSettings()):
        clock = FleetClock(settings)
        for _ in range(50):
            now = clock.now_ms()
            assert now <= time.time() * 1000 + 1
            time.sleep(0.001)
    with pytest.raises(RefusedError):
        FleetClock(FleetSettings(speed_factor=2.0))
    with pytest.raises(RefusedError):
        Fleet(FleetSettings(scenario="moon"))
