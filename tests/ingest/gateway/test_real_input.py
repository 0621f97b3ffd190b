"""Frames of real terminals through the whole road: socket, log, pipeline, `positions`; each compared with what its vector says."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ingest.pipeline import Pipeline
from protocols.anomaly import Code
from protocols.jt808.codec import examine
from protocols.jt808.header import terminal_key
from protocols.jt808.messages.session import PlatformReply
from tests.ingest.gateway.conftest import TIME_MS, RunningGateway, TerminalClient, location
from tests.ingest.spooled import counts, drain, pipeline, rows

UNANSWERED = frozenset({Code.BAD_CHECKSUM})
"""What leaves a frame without an answer."""

REFUSED = frozenset({Code.LENGTH_MISMATCH, Code.SHORT_BODY, Code.BAD_TIME})
"""What earns result 2."""

COMPARED = (
    "serial",
    "device_time",
    "latitude_deg",
    "longitude_deg",
    "speed_kmh",
    "direction_deg",
    "altitude_m",
    "status_bits",
    "alarm_bits",
)


@dataclass(frozen=True)
class Vector:
    """One whole 0x0200 or 0x0704 of the shared file."""

    name: str
    frame: bytes
    expect: dict[str, Any]
    terminal_id: str
    version: str
    codes: frozenset[Code]

    @property
    def key(self) -> str:
        return terminal_key(self.terminal_id)

    @property
    def message_id(self) -> int:
        return int(self.expect["message_id"], 16)

    @property
    def answer(self) -> int | None:
        """Result of its 0x8001, None when there is none."""
        if self.codes & UNANSWERED:
            return None
        return 2 if self.codes & REFUSED else 0

    @property
    def fixes(self) -> list[dict[str, Any]]:
        """The reference's values of each position that can be one."""
        found = self.expect.get("locations", [self.expect])
        return [fix for fix in found if self.answer == 0 and abs(fix["latitude_deg"]) <= 90]


def agreed(row: dict[str, Any]) -> dict[str, Any]:
    """The reference's values, with ours where a difference is listed with its reason."""
    listed = tomllib.loads((Path(__file__).parents[2] / "vectors" / "differences.toml").read_text("utf-8"))["difference"]
    ours = {odd["field"]: odd["ours"] for odd in listed if odd["vector"] == row["id"]}
    same = {key: type(value)(ours[key]) if key in ours else value for key, value in row["expect"].items() if key in COMPARED}
    return {**row["expect"], **same}


def whole_vectors(shared: Path) -> list[Vector]:
    found = []
    for row in json.loads((shared / "vectors" / "frames.json").read_text("utf-8")):
        expect = agreed(row)
        if row["protocol"] != "jt808" or expect.get("message_id") not in ("0x0200", "0x0704") or expect.get("subpackage"):
            continue
        examined = examine(frame := bytes.fromhex(row["hex"]))
        assert examined.header is not None
        codes = frozenset(odd.code for odd in examined.anomalies)
        header = examined.header
        found.append(Vector(row["id"], frame, expect, header.terminal_id, header.version, codes))
    return found


def waves(vectors: Iterable[Vector]) -> list[list[Vector]]:
    """Vectors in groups within which no terminal reports one instant twice: several projects made up frames of the same terminal."""
    made: list[list[Vector]] = []
    taken: list[set[tuple[str, str]]] = []
    for vector in vectors:
        keys = {(vector.key, fix["device_time"]) for fix in vector.fixes}
        free = next((number for number, held in enumerate(taken) if not held & keys), len(made))
        if free == len(made):
            made.append([])
            taken.append(set())
        made[free].append(vector)
        taken[free] |= keys
    return made


def stored_form(key: str, fix: dict[str, Any]) -> tuple[Any, ...]:
    """A position of the reference as `positions` holds it."""
    latitude, longitude = abs(fix["latitude_deg"]), abs(fix["longitude_deg"])
    south, west = fix["status_bits"] >> 2 & 1, fix["status_bits"] >> 3 & 1
    return (
        key, datetime.fromisoformat(fix["device_time"]).timestamp(), round(latitude * 1e6) * (-1 if south else 1),
        round(longitude * 1e6) * (-1 if west else 1), round(fix["speed_kmh"] * 10), fix["direction_deg"], fix["altitude_m"],
        fix["status_bits"], fix["alarm_bits"],
    )  # fmt: skip


