"""Simulated terminals against the whole of ingest over real sockets: every command, pictures, the recorder, alarm files, encryption."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from psycopg.conninfo import make_conninfo

from domain.plate import Plate
from ingest.attachment_settings import AttachmentSettings
from ingest.attachments import AttachmentServer
from protocols.gbt19056 import frame as recorder
from protocols.gbt19056.layouts import DOWN
from protocols.gbt19056.records import RecordQuery
from protocols.jt808.extras.active_safety import AlarmPlace
from runtime.gateway import follower
from simulators.drive import TRACK
from simulators.equipment import Equipment
from simulators.faults import NO_FAULTS, FrameFaults
from simulators.frames import pack_bodies
from simulators.identity import Identity
from simulators.link_state import SessionSettings
from simulators.secrecy import TerminalSecrecy
from simulators.session import Session
from simulators.terminal import Dialling, Terminal
from simulators.truth import FIX
from storage import terminal_commands
from storage.terminal_commands import Command
from tests.fixtures.databases import _create, _drop
from tests.fixtures.office import open_office
from tests.ingest.gateway.conftest import RunningGateway
from tests.ingest.spooled import drain, pipeline, rows

ONE = Identity("00000000013800000001", "2019", Plate("贵A12345", 2), "coach", "70111", "AL300", "0000001", "861400100000700", 52, 100)
TWO = Identity("013800000002", "2013", Plate("贵A12346", 2), "coach", "70111", "AL300", "0000002", "861400100000800", 52, 100)


class Hill:
    """A road on which the speed is a function of the second."""

    def at(self, t_s: Any) -> tuple[Any, Any]:
        found = np.zeros(t_s.size, TRACK)
        found["lon_e6"], found["lat_e6"] = 106_600_000 + t_s % 1000, 26_500_000
        found["speed_kmh10"] = (t_s * 7) % 900
        return found, 1_000_000 + t_s % 100_000


class Town:
    """Gateway, commands, attachment server, and two terminals: one in clear, one that encrypts."""

    def __init__(self, dsn: str, folder: Path) -> None:
        self.dsn, self.folder = dsn, folder
        self.gateway = RunningGateway(folder / "gateway", "auto", rsa="answer", rsa_key_file=folder / "rsa.pem")
        self.follower = follower(self.gateway.worker, dsn)
        self.follower.start()
        self.worker = pipeline(dsn, self.gateway.log_settings.path, media_path=folder / "media", attachments_at="127.0.0.1:1")
        self.worker._now_ms = lambda: time.time_ns() // 1_000_000
        self.terminals: list[Terminal] = []
        self._up = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self._thread.start()
        assert self._up.wait(20)
        self.office = open_office(dsn)

    async def _run(self) -> None:
        self.loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        settings = AttachmentSettings(listen="127.0.0.1:0", server="127.0.0.1:1", folder=self.folder / "alarms", again_after_s=1, orders=9)
        self.files = AttachmentServer(settings, self.dsn)
        listening: asyncio.Future[tuple[str, int]] = self.loop.create_future()
        serving = asyncio.ensure_future(self.files.run(listening))
        host, port = await listening
        where = f"{host}:{port}"
        object.__setattr__(settings, "server", where)
        object.__setattr__(self.worker._settings, "attachments_at", where)
        for who, secrecy in ((ONE, None), (TWO, TerminalSecrecy())):
            waits = SessionSettings(attachment_gaps=0.3, attachment_breaks=0.0)
            session = Session(who, waits, 7, Equipment(who, Hill(), 3), secrecy)
            faults = FrameFaults(NO_FAULTS, Random(1), __import__("collections").Counter())
            self.terminals.append(Terminal(session, Dialling(*self.gateway.address), faults, None, Random(5)))
        running = [asyncio.ensure_future(one.run()) for one in self.terminals]
        ticking = asyncio.ensure_future(self._tick())
        self._up.set()
        await self._end.wait()
        self.files.stop()
        for task in (*running, ticking):
            task.cancel()
        for one in self.terminals:
            one.stop()
        await asyncio.gather(serving, ticking, *running, return_exceptions=True)

    async def _tick(self) -> None:
        while True:
            for one in self.terminals:
                one.tick()
            await asyncio.sleep(0.1)

    def stop(self) -> None:
        self.office.close()
        self.loop.call_soon_threadsafe(self._end.set)
        self._thread.join(20)
        self.follower.stop()
        self.gateway.stop()
        self.worker.close()

    def until(self, holds: Callable[[], Any], limit_s: float = 8.0) -> Any:
        deadline = time.monotonic() + limit_s
        while not (found := holds()):
            assert time.monotonic() < deadline, "waited in vain"
            time.sleep(0.02)
        return found

    def stored(self, holds: Callable[[], Any], limit_s: float = 8.0) -> Any:
        """As `until`, with the pipeline at work."""

        def look() -> Any:
            drain(self.worker)
            return holds()

        return self.until(look, limit_s)

    def ask(self, message_id: int, fields: dict[str, Any], who: Identity = ONE) -> int:
        until = datetime.now(UTC) + timedelta(hours=1)
        return terminal_commands.ask(self.office, who.terminal_id.lstrip("0"), message_id, fields, expires_at=until, asked_by="office")

    def end_of(self, number: int) -> Command:
        def ended() -> Command | None:
            found = terminal_commands.one(self.office, number)
            return found if found is not None and found.done_at is not None else None

        found: Command = self.until(ended)
        return found

    def done(self, message_id: int, fields: dict[str, Any], who: Identity = ONE) -> dict[str, Any]:
        """The terminal's own answer to a command that must succeed; {} where the general reply is all."""
        found = self.end_of(self.ask(message_id, fields, who))
        assert found.state == "done", found.reason
        return found.answer or {}

    def report(self, terminal: int, second: int, item: bytes = b"") -> None:
        """One position, with an item behind it."""
        fix = np.zeros(1, FIX)
        fix["t_ms"], fix["lat_e6"], fix["lon_e6"], fix["status_bits"] = (int(time.time()) - 100 + second) * 1000, 26_500_000, 106_600_000, 3
        bodies, xors = pack_bodies(fix, np.zeros(1, int), np.full(1, 9))
        self.loop.call_soon_threadsafe(self.terminals[terminal].report, (second, bodies + item), xors[0])


