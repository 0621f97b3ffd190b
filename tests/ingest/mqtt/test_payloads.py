"""Payloads of devices, whatever they are: never an exception, every fault named, nothing made up."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.position import ABSENT, ABSENT_ALTITUDE, LOCATED, Flag, Source
from domain.track import Track
from ingest.mqtt import payloads, topics
from ingest.mqtt.door import MQTT_WORKER
from ingest.peers.site import PLATFORM_WORKER
from ingest.replay import REPLAY_WORKER

NAMES = ("t_ms", "lon", "lat", "speed_kmh", "heading_deg", "altitude_m", "status_bits", "alarm_bits", "odometer_m")
LIMITS = {
    "t_ms": (946_684_800_000, 4_102_444_800_000), "lon": (-180, 180), "lat": (-90, 90), "speed_kmh": (0, 3_276.7), "heading_deg": (0, 360),
    "altitude_m": (-32_767, 32_767), "status_bits": (0, 2**32 - 1), "alarm_bits": (0, 2**32 - 1), "odometer_m": (0, 2_147_483_000),
}  # fmt: skip
WHOLE = ("t_ms", "status_bits", "alarm_bits")
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from((*NAMES, "seq", "fixes")), inner, max_size=4),
    max_leaves=12,
)
REASONS = {"not_json", "wrong_type", "missing", "out_of_range", "too_many", "too_long"}


def number(name: str) -> st.SearchStrategy[Any]:
    low, high = LIMITS[name]
    whole = st.integers(int(low), int(high))
    return whole if name in WHOLE else whole | st.floats(low, high)


sound = st.fixed_dictionaries({"t_ms": number("t_ms")}, optional={name: number(name) | st.none() for name in NAMES[3:]}).flatmap(
    lambda fix: (
        st.tuples(number("lon"), number("lat")).map(lambda place: fix | dict(zip(("lon", "lat"), place, strict=True))) | st.just(fix)
    )
)


@given(raw=st.binary(max_size=200) | anything.map(lambda said: json.dumps(said).encode()))
def test_no_bytes_raise_and_every_fault_has_a_reason(raw: bytes) -> None:
    report = payloads.read(raw)
    fault = report.first_fault
    assert fault is None or (fault.reason in REASONS and fault.detail)
    assert len(report.rows) == len(report.items) == len(report.sound)


@given(fixes=st.lists(sound, max_size=5), seq=st.integers(0, 2**53))
def test_sound_fixes_are_stored_as_said_and_what_is_absent_is_absent(fixes: list[dict[str, Any]], seq: int) -> None:
    report = payloads.read(json.dumps({"seq": seq, "fixes": fixes}).encode())
    assert (report.seq, report.first_fault, list(report.items)) == (seq, None, list(range(len(fixes))))
    track = Track.of(report.rows)
    for row, fix in enumerate(fixes):
        one = report.rows[row]
        assert one["t_ms"] == fix["t_ms"] and one["source"] == Source.MQTT
        for column, name, unit, absent in (
            ("lon_e6", "lon", 1e6, 0), ("lat_e6", "lat", 1e6, 0), ("speed_kmh10", "speed_kmh", 10, ABSENT),
            ("altitude_m", "altitude_m", 1, ABSENT_ALTITUDE), ("odometer_m", "odometer_m", 1, ABSENT),
        ):  # fmt: skip
            said = fix.get(name)
            assert one[column] == absent if said is None else abs(one[column] - said * unit) <= 0.5, name
        for column, name in (("speed_kmh", "speed_kmh"), ("heading_deg", "heading_deg"), ("odometer_m", "odometer_m")):
            assert bool(getattr(track, column)[row] != getattr(track, column)[row]) == (fix.get(name) is None), "NaN where absent"
        status = fix.get("status_bits")
        assert int(one["status_bits"]) & 0xFFFFFFFF == (status if status is not None else LOCATED if "lon" in fix else 0)
        assert bool(one["flags"] & Flag.NO_STATUS) == (status is None) == bool(track.acc[row] < 0)
        assert int(one["alarm_bits"]) & 0xFFFFFFFF == (fix.get("alarm_bits") or 0)


@given(
    fix=sound, name=st.sampled_from(NAMES),
    wrong=st.booleans() | st.text(max_size=3) | st.lists(st.integers(), max_size=1) | st.sampled_from([10**400, -(10**400), 1e308, -1e308]),
)  # fmt: skip
def test_the_first_wrong_field_is_named_and_the_other_fixes_are_kept(fix: dict[str, Any], name: str, wrong: Any) -> None:
    good = {"t_ms": 1_772_337_600_000}
    report = payloads.read(json.dumps({"seq": 1, "fixes": [good, {**fix, name: wrong}, good]}).encode())
    assert list(report.items) == [0, 2]
    assert [(fault.field, fault.item) for fault in report.faults] == [(f"fixes[1].{name}", 1)]


@given(device=st.from_regex(r"[1-9][0-9]{0,19}", fullmatch=True), payload=st.binary(max_size=50))
def test_a_record_gives_back_device_and_bytes(device: str, payload: bytes) -> None:
    assert payloads.of_record(payloads.record(device, payload)) == (device, payload)
    assert topics.is_device(device)


def test_topics() -> None:
    assert topics.parse_up("cuntong/v1/up/1390") == topics.Up("1390", False)
    assert topics.parse_up("cuntong/v1/up/1390/jt808") == topics.Up("1390", True)
    for other in ("cuntong/v1/up", "cuntong/v1/up/", "cuntong/v1/up/1/x", "cuntong/v1/down/1", "cuntong/v1/up/1/jt808/x"):
        assert topics.parse_up(other) is None
    assert topics.positions("520103") == "cuntong/v1/positions/52/01/03"
    assert topics.positions("520103107") == "cuntong/v1/positions/52/01/03"
    assert topics.positions(None) == topics.positions("x1") == "cuntong/v1/positions/00/00/00"
    assert topics.alert("520100", "SPD-ROAD/x+#") == "cuntong/v1/alerts/52/01/00/SPD-ROAD-x--"
    assert topics.alert(None, "") == "cuntong/v1/alerts/00/00/00/unknown"


def test_every_door_has_a_log_of_its_own() -> None:
    assert len({MQTT_WORKER, PLATFORM_WORKER, REPLAY_WORKER}) == 3
