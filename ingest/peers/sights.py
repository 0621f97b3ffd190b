"""Stored positions as messages to a superior platform: live ones, backfill, alarms, and what terminal a vehicle carries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from zlib import crc32

from domain.position import ABSENT_ALTITUDE
from ingest.uplink_store import Sight, Terminal
from protocols.fields import V2011
from protocols.jt808.extras import Extra
from protocols.jt808.messages.location import Location
from protocols.jt809.envelope import Subject, has_vehicle
from protocols.jt809.messages.alarms import UP_ID as ALARM_ID
from protocols.jt809.messages.alarms import AlarmReport
from protocols.jt809.messages.exchange import MOST_POSITIONS, Backfill, LivePosition, VehicleRegistration
from protocols.jt809.positions import Position, Position2011, Position2019

_U32 = 0xFFFFFFFF
_ALARMS = {0: 0x03, 1: 0x01, 2: 0x02, 3: 0x0E, 18: 0x0D, 20: 0x04, 23: 0x0B, 26: 0x09, 28: 0x0C}
"""Alarm bits of a position (JT/T 808 table 24) by type of alarm (JT/T 809-2011 table of alarm types)."""
_TERMINAL_SOURCE = 1

Said = tuple[Any, Subject | None]


def subject_of(sight: Sight) -> Subject:
    """Plate and colour."""
    return Subject(sight.plate, sight.plate_colour)


def position(sight: Sight, version: str) -> Position:
    """The position in an edition's form. 2011 rounds to km/h and km; what is not known is 0, where a field cannot be left out."""
    speed_kmh10, heading_deg = max(sight.speed_kmh10, 0), max(sight.heading_deg, 0)
    altitude_m = 0 if sight.altitude_m == ABSENT_ALTITUDE else sight.altitude_m
    alarm_bits, status_bits = sight.alarm_bits & _U32, sight.status_bits & _U32
    latitude, longitude = abs(sight.lat_e6), abs(sight.lon_e6)
    if version == V2011:
        return Position2011(
            0, sight.t_ms // 1000 * 1000, longitude, latitude, (speed_kmh10 + 5) // 10, ((sight.recorder_kmh10 or 0) + 5) // 10,
            (sight.odometer_m or 0) // 1000, heading_deg, altitude_m, status_bits, alarm_bits,
        )  # fmt: skip
    extras, tail = _items(sight)
    return Position2019(
        0,
        Location(alarm_bits, status_bits, latitude, longitude, altitude_m, speed_kmh10, heading_deg, sight.t_ms, extras, tail),
    )


def _items(sight: Sight) -> tuple[tuple[Extra, ...], bytes]:
    """Additional items as the terminal sent them, or those that columns hold; what is no item stands behind them."""
    if sight.extras is not None:
        found, at, raw = list[Extra](), 0, sight.extras
        while at + 2 <= len(raw) and raw[at] and at + 2 + raw[at + 1] <= len(raw):
            found.append(Extra(raw[at], raw[at + 2 : at + 2 + raw[at + 1]]))
            at += 2 + raw[at + 1]
        return tuple(found), raw[at:]
    columns = ((0x01, sight.odometer_m, 4), (0x02, sight.fuel_l10, 2), (0x03, sight.recorder_kmh10, 2), (0x31, sight.satellites, 1))
    return tuple(
        Extra(item, (value // 100 if item == 0x01 else value).to_bytes(size, "big")) for item, value, size in columns if value is not None
    ), b""


def messages(sights: list[Sight], version: str, live_after_ms: int) -> Iterator[tuple[list[Sight], list[Said]]]:
    """Sights with the messages that carry them, each vehicle's in order: one a live position, one for up to 5 older ones.

    Args:
        live_after_ms: positions received before are backfill.
    """
    waiting: dict[int, list[Sight]] = {}
    for sight in sights:
        held = waiting.setdefault(sight.vehicle_id, [])
        if sight.received_ms < live_after_ms:
            held.append(sight)
            if len(held) == MOST_POSITIONS:
                yield _backfill(waiting.pop(sight.vehicle_id), version)
            continue
        if held:
            yield _backfill(waiting.pop(sight.vehicle_id), version)
        yield [sight], [(LivePosition(position(sight, version)), subject_of(sight)), *_alarms(sight, version)]
    for held in waiting.values():
        if held:
            yield _backfill(held, version)


def _backfill(sights: list[Sight], version: str) -> tuple[list[Sight], list[Said]]:
    ordered = sorted(sights, key=lambda sight: sight.t_ms)
    said: list[Said] = [(Backfill(tuple(position(sight, version) for sight in ordered)), subject_of(ordered[0]))]
    return sights, [*said, *(alarm for sight in ordered for alarm in _alarms(sight, version))]


def _alarms(sight: Sight, version: str) -> list[Said]:
    """An alarm for each bit that the fix before did not have; the number is the same whenever it is sent."""
    fresh = sight.alarm_bits & ~sight.before_bits
    return [_alarm(sight, kind, version) for bit, kind in _ALARMS.items() if fresh & 1 << bit]


def _alarm(sight: Sight, kind: int, version: str) -> Said:
    at_ms = sight.t_ms // 1000 * 1000
    if version == V2011:
        number = crc32(f"{sight.plate}/{sight.plate_colour}/{sight.t_ms}/{kind}".encode())
        report = AlarmReport(_TERMINAL_SOURCE, None, kind, at_ms, number)
        return report, subject_of(sight) if has_vehicle(ALARM_ID, version) else None
    return AlarmReport(
        source_platform="", kind=kind, time_ms=at_ms, start_ms=at_ms, end_ms=0, plate=sight.plate, plate_colour=sight.plate_colour,
        target_platform="", route_id=0,
    ), None  # fmt: skip


def registration(terminal: Terminal, platform_code: str, version: str) -> VehicleRegistration:
    """What terminal a vehicle carries; words that are too long for their field are cut."""
    newer = version != V2011
    return VehicleRegistration(
        _cut(platform_code, 11), _cut(terminal.maker, 11), _cut(terminal.model, 30 if newer else 20), "" if newer else None,
        _cut(terminal.terminal_code, 30 if newer else 7), _cut(terminal.terminal_id, 13 if newer else 12),
    )  # fmt: skip


def _cut(word: str, size: int) -> str:
    return word.encode("gb18030", "ignore")[:size].decode("gb18030", "ignore")