@pytest.fixture(scope="module")
def town(server_dsn: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    name = f"cuntong_test_{uuid.uuid4().hex[:12]}"
    _create(server_dsn, name, template)
    one = Town(make_conninfo(server_dsn, dbname=name), tmp_path_factory.mktemp("town"))
    one.until(lambda: all(terminal.online for terminal in one.terminals))
    yield one
    one.stop()
    _drop(server_dsn, name)


CIRCLE = {"zone_id": 7, "attributes": 0, "latitude_e6": 26_500_000, "longitude_e6": 106_600_000, "radius_m": 500, "name": "车站"}
SHOT = {
    "channel": 1,
    "command": 1,
    "interval_s": 0,
    "saving": 0,
    "resolution": 8,
    "quality": 1,
    "brightness": 0,
    "contrast": 0,
    "saturation": 0,
    "chroma": 0,
}


def test_what_is_set_is_read_back(town: Town) -> None:
    town.done(0x8103, {"parameters": [{"id": 0x29, "value": 17}, {"id": 0xF001, "raw": "0102"}]})
    held = {row["id"]: row["raw"] for row in town.done(0x8104, {})["parameters"]}
    assert (
        town.terminals[0].session.equipment.settings.value(0x29) == 17
        and held[0x29] == "00000011"
        and held[0xF001] == "0102"
        and len(held) > 15
    )
    assert [row["id"] for row in town.done(0x8106, {"ids": [0x29, 0x55]})["parameters"]] == [0x29, 0x55]
    assert town.done(0x8107, {})["model"] == "AL300"
    town.done(0x8600, {"setting": 0, "zones": [CIRCLE, {**CIRCLE, "zone_id": 8}]})
    town.done(0x8601, {"ids": [8]})
    assert [zone["zone_id"] for zone in town.done(0x8608, {"shape": 1, "ids": []})["circles"]] == [7]
    assert town.done(0x8500, {"controls": [{"id": 1, "parameter": "01"}]})["location"]["status_bits"] & 1 << 12


@pytest.mark.parametrize(
    ("message_id", "fields", "told"),
    [
        (0x8202, {"interval_s": 5, "valid_s": 60}, ""), (0x8300, {"flag_bits": 4, "text_type": 1, "text": "前方拥堵"}, ""),
        (0x8204, {}, ""), (0x8203, {"alarm_serial": 0, "alarm_bits": 1}, ""), (0x8702, {}, "card"), (0x9003, {}, "video_codec"),
        (0x9205, {"channel": 0, "start_ms": None, "end_ms": None, "alarm_bits": 0, "media": 0, "stream": 0, "storage": 0}, "recordings"),
        (0x8802, {"media_type": 0, "channel": 0, "event": 0, "start_ms": None, "end_ms": None}, "items"),
        (0x8900, {"kind": 240, "content": "0102"}, ""), (0x9301, {"channel": 1, "direction": 1, "speed": 3}, ""),
    ],
)  # fmt: skip
def test_every_command_is_answered(town: Town, message_id: int, fields: dict[str, Any], told: str) -> None:
    answer = town.done(message_id, fields)
    assert (told in answer) if told else not answer


def test_a_command_from_the_command_line_and_one_that_resets(town: Town) -> None:
    told = {**os.environ, "CUNTONG_DATABASE_URL": town.dsn, "CUNTONG_DATA": str(town.folder)}
    command = [sys.executable, "-m", "runtime.cli", "command", "send", ONE.terminal_id, "0x8702", "--wait", "30"]
    asked = subprocess.run(command, env=told, capture_output=True, text=True, timeout=60, check=False)
    assert asked.returncode == 0 and "done" in asked.stdout and "qualification" in asked.stdout, asked
    links = town.terminals[0].session.counts["links"]
    town.end_of(town.ask(0x8105, {"command": 4}))
    town.until(lambda: town.terminals[0].session.counts["links"] > links and town.terminals[0].online)


def test_the_recorder_holds_the_speeds_that_were_driven(town: Town) -> None:
    minute = int(time.time()) // 60 * 60 - 600
    query = RecordQuery(minute * 1000, (minute + 120) * 1000, 5)
    answer = town.done(0x8700, {"word": 0x08, "block": recorder.encode(DOWN, 0x08, query).hex()})
    found = recorder.decode(bytes.fromhex(answer["block"])).content
    assert [record.start_ms // 1000 for record in found] == [minute + 60, minute]
    for record in found:
        true, _ = Hill().at(record.start_ms // 1000 + np.arange(60))
        assert [second.speed_kmh for second in record.seconds] == [(int(speed) + 5) // 10 for speed in true["speed_kmh10"]]
    assert recorder.decode(bytes.fromhex(town.done(0x8700, {"word": 0x12})["block"])).word == 0x12


@pytest.mark.parametrize("who", [0, 1])
def test_a_picture_is_a_file_equal_byte_for_byte_though_the_link_breaks_in_the_middle(town: Town, who: int) -> None:
    terminal = town.terminals[who]
    losses: list[int] = []

    async def lose() -> None:
        while terminal.session.media.acknowledged < 5:  # noqa: ASYNC110 - packets are acknowledged between two turns of the loop
            await asyncio.sleep(0)
        losses.append(terminal.session.media.acknowledged)
        terminal.lose(0.1)

    losing = asyncio.run_coroutine_threadsafe(lose(), town.loop)
    answer = town.done(0x8801, SHOT, (ONE, TWO)[who])
    losing.result(20)
    photo = terminal.session.equipment.camera.photos[answer["media_ids"][0]]
    assert photo.data[:2] == b"\xff\xd8" and len(photo.data) > 12_000
    query = (
        f"select path, size from multimedia where media_id = {photo.media_id} and terminal_id = '{(ONE, TWO)[who].terminal_id.lstrip('0')}'"
    )
    ((path, size),) = town.stored(lambda: rows(town.dsn, query))
    assert (
        (town.folder / "media" / path).read_bytes() == photo.data and size == len(photo.data) and 5 <= losses[0] < len(photo.data) // 1_000
    )
    town.until(lambda: photo.media_id in terminal.session.media.finished)
    town.done(0x8805, {"media_id": photo.media_id, "deleting": 1}, (ONE, TWO)[who])
    town.until(lambda: photo.media_id not in terminal.session.equipment.camera.photos)


def test_an_encrypted_session_stores_its_positions_and_keys_change_under_way(town: Town) -> None:
    terminal = town.terminals[1]
    town.until(lambda: terminal.session.sealing is not None)
    before = terminal.acknowledged
    for second in range(5):
        town.report(1, second)
    assert terminal.session.secrecy is not None
    town.until(lambda: terminal.acknowledged == before + 5)
    town.loop.call_soon_threadsafe(lambda: (terminal.session.say(terminal.session.secrecy.renew()), terminal.flush()))  # type: ignore[union-attr]
    for second in range(5, 10):
        town.report(1, second)
    town.until(lambda: terminal.acknowledged == before + 10)
    query = "select count(*) from positions p join terminal t using (vehicle_id) where t.terminal_id = '13800000002'"
    town.stored(lambda: rows(town.dsn, query) == [(10,)])
    assert town.done(0x8107, {}, TWO)["terminal_code"] == "0000002"
    assert town.gateway.counted("rsa", "exchanged") >= 2 and town.gateway.worker.metrics.named["anomalies", "bad_value"] == 0


@pytest.mark.parametrize("breaks", [0.0, 1.0])
def test_files_of_an_alarm_are_ordered_and_brought_through_gaps_and_a_break(town: Town, breaks: float) -> None:
    terminal = town.terminals[0]
    object.__setattr__(terminal.session.settings, "attachment_breaks", breaks)
    now_ms = int(time.time()) * 1000
    alarm = terminal.session.equipment.safety.raise_alarm(AlarmPlace(50, 1_000, 26_500_000, 106_600_000, now_ms, 1), 3)
    town.report(0, 20 + int(breaks), bytes((alarm.item, len(alarm.raw))) + alarm.raw)
    query = f"select upload_id, alarm_number, state from alarm_upload where sequence = {alarm.identifier.sequence}"
    ((upload_id, number, _),) = town.stored(lambda: rows(town.dsn, query))
    if breaks:
        town.until(lambda: terminal.counts["attachments_broken"])
        object.__setattr__(terminal.session.settings, "attachment_breaks", 0.0)
    town.until(lambda: rows(town.dsn, query)[0][2] == "complete", 30)
    found = rows(town.dsn, f"select name, path from alarm_file where upload_id = {upload_id}")
    files = terminal.session.equipment.safety.files(alarm.identifier, number)
    assert {name: (town.folder / "alarms" / path).read_bytes() for name, path in found} == {file.name: file.data for file in files}
    assert len(files) == 3 and json.dumps(rows(town.dsn, f"select orders from alarm_upload where upload_id = {upload_id}")[0][0]) != "0"
