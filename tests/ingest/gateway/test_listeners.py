"""Extra ports with a profile, and profiles of an installation's own: chosen at the door, named in the log, honoured by the pipeline."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from domain.errors import RefusedError
from ingest.gateway.ports import held
from ingest.gateway.registry_copy import KnownTerminal
from ingest.settings import GatewaySettings
from protocols.jt808 import profile, profile_folder
from protocols.jt808.codec import examine
from protocols.jt808.messages.session import PlatformReply
from protocols.jt808.profile import BY_NUMBER, PROFILES
from tests.ingest.gateway.conftest import RunningGateway, TerminalClient, location
from tests.ingest.spooled import drain, pipeline, rows

OWN = 'number = 200\nextends = "standard"\nutc_offset_min = 0\nbefore_auth = "accept"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder for profiles; what is read from it is forgotten afterwards."""
    tables = (profile._known, profile._numbered, profile_folder._taken)
    kept = [dict(table) for table in tables]
    (tmp_path / "profiles").mkdir()
    yield tmp_path / "profiles"
    for table, before in zip(tables, kept, strict=True):
        table.clear()
        table.update(before)  # type: ignore[arg-type]


def numbers(gateway: RunningGateway) -> dict[str, int]:
    """Profile in the log by terminal."""
    deadline = time.monotonic() + 10
    while len(records := gateway.records()) < 3:
        assert time.monotonic() < deadline, "not durable"
    headers = [(examine(records.payload(row)).header, int(records.profile[row])) for row in range(len(records)) if records.kind[row] == 0]
    return {header.terminal_id: number for header, number in headers if header is not None}


def test_the_port_tells_the_profile_unless_the_registry_does(start_gateway: Callable[..., RunningGateway], folder: Path, dsn: str) -> None:
    (folder / "own.toml").write_text(OWN)
    assert profile_folder.add(folder) == ("own",) and profile_folder.add(folder) == ()
    assert BY_NUMBER[200] is PROFILES["own"]
    gateway = start_gateway(listeners=("127.0.0.1:0 own", "127.0.0.1:0 jimi"))
    plain, own, jimi = gateway.worker.ports.addresses
    gateway.worker.registry.terminals["13800000004"] = KnownTerminal(None, "registered", 0, None, "gps51")
    dialled = [TerminalClient(at, f"01380000000{number}") for number, at in enumerate((own, jimi, plain, jimi), 1)]
    said = location(time_ms=int(time.time() - 9 * 3_600) * 1000)
    try:
        dialled[0].say(said)  # this profile asks for no authentication
        assert dialled[0].hear() == PlatformReply(1, 0x0200, 0)
        dialled[2].say(said)
        assert dialled[2].hear() == PlatformReply(1, 0x0200, 1)
        for one in dialled[1:]:
            assert one.authenticate(one.register(f"贵A{one.terminal_id[-5:]}").auth_code or "").result == 0
            one.say(said)
            assert isinstance(one.hear(), PlatformReply)
    finally:
        for one in dialled:
            one.close()
    gps51 = PROFILES["gps51"].number
    assert numbers(gateway) == {"013800000001": 200, "013800000002": PROFILES["jimi"].number, "013800000003": 0, "013800000004": gps51}
    gateway.stop()
    worker = pipeline(dsn, gateway.log_settings.path)
    worker._now_ms = lambda: time.time_ns() // 1_000_000
    drain(worker)
    worker.close()
    when = rows(
        dsn, "select t.terminal_id, extract(epoch from p.time)::bigint from positions p join terminal t using (vehicle_id) order by 1"
    )
    assert [(terminal[-1], seconds * 1000 - said.time_ms) for terminal, seconds in when] == [
        ("1", 8 * 3_600_000), ("2", 0), ("3", 0), ("4", 0),
    ]  # fmt: skip


def test_ports_that_are_wrong_say_so() -> None:
    with pytest.raises(RefusedError, match=r'gateway.listeners: .* such as "0.0.0.0:7621 jimi"'):
        GatewaySettings(listeners=("7621",))
    with pytest.raises(RefusedError, match=r"port 0 names profile 'nobodys', there are aovx, "):
        held(GatewaySettings(listen="127.0.0.1:0", listeners=("127.0.0.1:0 nobodys",)))


def test_ports_asked_for_as_zero_are_held_for_all_workers() -> None:
    sockets, settings = held(GatewaySettings(listen="127.0.0.1:0", listeners=("127.0.0.1:0 jimi",)))
    ports = [one.getsockname()[1] for one in sockets]
    assert [settings.address, *settings.extra_addresses] == [("127.0.0.1", ports[0]), ("127.0.0.1", ports[1], "jimi")]
    again, same = held(settings)  # another process of the same gateway
    assert same == settings
    for one in (*sockets, *again):
        one.close()


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("own", OWN + "charset = gbk", "own.toml:5: Invalid value"),
        ("own", OWN + 'charset = "latin"', "own.toml:5: charset: 'latin' is none of"),
        ("own", 'extends = "standard"', "own.toml:1: number: write one of its own, such as number = 128"),
        ("own", "number = 7", "own.toml:1: number: write one of its own"),
        ("jimi", OWN, "jimi.toml:1: jimi: there is a profile of this name"),
        ("own", OWN.replace("standard", "absent"), "own.toml:2: extends: no profile 'absent'"),
    ],
)
def test_a_wrong_profile_of_ones_own_is_refused_with_file_and_line(folder: Path, name: str, text: str, said: str) -> None:
    (folder / f"{name}.toml").write_text(text)
    with pytest.raises(RefusedError) as refused:
        profile_folder.add(folder)
    assert str(refused.value).startswith(f"{folder}/{said}")
    assert "own" not in PROFILES and 200 not in BY_NUMBER