def stored(dsn: str) -> set[tuple[Any, ...]]:
    found = rows(
        dsn,
        """
        select t.terminal_id, extract(epoch from p.time)::float8, p.lat_e6, p.lon_e6, p.speed_kmh10, p.heading_deg, p.altitude_m,
               p.status_bits::bigint & 4294967295, p.alarm_bits::bigint & 4294967295
          from positions p
          join terminal t on t.vehicle_id = p.vehicle_id
        """,
    )
    return set(found)


def forget(dsn: str) -> None:
    """Room for the next wave."""
    with psycopg.connect(dsn) as conn:
        conn.execute("delete from positions")
        conn.execute("delete from vehicle_last")


def send(gateway: RunningGateway, vector: Vector, number: int) -> tuple[Any, ...]:
    """Log in as the vector's terminal, send its frame, hear the right answer, and be alive; the position sent last, as it is stored."""
    terminal = TerminalClient(gateway.address, vector.terminal_id, vector.version)
    try:
        code = terminal.register(f"试{vector.key}").auth_code  # a plate of its own: the newest registration takes the plate
        assert code is not None and terminal.authenticate(code).result == 0, vector.name
        terminal.send(vector.frame)
        if vector.answer is not None:
            reply = terminal.hear()
            assert isinstance(reply, PlatformReply), vector.name
            said = (reply.reply_serial, reply.reply_id, reply.result)
            assert said == (vector.expect["serial"], vector.message_id, vector.answer), vector.name
        last = location(number)
        terminal.say(last)
        reply = terminal.hear()
        assert isinstance(reply, PlatformReply), vector.name
        assert (reply.reply_serial, reply.reply_id, reply.result) == (terminal.serial, 0x0200, 0), vector.name
    finally:
        terminal.close()
    return (
        vector.key, TIME_MS / 1000 + number, last.latitude_e6, last.longitude_e6, last.speed_kmh10, last.heading_deg, last.altitude_m,
        last.status_bits, last.alarm_bits,
    )  # fmt: skip


@pytest.fixture
def worker(dsn: str, gateway: RunningGateway) -> Iterator[Pipeline]:
    """The pipeline behind the gateway; recorded clocks may be of any age."""
    made = pipeline(dsn, gateway.log_settings.path, accept_days=36_500, clock_ahead_s=10 * 366 * 86_400)
    yield made
    made.close()


def test_every_whole_position_vector_is_answered_and_lands_as_its_reference_says(
    shared: Path, dsn: str, gateway: RunningGateway, worker: Pipeline
) -> None:
    vectors = [vector for vector in whole_vectors(shared) if vector.answer is not None]
    assert len(vectors) == 94
    for wave in waves(vectors):
        expected = {send(gateway, vector, number) for number, vector in enumerate(wave)}
        expected |= {stored_form(vector.key, fix) for vector in wave for fix in vector.fixes}
        drain(worker)
        assert stored(dsn) == expected
        forget(dsn)
    impossible = [vector.frame for vector in vectors if Code.OUT_OF_RANGE in vector.codes]
    put_aside = rows(dsn, "select distinct frame, reason from quarantine")
    assert sorted(bytes(frame) for frame, _ in put_aside) == sorted(impossible)
    assert {reason for _, reason in put_aside} == {"out_of_range"}
    assert counts(worker)["quarantined"] >= len(impossible)


def test_broken_vectors_are_not_answered_are_kept_raw_and_leave_the_link_alive(
    shared: Path, dsn: str, gateway: RunningGateway, worker: Pipeline
) -> None:
    vectors = [vector for vector in whole_vectors(shared) if vector.answer is None]
    assert len(vectors) == 8
    expected = {send(gateway, vector, number) for number, vector in enumerate(vectors)}
    drain(worker)
    assert stored(dsn) == expected
    put_aside = rows(dsn, "select frame, reason, terminal_id from quarantine")
    assert sorted((bytes(frame), reason, terminal) for frame, reason, terminal in put_aside) == sorted(
        (vector.frame, "bad_checksum", vector.key) for vector in vectors
    )
    assert gateway.counted("anomalies", "bad_checksum") == len(vectors)
    assert counts(worker)["quarantined"] == len(vectors)
