"""Takeover of half-open links across workers, and what a gateway remembers of the registry."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from domain.plate import Plate
from ingest.gateway.registration import NO_SUCH_TERMINAL, NO_SUCH_VEHICLE, TERMINAL_TAKEN, VEHICLE_TAKEN, Registrar, Secrets, auth_code
from ingest.gateway.registry_copy import KnownTerminal, RegistryCopy
from ingest.gateway.worker import Place
from tests.ingest.gateway.conftest import RunningGateway, TerminalClient, location

Start = Callable[..., RunningGateway]


@pytest.fixture
def workers(start_gateway: Start, tmp_path: Path) -> list[RunningGateway]:
    """Three workers of one gateway, each with its own port here so that a test chooses."""
    shared = tmp_path / "shared"
    return [start_gateway(folder=shared, place=Place(number, 3, shared)) for number in range(3)]


@pytest.fixture
def opened() -> Iterator[list[TerminalClient]]:
    terminals: list[TerminalClient] = []
    yield terminals
    for terminal in terminals:
        terminal.close()


def test_a_new_link_on_another_worker_wins_three_times_in_a_row(workers: list[RunningGateway], opened: list[TerminalClient]) -> None:
    older = TerminalClient(workers[0].address)
    opened.append(older)
    code = older.log_in()
    for number in (1, 2, 0):
        newer = TerminalClient(workers[number].address)
        opened.append(newer)
        assert newer.authenticate(code).result == 0
        assert older.closed(), number
        newer.say(location(number))
        assert newer.hear().result == 0
        older = newer
    assert sum(worker.counted("takeovers", "machine") for worker in workers) == 3


def test_many_terminals_race_between_workers_and_one_link_each_stays(workers: list[RunningGateway], opened: list[TerminalClient]) -> None:
    numbers = [f"0139000000{n:02}" for n in range(20)]
    codes = {}
    for number in numbers:
        first = TerminalClient(workers[0].address, number)
        opened.append(first)
        codes[number] = first.log_in()
    for number in numbers:
        for worker in (1, 2):
            link = TerminalClient(workers[worker].address, number)
            opened.append(link)
            assert link.authenticate(codes[number]).result == 0
    deadline = time.monotonic() + 10
    while sum(len(worker.worker.roster) for worker in workers) > len(numbers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [len(worker.worker.roster) for worker in workers] == [0, 0, len(numbers)]


def test_a_dead_worker_holds_nobody_up(workers: list[RunningGateway], opened: list[TerminalClient]) -> None:
    workers[1].stop()
    terminal = TerminalClient(workers[0].address)
    opened.append(terminal)
    terminal.log_in()
    terminal.say(location(1))
    assert terminal.hear().result == 0


def registrar(policy: str, copy: RegistryCopy, secrets: Secrets | None = None) -> Registrar:
    return Registrar(policy, secrets or Secrets(b"k" * 32), copy, 3_600)


@pytest.fixture
def known(tmp_path: Path) -> RegistryCopy:
    copy = RegistryCopy(tmp_path / "roster.json")
    terminals = {
        "1": KnownTerminal(10, "registered", 0, None, "standard"),
        "2": KnownTerminal(20, "registered", 0, "brought-along", "standard"),
        "3": KnownTerminal(None, "registered", 1, None, "standard"),
        "4": KnownTerminal(40, "revoked", 0, None, "standard"),
    }
    copy.replace(terminals.items(), [(Plate("贵A00010", 2), 10), (Plate("贵A00020", 2), 20), (Plate("贵A00030", 2), 30)], 1_000_000)
    return copy


def test_policy_registry_tells_who_is_taken_and_who_is_unknown(known: RegistryCopy) -> None:
    desk = registrar("registry", known)
    now = known.refreshed_ms
    assert desk.register("1", Plate("贵A00010", 2), now) == 0
    assert desk.register("1", Plate("贵A00010", 1), now) == NO_SUCH_VEHICLE
    assert desk.register("1", Plate("贵A00020", 2), now) == VEHICLE_TAKEN
    assert desk.register("1", Plate("贵A00030", 2), now) == TERMINAL_TAKEN
    assert desk.register("3", Plate("贵A00030", 2), now) == 0
    assert desk.register("9", Plate("贵A00010", 2), now) == NO_SUCH_TERMINAL
    assert desk.register("4", Plate("贵A00010", 2), now) == NO_SUCH_TERMINAL


def test_a_stale_copy_refuses_nobody(known: RegistryCopy) -> None:
    later = known.refreshed_ms + 3_601_000
    desk = registrar("registry", known)
    assert desk.register("9", Plate("贵A00010", 2), later) is None
    assert desk.register("1", Plate("贵A99999", 2), later) is None
    assert desk.register("1", Plate("贵A00010", 2), later) == 0


def test_codes_follow_generation_secret_and_what_was_brought_along(known: RegistryCopy) -> None:
    desk = registrar("registry", known)
    assert desk.accepts("1", desk.code_for("1")) and not desk.accepts("2", desk.code_for("1"))
    assert desk.code_for("2") == "brought-along" and desk.accepts("2", "brought-along")
    assert not desk.accepts("3", auth_code(b"k" * 32, "3", 0)), "an older generation is revoked"
    assert desk.accepts("3", auth_code(b"k" * 32, "3", 1))
    assert not desk.accepts("4", auth_code(b"k" * 32, "4", 0)), "a revoked terminal"
    assert not desk.accepts("9", auth_code(b"k" * 32, "9", 0)), "an unknown one"
    rotated = registrar("registry", known, Secrets(b"n" * 32, b"k" * 32))
    assert rotated.accepts("1", desk.code_for("1")) and rotated.accepts("1", rotated.code_for("1"))
    assert not registrar("registry", known, Secrets(b"n" * 32)).accepts("1", desk.code_for("1"))


def test_the_copy_survives_a_restart(known: RegistryCopy, tmp_path: Path) -> None:
    known.save()
    again = RegistryCopy(tmp_path / "roster.json")
    assert again.load()
    assert (again.terminals, again.vehicles, again.refreshed_ms) == (known.terminals, known.vehicles, known.refreshed_ms)
    assert again.holder_of(20) == "2"
    (tmp_path / "roster.json").write_text("{half")
    assert not RegistryCopy(tmp_path / "roster.json").load()


def test_policy_registry_over_the_socket(start_gateway: Start, opened: list[TerminalClient]) -> None:
    gateway = start_gateway(registration="registry")
    gateway.worker.registry.replace(
        [("13800000001", KnownTerminal(10, "registered", 0, None, "standard"))], [(Plate("贵A00010", 2), 10)], time.time_ns() // 1_000_000
    )
    stranger = TerminalClient(gateway.address, "013800000002")
    opened.append(stranger)
    assert stranger.register("贵A00010").result == NO_SUCH_TERMINAL
    terminal = TerminalClient(gateway.address)
    opened.append(terminal)
    assert terminal.register("贵A00011").result == NO_SUCH_VEHICLE
    reply = terminal.register("贵A00010")
    assert reply.result == 0 and reply.auth_code
    assert terminal.authenticate(reply.auth_code).result == 0
