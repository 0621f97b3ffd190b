"""Files of alarms over real sockets: ordered, brought with gaps and breaks, refused, and never stopped by garbage."""

from __future__ import annotations

import asyncio
import hashlib
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from domain.plate import Plate
from ingest import attachment_store
from ingest.attachment_settings import AttachmentSettings
from ingest.attachment_store import Ordering, Wanted
from ingest.attachments import AttachmentServer
from protocols.jt808.extras import Extra
from protocols.jt808.extras.active_safety import AlarmPlace
from protocols.jt808.forms import as_json, command_of
from protocols.jt808.profile import PROFILES
from simulators.attachment_socket import bring
from simulators.attachment_upload import AttachmentUpload
from simulators.identity import Identity
from simulators.safety import AlarmFile, Safety
from tests.ingest.spooled import NOON_MS, Logged, drain, pipeline, registration, report, rows, write

TERMINAL = "13800000001"
WHO = Identity(TERMINAL.rjust(12, "0"), "2013", Plate("贵A12345", 2), "coach", "70111", "AL300", "0000001", "861400100000700", 52, 100)
NOWHERE = Ordering("127.0.0.1:1", 1.0)


class Running:
    """A server in a thread."""

    def __init__(self, dsn: str, folder: Path, **settings: Any) -> None:
        self.folder = folder
        self.server = AttachmentServer(AttachmentSettings(listen="127.0.0.1:0", folder=folder, **settings), dsn)
        ready = threading.Event()

        async def serve() -> None:
            self.loop = asyncio.get_running_loop()
            listening: asyncio.Future[tuple[str, int]] = self.loop.create_future()
            listening.add_done_callback(lambda _: ready.set())
            await self.server.run(listening)

        self._thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
        self._thread.start()
        assert ready.wait(10)

    def stop(self) -> None:
        if self._thread.is_alive():
            self.loop.call_soon_threadsafe(self.server.stop)
            self._thread.join(20)

    def bring(self, upload: AttachmentUpload, break_after: int | None = None) -> bool:
        return asyncio.run(bring(upload, *self.server.address, break_after=break_after, limit_s=20))


@pytest.fixture
def start(dsn: str, tmp_path: Path) -> Iterator[Callable[..., Running]]:
    running: list[Running] = []

    def one(**settings: Any) -> Running:
        running.append(Running(dsn, tmp_path / "files", **settings))
        return running[-1]

    yield one
    for server in running:
        server.stop()


def raised(dsn: str, province: str = "su_biao", attachments: int = 3) -> tuple[Safety, Any, list[AlarmFile]]:
    """(equipment, order, files) of an alarm whose files are wanted."""
    safety = Safety(WHO, 7, PROFILES[province])
    alarm = safety.raise_alarm(AlarmPlace(50, 1_000, 26_500_000, 106_600_000, NOON_MS, 1), attachments)
    number = hashlib.md5(province.encode(), usedforsecurity=False).hexdigest()
    one = Wanted(number, TERMINAL, 1, as_json(alarm.identifier), alarm.item, alarm.kind, None, NOON_MS)
    with psycopg.connect(dsn) as conn:
        conn.execute("insert into vehicle (vehicle_id, plate, plate_colour) values (1, '贵A12345', 2) on conflict do nothing")
        assert attachment_store.want(conn, [one], NOWHERE) == 1
        assert attachment_store.want(conn, [one], NOWHERE) == 0
    ((fields,),) = rows(dsn, "select payload -> 'fields' from outbox where topic = 'terminal.command' order by id desc limit 1")
    order = command_of(0x9208, fields)
    return safety, order, safety.files(alarm.identifier, order.alarm_number)


def upload(safety: Safety, order: Any, files: list[AlarmFile], gaps: float = 0.0, seed: int = 1) -> AttachmentUpload:
    return AttachmentUpload(WHO, order, files, safety.profile, gaps, random.Random(seed))


def state(dsn: str) -> tuple[Any, ...]:
    return rows(dsn, "select state, done_at is not null from alarm_upload order by upload_id")[-1]


