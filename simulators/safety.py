"""Active safety of a simulated terminal (T/JSATL 12-2017): alarms in positions (0x64 to 0x67), and the files that belong to them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from protocols.jt808.extras import extra
from protocols.jt808.extras.active_safety import AdasAlarm, AlarmPlace, BlindSpotAlarm, DriverAlarm, TyreAlarm, TyreState
from protocols.jt808.profile import PROFILES, Profile
from protocols.kinds.alarm_id import FORMS, AlarmIdentifier
from simulators.camera import picture
from simulators.identity import Identity

ITEMS = (0x64, 0x65, 0x66, 0x67)
PICTURE, VIDEO = 0, 2
_PLACE_MOST_KMH = 255
_VIDEO_BYTES = 70_000


@dataclass(frozen=True, slots=True)
class AlarmFile:
    """One file of an alarm; kind 0 picture, 2 video."""

    name: str
    kind: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Raised:
    """An alarm that was put into a position: its item, and what the truth says of it."""

    item: int
    kind: int
    identifier: AlarmIdentifier
    raw: bytes


class Safety:
    """Alarms of one terminal.

    Args:
        identity: whose.
        seed: of kinds and files.
        profile: form of the province.
    """

    def __init__(self, identity: Identity, seed: int = 0, profile: Profile | None = None) -> None:
        self.profile = profile or PROFILES["su_biao"]
        self.raised: dict[tuple[int, int], Raised] = {}
        self._code = identity.terminal_code[: FORMS[self.profile.alarm_id].code]
        self._random = Random(f"{seed}:{identity.terminal_id}:alarms")
        self._number = 0

    def raise_alarm(self, place: AlarmPlace, attachments: int | None = None) -> Raised:
        """A new alarm of a random kind at this place and time; `attachments` files of it can be asked for (None: 1 to 3)."""
        self._number += 1
        form = FORMS[self.profile.alarm_id]
        count = self._random.randrange(1, 4) if attachments is None else attachments
        assert place.time_ms is not None
        identifier = AlarmIdentifier(self._code, place.time_ms, self._number % 256, count, bytes(form.reserved))
        item = self._random.choice(ITEMS)
        kind, value = self._value(item, place, identifier)
        one = Raised(item, kind, identifier, extra(item, value, self.profile).raw)
        self.raised[place.time_ms, identifier.sequence] = one
        while len(self.raised) > 256:
            del self.raised[next(iter(self.raised))]
        return one

    def _value(self, item: int, place: AlarmPlace, identifier: AlarmIdentifier) -> tuple[int, Any]:
        kind, level = self._random.randrange(1, 4), self._random.randrange(1, 3)
        makers: dict[int, Callable[[], Any]] = {
            0x64: lambda: AdasAlarm(self._number, 0, kind, level, 40, 12, 1, 0, 0, place, identifier),
            0x65: lambda: DriverAlarm(self._number, 0, kind, level, 7, bytes(4), place, identifier),
            0x66: lambda: TyreAlarm(self._number, 0, place, identifier, (TyreState(1, 4, 500, 35, 90),)),
            0x67: lambda: BlindSpotAlarm(self._number, 0, kind, place, identifier),
        }
        return (0 if item == 0x66 else kind), makers[item]()

    def files(self, identifier: AlarmIdentifier, alarm_number: str) -> list[AlarmFile]:
        """Files of an alarm; the same whenever they are asked for. Empty for an alarm that was not raised."""
        found = self.raised.get((identifier.time_ms or 0, identifier.sequence))
        if found is None:
            return []
        files = []
        for number in range(found.identifier.attachments):
            seed = (self._code, identifier.time_ms, identifier.sequence, number)
            video = number % 2 == 1
            data = _film(seed) if video else picture(f"alarm {found.item:02X}", seed, 6)
            ending = "mp4" if video else "jpg"
            name = f"{2 if video else 0:02d}_{found.item:02X}_{found.item:02X}{found.kind:02d}_{number}_{alarm_number}.{ending}"
            files.append(AlarmFile(name[-49:] if len(name) > 49 else name, VIDEO if video else PICTURE, data))
        return files

    def truth(self, one: Raised, alarm_number: str = "") -> dict[str, Any]:
        """The alarm and its files as JSON values."""
        files = self.files(one.identifier, alarm_number)
        return {
            "item": one.item, "kind": one.kind, "time_ms": one.identifier.time_ms, "sequence": one.identifier.sequence,
            "terminal_code": one.identifier.terminal_code,
            "files": [{"kind": file.kind, "size": len(file.data), "sha256": hashlib.sha256(file.data).hexdigest()} for file in files],
        }  # fmt: skip


def _film(seed: Any) -> bytes:
    """Bytes of a video, full of what could be taken for delimiters and marks."""
    random = Random(f"{seed}")
    return b"\x00\x00\x00\x18ftypmp42" + random.randbytes(_VIDEO_BYTES) + b"\x7e\x30\x31\x63\x64\x7e" * 50


def place_at(fix: Any) -> AlarmPlace:
    """Place of an alarm from a row of `simulators.truth.FIX`."""
    speed = min(_PLACE_MOST_KMH, int(fix["speed_kmh10"]) // 10)
    return AlarmPlace(speed, int(fix["altitude_m"]), int(fix["lat_e6"]), int(fix["lon_e6"]), int(fix["t_ms"]), 1 | 1 << 10)
