"""Geofences from a file to simulated terminals over real sockets: what a terminal holds is what was drawn, and the database knows it."""

from __future__ import annotations

import asyncio
import json
import math
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from psycopg.conninfo import make_conninfo
from typer.testing import CliRunner

from domain.errors import RefusedError
from domain.plate import Plate
from operations import geofences
from operations.geofences import Asking
from protocols.jt808.forms import as_json
from protocols.jt808.messages.zones import PolygonZone
from runtime import cli
from runtime.gateway import follower
from simulators.faults import NO_FAULTS, FrameFaults
from simulators.identity import Identity
from simulators.link_state import SessionSettings
from simulators.session import Session
from simulators.terminal import Dialling, Terminal
from storage import geofences as stored
from storage import terminal_commands
from storage.geofences import SHAPES, Held
from storage.pool import connect
from storage.registry import Registration, admit
from storage.terminal_commands import Command
from tests.fixtures.databases import _create, _drop
from tests.fixtures.office import open_office
from tests.ingest.gateway.conftest import RunningGateway

NEW = Identity("00000000013800000001", "2019", Plate("贵A12345", 2), "coach", "70111", "AL300", "0000001", "861400100000700", 52, 100)
OLD = Identity("013800000002", "2013", Plate("贵A12346", 2), "coach", "70111", "AL300", "0000002", "861400100000800", 52, 100)
LATE = replace(NEW, terminal_id="00000000013800000003", plate=Plate("贵A12347", 2), terminal_code="0000003")


def feature(name: str, kind: str, coordinates: Any, **words: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": {"name": name, **words}, "geometry": {"type": kind, "coordinates": coordinates}}


BAY = [[[106.6 + 0.01 * math.cos(a / 1_500 * math.tau), 26.5 + 0.01 * math.sin(a / 1_500 * math.tau)] for a in range(1_500)]]
BAY[0].append(BAY[0][0])
FEATURES = [
    feature("车站", "Point", [106.6, 26.5], radius_m=300, max_speed_kmh=20, night_speed_kmh=15, alarms=["enter_driver", "leave_platform"]),
    feature("医院", "Point", [-106.61, -26.51], radius_m=150, daily_from="22:00", daily_to="05:30"),
    feature(
        "工地", "Polygon", [[[106.6, 26.5], [106.62, 26.5], [106.62, 26.51], [106.6, 26.51], [106.6, 26.5]]], shape="rectangle",
        valid_from="2026-12-01", valid_to="2026-12-31T18:00:00+08:00", alarms=["enter_platform"],
    ),
    feature("景区", "Polygon", BAY, max_speed_kmh=40, overspeed_s=5),
    feature("禁区", "Polygon", [[[106.7, 26.5], [106.71, 26.5], [106.7, 26.52], [106.7, 26.5]]], alarms=["enter_driver", "enter_platform"]),
    feature(
        "校车", "LineString", [[106.6, 26.5], [106.61, 26.5], [106.62, 26.505], [106.63, 26.505]], alarms=["leave_platform"], width_m=30,
        sections=[{"until": 2, "max_speed_kmh": 60, "night_speed_kmh": 50}, {"until": 3, "width_m": 50, "longest_s": 600, "shortest_s": 60}],
    ),
]  # fmt: skip


class Yard:
    """A gateway, the command follower, terminals of both editions, and geofences."""

    def __init__(self, dsn: str, folder: Path) -> None:
        self.dsn, self.folder = dsn, folder
        self.gateway = RunningGateway(folder / "gateway", "auto")
        self.follower = follower(self.gateway.worker, dsn)
        self.follower.start()
        self.office = open_office(dsn)
        self.terminals: dict[str, Terminal] = {}
        self._up = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self._thread.start()
        assert self._up.wait(20)

    async def _run(self) -> None:
        self.loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._up.set()
        await self._end.wait()
        for task in self._tasks:
            task.cancel()
        for one in self.terminals.values():
            one.stop()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def dial(self, who: Identity) -> Terminal:
        """Switch a terminal on; it is on line at the end."""
        faults = FrameFaults(NO_FAULTS, Random(1), Counter())
        one = Terminal(Session(who, SessionSettings(), 7), Dialling(*self.gateway.address), faults, None, Random(5))
        self.terminals[who.terminal_id] = one
        self.loop.call_soon_threadsafe(lambda: self._tasks.append(self.loop.create_task(one.run())))
        self.until(lambda: one.online)
        return one

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self._end.set)
        self._thread.join(20)
        self.office.close()
        self.follower.stop()
        self.gateway.stop()

    def until(self, holds: Callable[[], Any], limit_s: float = 20.0) -> Any:
        deadline = time.monotonic() + limit_s
        while not (found := holds()):
            assert time.monotonic() < deadline, "waited in vain"
            time.sleep(0.02)
        return found

    def order(self, who: Identity, action: geofences.Action, *names: str, **how: Any) -> list[int]:
        asking = Asking(datetime.now(UTC) + timedelta(hours=1), "office", **how)
        with self.office.transaction():
            return geofences.order(self.office, key(who), action, geofences.named(self.office, names), asking)

    def ended(self, numbers: list[int], state: str = "done") -> list[Command]:
        """The commands, once all have ended in that state."""

        def look() -> list[Command] | None:
            found = [one for number in numbers if (one := terminal_commands.one(self.office, number)) is not None]
            return found if all(one.done_at is not None for one in found) else None

        found: list[Command] = self.until(look)
        assert [one.state for one in found] == [state] * len(numbers), [one.reason for one in found]
        return found

    def held(self, who: Identity) -> list[Held]:
        return stored.held(self.office, key(who))

    def same(self, who: Identity) -> dict[str, Held]:
        """What a terminal holds by the database, which is, zone by zone, what is in the terminal's memory."""
        held = self.held(who)
        by_shape = self.terminals[who.terminal_id].session.equipment.zones.by_shape
        memory = {(shape, number): _stripped(as_json(zone)) for shape, zones in by_shape.items() for number, zone in zones.items()}
        assert {(one.shape, one.zone_id): one.wire for one in held} == memory
        return {one.geofence or f"zone {one.zone_id}": one for one in held}