def held(dsn: str, folder: Path) -> dict[str, bytes]:
    """Bytes of whole files by name, each checked against its hash."""
    found = {}
    for name, sha256, path, size in rows(dsn, "select name, sha256, path, size from alarm_file where path is not null"):
        data = (folder / path).read_bytes()
        assert (hashlib.sha256(data).hexdigest(), len(data)) == (sha256, size)
        found[name] = data
    return found


@pytest.mark.parametrize("province", ["su_biao", "hei_biao", "yue_biao", "chuan_biao"])
def test_files_come_whole_through_gaps_in_the_form_of_every_province(dsn: str, start: Callable[..., Running], province: str) -> None:
    server = start()
    safety, order, files = raised(dsn, province)
    bringing = upload(safety, order, files, gaps=0.4)
    assert server.bring(bringing) and bringing.left_out > 0
    assert held(dsn, server.folder) == {file.name: file.data for file in files}
    assert state(dsn) == ("complete", True)
    assert server.server.counts["ranges_asked"] > 0
    assert not list((server.folder / "arriving").rglob("*-*"))


def test_a_break_is_resumed_by_what_is_missing_alone(dsn: str, start: Callable[..., Running]) -> None:
    server = start()
    safety, order, files = raised(dsn)
    total = sum(len(file.data) for file in files)
    assert not server.bring(upload(safety, order, files), break_after=total * 2 // 3)
    deadline = time.monotonic() + 10
    while state(dsn)[0] != "incomplete":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    came = rows(dsn, "select sum(came) from alarm_file")[0][0]
    assert 0 < came < total
    before = server.server.counts["bytes"]
    nothing = upload(safety, order, files, gaps=1.0)  # leaves everything out: only what is asked for comes
    assert server.bring(nothing)
    assert server.server.counts["bytes"] - before == total - came
    assert held(dsn, server.folder) == {file.name: file.data for file in files} and state(dsn) == ("complete", True)


def test_a_server_that_starts_again_goes_on_where_it_was(dsn: str, start: Callable[..., Running]) -> None:
    first = start()
    safety, order, files = raised(dsn)
    assert not first.bring(upload(safety, order, files), break_after=60_000)
    first.stop()
    second = start()
    assert second.bring(upload(safety, order, files, gaps=1.0))
    assert held(dsn, second.folder) == {file.name: file.data for file in files}


def test_orders_are_repeated_after_a_break_and_given_up_at_last(dsn: str) -> None:
    raised(dsn)
    with psycopg.connect(dsn) as conn:
        for orders in (1, 2):
            assert attachment_store.order_again(conn, NOWHERE, 0.0, 3) == 0  # the command is still on its way
            conn.execute(
                """
                insert into terminal_command (command_id, terminal_id, message_id, state, done_at, reason)
                select command_id, terminal_id, 37384, 'failed', now(), 'does not support it' from alarm_upload
                """
            )
            conn.commit()
            assert attachment_store.order_again(conn, NOWHERE, 3600.0, 3) == 0
            assert attachment_store.order_again(conn, NOWHERE, 0.0, 3) == 1
            assert conn.execute("select orders, state from alarm_upload").fetchone() == (orders + 1, "ordered")
            conn.commit()
        conn.execute("update alarm_upload set orders = 3")
        conn.execute(
            "insert into terminal_command (command_id, terminal_id, message_id, state, done_at) select command_id, terminal_id, 37384, 'done', now() from alarm_upload"
        )
        conn.commit()
        assert attachment_store.order_again(conn, NOWHERE, 0.0, 3) == 0
        conn.commit()
    assert rows(dsn, "select state, done_at is not null, reason from alarm_upload") == [
        ("incomplete", True, "not all files came, after 3 orders")
    ]


def test_strangers_are_refused_and_garbage_never_stops_the_server(dsn: str, start: Callable[..., Running]) -> None:
    server = start(idle_s=1, links=20)
    safety, order, files = raised(dsn)
    unknown = command_of(0x9208, {**as_json(order), "alarm_number": "0" * 32, "reserved": "00" * 16})
    stranger = upload(safety, unknown, files)
    assert not server.bring(stranger) and "0x1210 was answered 1" in stranger.failed
    other = AttachmentUpload(
        Identity("013800000002", *[getattr(WHO, name) for name in ("version", "plate", "kind", "maker", "model", "terminal_code", "imei", "province", "city")]),
        order, files, safety.profile, 0.0, random.Random(1),
    )  # fmt: skip
    assert not server.bring(other)
    dirt = random.Random(5)
    pieces = [b"\x7e", b"\x30\x31\x63\x64", b"\x30\x31\x63\x64" + bytes(58), b"\x7e\x12\x10\x00"]
    for number in range(15):
        with socket.create_connection(server.server.address, timeout=5) as one:
            one.sendall(b"".join(dirt.choice(pieces) + dirt.randbytes(dirt.randrange(200)) for _ in range(50)))
            if number == 0:
                one.settimeout(10)
                assert one.recv(1) == b"" or one.recv(100) == b""  # silent for a second: closed
    with socket.create_connection(server.server.address, timeout=5) as flood, pytest.raises(OSError):
        for _ in range(200):
            flood.sendall(b"x" * 65_536)
            time.sleep(0.01)
    assert server.bring(upload(safety, order, files))
    assert held(dsn, server.folder) == {file.name: file.data for file in files}
    assert server.server.counts["closed_junk"] >= 1 and server.server.counts["closed_idle"] >= 1


def test_a_file_too_large_and_a_name_that_climbs_are_kept_out(dsn: str, start: Callable[..., Running]) -> None:
    server = start(file_mib=1, files=2)
    safety, order, _ = raised(dsn)
    too_large = [AlarmFile("a.bin", 4, bytes(1 << 20) + b"x")]
    assert not server.bring(upload(safety, order, too_large))
    assert not server.bring(upload(safety, order, [AlarmFile(f"{n}.txt", 3, b"x") for n in range(3)]))
    climbing = [AlarmFile("../../../etc/passwd", 3, b"not yours"), AlarmFile("..\\..\\x", 3, b"nor yours")]
    assert server.bring(upload(safety, order, climbing))
    assert sorted(held(dsn, server.folder).values()) == [b"nor yours", b"not yours"]
    inside = {path.resolve() for path in server.folder.rglob("*") if path.is_file()}
    assert len(inside) == 2 and all(server.folder.resolve() in path.parents for path in inside)


def test_the_pipeline_orders_files_of_alarms_in_positions_once(dsn: str, tmp_path: Path) -> None:
    safety = Safety(WHO, 3)
    alarms = [safety.raise_alarm(AlarmPlace(50, 1_000, 26_500_000, 106_600_000, NOON_MS + 1000 * n, 1), n) for n in range(4)]
    frames = [
        report(TERMINAL, NOON_MS + 1000 * n, n, extras=(Extra(0x14, b"\x00\x00\x00\x01"), Extra(one.item, one.raw)))
        for n, one in enumerate(alarms)
    ]
    noise = report(TERMINAL, NOON_MS + 9000, 9, extras=(Extra(0xEB, b"\x64\x2f" * 30), Extra(0x64, b"\x01" * 11)))
    write(
        tmp_path / "spool", [Logged(frame, NOON_MS + 20_000) for frame in (registration(TERMINAL, "贵A12345"), *frames, noise, frames[2])]
    )
    worker = pipeline(dsn, tmp_path / "spool", attachments_at="203.0.113.5:7614")
    drain(worker)
    worker.close()
    assert rows(dsn, "select attachments, state, orders, vehicle_id is not null, item from alarm_upload order by attachments") == [
        (n, "ordered", 1, True, alarms[n].item) for n in (1, 2, 3)
    ]
    asked = rows(dsn, "select payload from outbox where topic = 'terminal.command' order by id")
    assert [row[0]["message_id"] for row in asked] == [0x9208] * 3
    order = command_of(0x9208, asked[2][0]["fields"])
    assert (order.server, order.tcp_port, order.identifier) == ("203.0.113.5", 7614, alarms[3].identifier)
    assert len({row[0]["fields"]["alarm_number"] for row in asked}) == 3
