"""A fleet: vehicles that drive, terminals that report them, one loop, one clock."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np

from simulators.alarm_draw import AlarmDraw
from simulators.county import County, build_county
from simulators.drive import Drivers, make_cycles
from simulators.equipment import Equipment
from simulators.faults import FaultRates, FixFaults, FrameFaults
from simulators.fixes import FixSource
from simulators.fleet_run import FleetClock, FleetFigures, FleetSettings
from simulators.frames import BODY_BYTES
from simulators.identity import Identity, make_identities
from simulators.mqtt_device import Exchange, MqttDevice
from simulators.scenarios import SCENARIOS
from simulators.secrecy import TerminalSecrecy
from simulators.session import Session
from simulators.terminal import Dialling, Terminal
from simulators.truth import TruthWriter

TICK_S = 0.1
_STOPPED_DRAIN_S = 3.0
"""A run that a person stops waits no longer than this for its last acknowledgements."""
_BEHIND_MS = 60_000
"""A fleet that falls further behind its clock (a machine that slept) skips what it missed."""


class Fleet:
    """Everything of one run; `run` drives it.

    Args:
        settings: of the run.
        county: what to drive in; built from the settings when None.
    """

    def __init__(self, settings: FleetSettings, county: County | None = None) -> None:
        self.settings = settings
        scenario = SCENARIOS[settings.scenario]
        self.county = county or build_county(settings.county)
        cycles = make_cycles(self.county, tuple(kind for kind, share in scenario.shares.items() if share > 0))
        self.drivers = drivers = Drivers.assign(cycles, settings.vehicles, settings.seed, scenario.shares)
        kinds = [cycles.lines[line].kind for line in cycles.line[drivers.cycle]]
        self.lines = [cycles.lines[line].name for line in cycles.line[drivers.cycle]]
        self.identities: list[Identity] = make_identities(
            settings.vehicles, settings.seed, kinds, settings.county.county_code, settings.share_2019
        )
        self.source = FixSource(drivers, FixFaults(settings.faults, settings.seed))
        random = np.random.default_rng([settings.seed, 40])
        drawn = random.choice(np.array(scenario.intervals_s), settings.vehicles)
        interval_s = drawn if settings.interval_s is None else np.full(settings.vehicles, max(1, settings.interval_s))
        self._own_interval_ms = interval_s.astype(np.int64) * 1000
        self._interval_ms = self._own_interval_ms.copy()
        self._offset_ms = (random.random(settings.vehicles) * self._own_interval_ms).astype(np.int64)
        self._random = Random(f"{settings.seed}:links")
        self._fault_counts: Counter[str] = Counter()
        rate = scenario.alarms_per_hour if settings.alarms_per_hour is None else settings.alarms_per_hour
        self._alarms = AlarmDraw(rate, settings.seed, interval_s)
        self._generated = 0
        self._turn = 0
        self._terminals: list[Terminal | MqttDevice] = []
        self._exchange: Exchange | None = None
        self._truth: TruthWriter | None = None
        self._clock: FleetClock | None = None
        self._next_ms = self._offset_ms.copy()

    def figures(self) -> FleetFigures:
        """The run as it stands."""
        events: Counter[str] = Counter()
        for terminal in self._terminals:
            events += terminal.session.counts + terminal.counts
        boxes = [terminal.session.outbox for terminal in self._terminals]
        return FleetFigures(
            elapsed_s=self._clock.elapsed_s() if self._clock else 0.0,
            vehicles=self.settings.vehicles,
            online=sum(terminal.online for terminal in self._terminals),
            generated=self._generated,
            acknowledged=sum(terminal.acknowledged for terminal in self._terminals),
            waiting=sum(len(box) for box in boxes),
            overflowed=sum(box.overflowed for box in boxes),
            refused=sum(box.refused for box in boxes),
            events=dict(sorted(events.items())),
            faults=dict(sorted(self._fault_counts.items())),
        )

    async def run(self, stop: asyncio.Event | None = None, progress: Callable[[FleetFigures], None] | None = None) -> FleetFigures:
        """Drive until the time is up or `stop` is set, then wait for the last acknowledgements.

        Args:
            stop: ends the run early, gracefully.
            progress: called about once a second.
        """
        settings = self.settings
        stop = stop or asyncio.Event()
        if settings.truth is not None:
            self._truth = TruthWriter(settings.truth, self._run_row())
        if settings.mqtt:
            self._exchange = Exchange(settings.mqtt, asyncio.get_running_loop())
        self._terminals = [self._terminal(row) for row in range(settings.vehicles)]
        self._clock = FleetClock(settings)
        self._next_ms = self._clock.now_ms() // 1000 * 1000 + self._offset_ms
        try:
            async with asyncio.TaskGroup() as tasks:
                running = [tasks.create_task(each.run(row / settings.connects_per_s)) for row, each in enumerate(self._terminals)]
                await self._drive(stop, progress)
                for task in running:
                    task.cancel()
        finally:
            for terminal in self._terminals:
                terminal.stop()
            if self._exchange is not None:
                await asyncio.to_thread(self._exchange.stop)
            if self._truth is not None:
                self._truth.close()
        return self.figures()

    async def _drive(self, stop: asyncio.Event, progress: Callable[[FleetFigures], None] | None) -> None:
        assert self._clock is not None
        ends = self.settings.seconds
        told = 0.0
        while not stop.is_set() and (ends is None or self._clock.elapsed_s() < ends):
            self._generate(self._clock.now_ms())
            self._tend(faulty=True)
            if progress is not None and self._clock.elapsed_s() - told >= 1.0:
                told = self._clock.elapsed_s()
                progress(self.figures())
            await asyncio.sleep(TICK_S)
        until = self._clock.elapsed_s() + min(self.settings.drain_s, _STOPPED_DRAIN_S if stop.is_set() else np.inf)
        while self._clock.elapsed_s() < until and any(len(terminal.session.outbox) for terminal in self._terminals):
            self._tend(faulty=False)
            await asyncio.sleep(TICK_S)

    def _generate(self, now_ms: int) -> None:
        """Report every vehicle that is due, several times where the clock has jumped over several reports."""
        late = self._next_ms < now_ms - _BEHIND_MS
        if late.any():
            missed = (now_ms - self._next_ms[late]) // self._interval_ms[late]
            self._next_ms[late] += missed * self._interval_ms[late]
        due = np.flatnonzero(self._next_ms <= now_ms)
        while due.size:
            fixes, bodies, xors = self.source.make(due, self._next_ms[due] // 1000)
            first = self._truth.driven(fixes) if self._truth is not None else self._generated
            self._generated += due.size
            for place, row in enumerate(due.tolist()):
                terminal = self._terminals[row]
                if isinstance(terminal, MqttDevice):
                    terminal.report(first + place, fixes[place])
                    continue
                body = bodies[place * BODY_BYTES : (place + 1) * BODY_BYTES]
                alarm = self._alarms.draw(row, terminal.session.equipment, fixes[place], self._truth)
                terminal.report((first + place, body + alarm), xors[place])
            self._next_ms[due] += self._interval_ms[due]
            due = due[self._next_ms[due] <= now_ms]

    def _tend(self, *, faulty: bool) -> None:
        """Tick a tenth of the terminals; each comes round once a second."""
        assert self._clock is not None
        self._turn = (self._turn + 1) % 10
        now_ms = time.monotonic_ns() // 1_000_000
        rates = self.settings.faults
        for row in range(self._turn, len(self._terminals), 10):
            terminal = self._terminals[row]
            terminal.tick()
            session = terminal.session
            followed = session.follow_interval_s > 0 and now_ms < session.follow_until_ms
            self._interval_ms[row] = session.follow_interval_s * 1000 if followed else self._own_interval_ms[row]
            if faulty and terminal.online and isinstance(terminal, Terminal):
                self._strike(terminal, rates)

    def _strike(self, terminal: Terminal, rates: FaultRates) -> None:
        draw = self._random.random() * 60.0
        if draw < rates.lost_connection:
            self._fault_counts["lost_connection"] += 1
            terminal.lose(self._random.uniform(0.2, max(0.3, rates.outage_s)))
        elif draw < rates.lost_connection + rates.half_open:
            self._fault_counts["half_open"] += 1
            terminal.leave_half_open()

    def _terminal(self, row: int) -> Terminal | MqttDevice:
        settings = self.settings
        if self._exchange is not None:
            return MqttDevice(self.identities[row].terminal_id, self._exchange, self._truth)
        random = Random(f"{settings.seed}:{row}")
        serial = random.randrange(65_536)
        equipment = Equipment(self.identities[row], self.drivers.of(row), settings.seed * 1_000_003 + row)
        session = Session(self.identities[row], settings.session, serial, equipment, TerminalSecrecy() if settings.rsa else None)
        dialling = Dialling(settings.host, settings.port, settings.first_wait_s, settings.most_wait_s)
        faults = FrameFaults(settings.faults, Random(f"{settings.seed}:{row}:frames"), self._fault_counts)
        return Terminal(session, dialling, faults, self._truth, random)

    def _run_row(self) -> dict[str, Any]:
        settings = self.settings
        terminals = [identity.row() | {"line": line} for identity, line in zip(self.identities, self.lines, strict=True)]
        return {
            "seed": settings.seed,
            "vehicles": settings.vehicles,
            "scenario": settings.scenario,
            "interval_s": settings.interval_s,
            "speed_factor": settings.speed_factor,
            "network_version": self.county.network.version,
            "terminals": terminals,
        }


async def run_fleet(
    settings: FleetSettings,
    *,
    county: County | None = None,
    stop: asyncio.Event | None = None,
    progress: Callable[[FleetFigures], None] | None = None,
) -> FleetFigures:
    """Build a fleet (a few CPU seconds, in a thread) and run it; see `Fleet.run`."""
    fleet = await asyncio.to_thread(Fleet, settings, county)
    return await fleet.run(stop, progress)


__all__ = ["Fleet", "FleetFigures", "FleetSettings", "run_fleet"]