def key(who: Identity) -> str:
    return who.terminal_id.lstrip("0")


def _stripped(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _stripped(one) for name, one in value.items() if one is not None}
    return [_stripped(one) for one in value] if isinstance(value, list) else value


def write(path: Path, features: list[dict[str, Any]]) -> Path:
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False), "utf-8")
    return path


@pytest.fixture(scope="module")
def yard(server_dsn: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    name = f"cuntong_test_{uuid.uuid4().hex[:12]}"
    _create(server_dsn, name, template)
    one = Yard(make_conninfo(server_dsn, dbname=name), tmp_path_factory.mktemp("yard"))
    with one.office.transaction():
        done = geofences.import_geofences(one.office, write(one.folder / "zones.geojson", FEATURES), "office")
    assert (done.held, done.changed, done.bad) == (6, 6, ())
    one.dial(NEW)
    one.dial(OLD)
    yield one
    one.stop()
    _drop(server_dsn, name)


ALL = [one["properties"]["name"] for one in FEATURES]


@pytest.mark.parametrize("who", [NEW, OLD], ids=["2019", "2013"])
def test_a_terminal_holds_all_four_shapes_as_they_were_drawn(yard: Yard, who: Identity) -> None:
    yard.ended(yard.order(who, "set", *ALL))
    held = yard.same(who)
    assert (
        set(held) == set(ALL)
        and {one.version for one in held.values()} == {1}
        and {SHAPES[one.shape - 1] for one in held.values()} == {*SHAPES}
    )
    newer = who.version == "2019"
    station, clinic, site, bay, school = (held[name].wire for name in ("车站", "医院", "工地", "景区", "校车"))
    assert (station["latitude_e6"], station["longitude_e6"], station["radius_m"], station["attributes"]) == (
        26_500_000,
        106_600_000,
        300,
        0b100110,
    )
    assert (station["max_speed_kmh"], station.get("night_speed_kmh"), station.get("name")) == (
        (20, 15, "车站") if newer else (20, None, None)
    )
    assert (clinic["latitude_e6"], clinic["longitude_e6"], clinic["attributes"]) == (26_510_000, 106_610_000, 1 | 1 << 6 | 1 << 7)
    assert (clinic["start"], clinic["end"]) == ("000000220000", "000000053000")
    assert (site["start"], site["end"], site["top_e6"], site["right_e6"]) == ("261201000000", "261231180000", 26_510_000, 106_620_000)
    assert len(bay["corners"]) == 1_500 and held["景区"].tolerance_m is None  # 12 kB in 12 packets
    points = school["points"]
    assert [(p["segment_id"], p["width_m"], p["attributes"]) for p in points] == [(1, 30, 2), (1, 30, 2), (2, 50, 1), (2, 50, 1)]
    assert points[0].get("night_speed_kmh") == (50 if newer else None) and points[2]["longest_s"] == 600


def test_what_the_terminal_says_confirms_it_or_tells_the_difference(yard: Yard) -> None:
    yard.ended(yard.order(NEW, "verify"))
    assert {one.verdict for one in yard.held(NEW)} == {"same"} and len(yard.held(NEW)) == 6
    zones = yard.terminals[NEW.terminal_id].session.equipment.zones.by_shape
    numbers = {one.geofence: one.zone_id for one in yard.held(NEW)}
    true = dict(zones[1]), dict(zones[3])
    zones[1][numbers["车站"]] = replace(zones[1][numbers["车站"]], radius_m=999)
    del zones[3][numbers["禁区"]]
    zones[3][4_000_000_000] = PolygonZone(4_000_000_000, 0, None, None, None, None, (), None, "别人的")
    yard.ended(yard.order(NEW, "verify"))
    verdicts = {one.geofence: one.verdict for one in yard.held(NEW)}
    assert (verdicts["车站"], verdicts["医院"], verdicts["禁区"], verdicts["景区"], verdicts[None]) == (
        "differs",
        "same",
        "missing",
        "same",
        "found",
    )
    zones[1], zones[3] = true
    yard.ended(yard.order(NEW, "verify"))
    assert {one.geofence: one.verdict for one in yard.held(NEW)} == dict.fromkeys(ALL, "same")


def test_a_changed_drawing_is_a_new_version_and_the_terminal_keeps_the_old_until_it_is_told(yard: Yard) -> None:
    wider = [{**FEATURES[0], "properties": {**FEATURES[0]["properties"], "radius_m": 500}}, *FEATURES[1:]]
    with yard.office.transaction():
        assert geofences.import_geofences(yard.office, write(yard.folder / "wider.geojson", wider), "office").changed == 1
    before = yard.same(NEW)["车站"]
    assert (before.version, before.newest, before.wire["radius_m"]) == (1, 2, 300)
    yard.ended(yard.order(NEW, "set", "车站"))
    after = yard.same(NEW)["车站"]
    assert (after.version, after.wire["radius_m"], after.zone_id) == (2, 500, before.zone_id)
    past = [one for one in stored.held(yard.office, key(NEW), past=True) if one.geofence == "车站"]
    assert [(one.version, one.held_to is None) for one in past] == [(1, False), (2, True)]
    assert [one.outline["radius_m"] for one in stored.history(yard.office, "车站")] == [500, 300]


def test_others_of_the_shape_go_with_a_replacement_and_named_ones_with_a_deletion(yard: Yard) -> None:
    yard.ended(yard.order(NEW, "replace", "医院", "禁区"))
    assert set(yard.same(NEW)) == {"医院", "禁区", "工地", "校车"}
    yard.ended(yard.order(NEW, "delete", "校车", "工地"))
    assert set(yard.same(NEW)) == {"医院", "禁区"}
    yard.ended(yard.order(OLD, "delete"))
    assert yard.same(OLD) == {}


def test_what_a_terminal_refuses_it_does_not_hold_and_the_reason_is_told(yard: Yard) -> None:
    zones = yard.terminals[NEW.terminal_id].session.equipment.zones
    zones.most = 1
    (refused,) = yard.ended(yard.order(NEW, "set", "景区"), "failed")
    zones.most = 1_000
    assert refused.result == 1 and set(yard.same(NEW)) == {"医院", "禁区"}
    (left,) = stored.unsettled(yard.office, key(NEW))
    assert (left.names, left.state, left.message_id) == (["景区"], "failed", 0x8604) and "failed to do it" in left.reason
    yard.ended(yard.order(NEW, "set", "禁区"))
    assert len(stored.unsettled(yard.office, key(NEW))) == 1  # of another geofence: the refused one is not forgotten
    yard.ended(yard.order(NEW, "set", "景区", most_points=60))
    fewer = yard.same(NEW)["景区"]
    assert fewer.points is not None and fewer.points <= 60 and fewer.tolerance_m is not None and fewer.tolerance_m <= 10
    assert len(fewer.wire["corners"]) == fewer.points and stored.unsettled(yard.office, key(NEW)) == []
    with pytest.raises(RefusedError, match="1500 points"):
        yard.order(NEW, "set", "景区", most_points=12, tolerance_m=1.0)


def test_who_is_off_line_holds_it_after_the_next_login(yard: Yard) -> None:
    numbers = yard.order(LATE, "set", "车站", "禁区", "校车")
    yard.until(lambda: not yard.office.execute("select from outbox where topic = 'terminal.command' and done_at is null").fetchall())
    assert yard.held(LATE) == [] and [one.state for one in stored.unsettled(yard.office, key(LATE))] == ["queued"] * 3
    yard.dial(LATE)
    yard.ended(numbers)
    assert set(yard.same(LATE)) == {"车站", "禁区", "校车"} and stored.unsettled(yard.office, key(LATE)) == []


def test_zones_that_nobody_drew_are_known_too_and_a_faulty_note_keeps_no_outcome_back(yard: Yard) -> None:
    zone = {
        "zone_id": 4_000_000_001,
        "attributes": 0,
        "latitude_e6": 26_500_000,
        "longitude_e6": 106_600_000,
        "radius_m": 9,
        "name": "手工",
    }
    until = datetime.now(UTC) + timedelta(hours=1)
    number = terminal_commands.ask(yard.office, key(NEW), 0x8600, {"setting": 1, "zones": [zone]}, expires_at=until, asked_by="hand")
    yard.ended([number])
    assert yard.same(NEW)["zone 4000000001"].version is None
    yard.ended([terminal_commands.ask(yard.office, key(NEW), 0x8601, {"ids": [4_000_000_001]}, expires_at=until, asked_by="hand")])
    assert "zone 4000000001" not in yard.same(NEW)
    with connect(yard.dsn, "owner", autocommit=True) as conn:
        faulty = (
            "insert into terminal_command (terminal_id, message_id, fields, state) values ('78', 34304, %s, 'sent') returning command_id"
        )
        row = conn.execute(faulty, ('{"zones": 5}',)).fetchone()
        assert row is not None
        conn.execute("update terminal_command set state = 'done' where command_id = %s", row)
        assert conn.execute("select state from terminal_command where command_id = %s", row).fetchone() == ("done",)


def test_a_deletion_that_went_out_later_wins_though_it_was_acknowledged_first(yard: Yard) -> None:
    ((zone,),) = yard.office.execute("select geofence_id from geofence where name = '校车'").fetchall()
    with connect(yard.dsn, "owner", autocommit=True) as conn:
        for number, message_id, fields in ((900_001, 0x8606, f'{{"route_id": {zone}}}'), (900_002, 0x8607, f'{{"ids": [{zone}]}}')):
            conn.execute(
                "insert into terminal_command (command_id, terminal_id, message_id, fields, state, sent_at) values (%s, '77', %s, %s, 'sent', now())",
                (number, message_id, fields),
            )
        conn.execute("update terminal_command set state = 'done' where command_id = 900002")
        conn.execute("update terminal_command set state = 'done' where command_id = 900001")
    assert stored.held(yard.office, "77") == []


def test_the_command_line_shows_asks_and_takes_out_of_use(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("CUNTONG_DATABASE_URL", yard.dsn), ("CUNTONG_DATA", str(yard.folder)), ("COLUMNS", "220")):
        monkeypatch.setenv(name, value)
    with connect(yard.dsn, "owner") as conn:
        admit(conn, [Registration(LATE.terminal_id, LATE.plate.number, 2)])
    cli.commands()

    def cuntong(*words: str) -> Any:
        return CliRunner().invoke(cli.app, list(words))

    assert "6 geofences" in cuntong("geofence", "list").stdout
    assert "held by 13800000003 at version 2" in cuntong("geofence", "show", "车站").stdout
    asked = cuntong("command", "geofence", LATE.terminal_id, "景区", "--replace", "--most-points", "100", "--wait", "20")
    assert asked.exit_code == 0 and "queued" in asked.stdout, asked
    assert "0x8604  done" in cuntong("command", "geofence", "贵A12347", "景区", "--most-points", "90", "--wait", "20").stdout
    assert "names no one terminal" in str(cuntong("geofence", "on", "贵A99999").exception)
    shown = cuntong("geofence", "on", LATE.terminal_id).stdout
    assert "景区" in shown and "acknowledged" in shown and "禁区" not in shown and "points" in shown
    refused = cuntong("geofence", "remove", "景区")
    assert isinstance(refused.exception, RefusedError) and "hold 景区" in str(refused.exception)
    assert "removed" in cuntong("geofence", "remove", "景区", "--anyway").stdout
    assert "景区 (removed)" in cuntong("geofence", "on", LATE.terminal_id).stdout
    again = write(yard.folder / "again.geojson", json.loads(cuntong("geofence", "show", "校车", "--json").stdout)["features"])
    assert "1 geofences, 0 new or changed" in cuntong("geofence", "import", str(again)).stdout
