"""Terminal parameters by id: known and unknown ones, values that fit and values that do not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from domain.errors import RefusedError
from protocols.explain import explain
from protocols.jt808.codec import encode, examine
from protocols.jt808.messages.parameters import ParametersReply, SetParameters
from protocols.jt808.parameters import Parameter, parameter, parameter_layouts
from protocols.jt808.parameters.active_safety import Adas, BlindSpot, Common, Dsm, Evidence, Tyres
from protocols.jt808.parameters.reporting import DrivingBan
from protocols.jt808.parameters.vehicle import CanCollection
from protocols.jt808.parameters.video import Channel, Channels, ChannelVideo, ChannelVideos, Coding, VideoSettings
from protocols.kinds.groups import from_json

_COMMON = Common(30, 6, 0, 3600, 200, 3, 2, 1, 5, 0x0001_0FFF, 3)
_EVIDENCE = Evidence(50, 5, 3, 2)
_CODING = Coding(0, 5, 50, 25, 2048)


def test_the_registry_of_parameters() -> None:
    assert sorted(parameter_layouts) == [
        *range(0x01, 0x08), *range(0x10, 0x1E), *range(0x20, 0x2A), *range(0x2C, 0x33), *range(0x40, 0x4A), *range(0x50, 0x5F),
        0x64, 0x65, *range(0x70, 0x78), *range(0x79, 0x7D), *range(0x80, 0x85), *range(0x90, 0x96), *range(0x100, 0x104),
        *range(0x110, 0x200), 0xF364, 0xF365, 0xF366, 0xF367, 0xF370,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("parameter_id", "value", "raw"),
    [
        (0x0001, 60, "0000003c"), (0x0013, "10.0.0.1", "31302e302e302e31"), (0x0031, 50, "0032"), (0x0083, "湘A12345", "cfe6413132333435"),
        (0x0084, 2, "02"), (0x0032, DrivingBan(22, 30, 5, 0), "161e0500"), (0x0110, CanCollection(1000, 0x4000_0123), "000003e840000123"),
        (0x0075, VideoSettings(_CODING, _CODING, 3, 1), "0005003219000008000005003219000008000003" + "01"),
        (0x0076, Channels(1, 0, 1, (Channel(1, 1, 0, 0), Channel(2, 2, 2, 1))), "010001" + "01010000" + "02020201"),
        (0x0077, ChannelVideos((ChannelVideo(1, _CODING, _CODING, 3),)), "01" + "01" + 2 * "000500321900000800" + "0003"),
        (0xF367, BlindSpot(2, 3), "0203"), (0xF370, 1, "01"),
    ],
)  # fmt: skip
def test_a_parameter_is_made_from_its_value(parameter_id: int, value: Any, raw: str) -> None:
    made = parameter(parameter_id, value)
    assert made.raw.hex() == raw
    assert made.value() == value
    assert made.name


def test_the_sizes_of_active_safety_are_those_of_the_standard() -> None:
    adas = Adas(_COMMON, 0, 30, _EVIDENCE, 60, 5, _EVIDENCE, _EVIDENCE, 27, _EVIDENCE, 30, _EVIDENCE, 10, _EVIDENCE, 3, 2, bytes(4))
    dsm = Dsm(_COMMON, 180, 120, bytes(3), _EVIDENCE, _EVIDENCE, _EVIDENCE, _EVIDENCE, _EVIDENCE, 1, bytes(2))
    tyres = Tyres("900R20", 3, 140, 20, 5, 110, 189, 80, 10, 60, bytes(6))
    assert [len(parameter(n, value).raw) for n, value in ((0xF364, adas), (0xF365, dsm), (0xF366, tyres))] == [56, 49, 36]


@pytest.mark.parametrize(
    ("parameter_id", "value"),
    [(0x0001, -1), (0x0001, 1 << 32), (0x0001, "x"), (0x0013, "🚌"), (0x0013, "x" * 256), (0x0084, 256), (0x9999, 1), (0x0032, 5)],
)
def test_a_value_that_does_not_fit_is_refused(parameter_id: int, value: Any) -> None:
    with pytest.raises(RefusedError) as refused:
        parameter(parameter_id, value)
    assert refused.value.field


@pytest.mark.parametrize("item", [Parameter(-1, b""), Parameter(1 << 32, b""), Parameter(1, bytes(256)), "x"])
def test_a_parameter_that_does_not_fit_is_refused(item: Any) -> None:
    with pytest.raises(RefusedError) as refused:
        encode(SetParameters((item,)), terminal_id="1", serial=0, version="2019")
    assert refused.value.field == "parameters[0]"
    with pytest.raises(RefusedError):
        encode(SetParameters((Parameter(1, b""),) * 256), terminal_id="1", serial=0, version="2019")


def test_an_unknown_parameter_and_a_wrong_length_survive_a_round_trip() -> None:
    items = (Parameter(0xDEADBEEF, b"\x01\x02"), Parameter(0x0001, b"\x05"), Parameter(0x0076, b"\x01"), Parameter(0x0075, bytes(22)))
    frame = encode(ParametersReply(1, items), terminal_id="1", serial=0, version="2013")
    examined = examine(frame)
    assert examined.message == ParametersReply(1, items)
    assert [item.value() for item in examined.message.parameters] == [None] * 4
    assert [item.name for item in examined.message.parameters] == ["", "heartbeat_interval", "channels", "video"]
    assert [odd.code for odd in examined.anomalies] == ["item_length"] * 3
    assert examined.dropped is None
    paths = [row.path for row in explain(frame.hex()).frames[0].rows]
    assert "parameters[0].raw" in paths
    assert "parameters[3].raw" in paths


def test_a_known_parameter_is_explained_by_its_name_and_unit() -> None:
    frame = encode(SetParameters((parameter(0x55, 80), parameter(0x7A, 1))), terminal_id="1", serial=0, version="2019")
    rows = {row.path: (row.name, row.value) for row in explain(frame.hex(), language="zh").frames[0].rows}
    assert rows["parameters[0].speed_limit"] == ("最高速度", "80 km/h")
    assert rows["parameters[0].id"] == ("参数ID: 最高速度", "0x0055")
    assert "视频信号丢失报警" in rows["parameters[1].video_alarm_mask"][1]


def test_parameters_are_given_as_json() -> None:
    given = json.loads(
        '[{"id": 1, "value": 60}, {"id": 50, "value": {"start_hour": 22, "start_minute": 0, "end_hour": 5, "end_minute": 0}}]'
    )
    given.append({"id": 0x9999, "raw": "0102"})
    made = from_json(SetParameters, {"parameters": given})
    assert made.parameters == (parameter(1, 60), parameter(0x32, DrivingBan(22, 0, 5, 0)), Parameter(0x9999, b"\x01\x02"))


@pytest.mark.parametrize("item", [5, {}, {"id": 1}, {"id": "1", "value": 1}, {"id": 0x9999, "value": 1}, {"id": 1, "raw": "xyz"}])
def test_parameters_of_wrong_json_are_refused(item: Any) -> None:
    with pytest.raises(RefusedError):
        from_json(SetParameters, {"parameters": [item]})
    with pytest.raises(RefusedError):
        from_json(SetParameters, {"parameters": "none"})


def test_every_parameter_of_the_shared_frames_survives(shared: Path) -> None:
    vectors = json.loads((shared / "vectors" / "frames.json").read_text("utf-8"))
    frames = [bytes.fromhex(v["hex"]) for v in vectors if v["id"][:13] in ("jt808-0x0104-", "jt808-0x8103-") and not v["anomalies"]]
    seen = [examine(frame).message for frame in frames]
    known = [item for message in seen if message is not None for item in message.parameters if item.layout is not None]
    assert len(known) > 100
    for item in known:
        value = item.value()
        if value is not None and item.layout is not None and item.layout.spec.kind.code:
            assert parameter(item.id, value) == item
