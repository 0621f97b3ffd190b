"""Every byte in exactly one row, named in both languages; documents are current."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from domain.errors import RefusedError
from protocols.documents import documents
from protocols.explain import explain
from protocols.gbt19056 import encode
from protocols.gbt19056.collect import Mileage
from protocols.gbt19056.layouts import DOWN, UP
from protocols.gbt19056.records import RecordQuery
from protocols.jt808.framing import wrap
from protocols.jt808.messages.location import Location, LocationBatch
from protocols.jt808.messages.recorder import CollectRecorder
from protocols.schemas import json_schema
from tests.protocols.test_connection import FIX, NOW, said, spoiled
from tests.protocols.test_reassembly import packet
from tests.protocols.test_vectors import OWN, shared_vectors

ROOT = Path(__file__).resolve().parents[2]


def test_every_byte_of_every_shared_frame_is_in_exactly_one_row(shared: Path) -> None:
    for vector in shared_vectors(shared):
        explained = explain(vector["hex"])
        rows = [row for frame in explained.frames for row in frame.rows]
        assert b"".join(row.raw for row in rows).hex().upper() == vector["hex"].upper(), vector["id"]
        for frame in explained.frames:
            shown = [code for row in frame.rows for code in row.anomalies]
            assert sorted(shown) == sorted(str(odd.code) for odd in frame.examined.anomalies)
        json.dumps(explained.as_json())


@pytest.mark.parametrize("path", sorted((OWN / "jt808").glob("*.hex")), ids=lambda path: path.stem)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_own_vectors_are_explained_without_an_unreadable_byte(path: Path, language: str) -> None:
    (frame,) = explain(path.read_text(), language=language).frames
    assert not frame.dropped
    assert path.stem.rpartition("-")[2] in frame.versions
    assert "standard" in frame.profiles
    assert all(row.name and row.path not in ("rest", "run", "body") for row in frame.rows)
    if language == "zh":
        assert all(any(ord(letter) > 0x2E80 for letter in row.name) for row in frame.rows)


def test_values_have_units_names_and_bits() -> None:
    (frame,) = explain(said(Location(0b11, 0b10, 28_234_567, 112_938_765, -3, 605, 271, NOW)).hex()).frames
    values = {row.path: row.value for row in frame.rows}
    assert values["alarm_bits"] == "0x00000003 (emergency, speeding)"
    assert values["latitude_e6"] == "28.234567°"
    assert values["altitude_m"] == "-3 m"
    assert values["speed_kmh10"] == "60.5 km/h"
    assert values["time_ms"] == "2024-11-28 09:59:01 +08:00"


def test_escaped_bytes_stay_with_their_field() -> None:
    (frame,) = explain(said(Location(0x7E7D0000, 0, 1, 1, 0, 0, 0, NOW)).hex()).frames
    row = next(row for row in frame.rows if row.path == "alarm_bits")
    assert (row.raw, row.offset) == (b"\x7d\x02\x7d\x01\x00\x00", 17)


def test_anomalies_stand_at_their_bytes() -> None:
    frame = spoiled(said(LocationBatch.of(1, (FIX, FIX))), {17 + 3 + 2 + 23: 0x13})
    (found,) = explain(frame.hex()).frames
    assert [(row.path, row.anomalies) for row in found.rows if row.anomalies] == [("locations[0].time_ms", ("bad_time",))]
    assert found.dropped
    assert found.versions == ()


def test_wrong_checksum_packets_short_and_unknown_frames_are_explained() -> None:
    frames = [
        spoiled(said(FIX), {20: 1}, repair=False), packet(3, 2, 10, b"part"), spoiled(said(FIX), {0: 0x0F}), wrap(b"abc"),
        spoiled(said(FIX), {2: 0x44}), said(FIX),
    ]  # fmt: skip
    explained = explain(b"".join(frames).hex(" "))
    assert [frame.dropped for frame in explained.frames] == [True, False, False, True, True, False]
    assert b"".join(row.raw for frame in explained.frames for row in frame.rows) == b"".join(frames)
    assert "XOR gives" in explained.frames[0].rows[-2].value
    chinese = explain(b"".join(frames).hex(" "), language="zh").frames
    assert "异或得" in chinese[0].rows[-2].value
    assert "消息体" in chinese[1].rows[2].value and "分包" in chinese[1].rows[2].value and "packet" not in chinese[1].rows[2].value
    assert explained.frames[1].rows[-3].name == "part of a longer body"
    assert explained.frames[2].title == "0x0F00 unknown message"
    assert explained.frames[3].title == "not a frame"


@pytest.mark.parametrize("text", ["0x7E 0x00,0x02", "7e00027E7e", "7e:00:02", "7E-00\n02"])
def test_hex_is_taken_as_people_paste_it(text: str) -> None:
    assert b"".join(row.raw for frame in explain(text).frames for row in frame.rows)[:3] == b"\x7e\x00\x02"


@pytest.mark.parametrize(("text", "language"), [("7e7", "en"), ("zz", "en"), ("", "en"), ("7e7e", "en"), ("7e00027e", "fr")])
def test_what_cannot_be_explained_is_refused(text: str, language: str) -> None:
    with pytest.raises(RefusedError):
        explain(text, language=language)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_recorder_bytes_are_explained(language: str) -> None:
    frames = [encode(UP, 0x03, Mileage(NOW, None, 0, 123_456)), encode(DOWN, 0x02), encode(UP, 0xFA), b"\x01\x02"]
    explained = explain(b"".join(frames).hex(" "), language=language)
    assert [b"".join(row.raw for row in frame.rows) for frame in explained.frames] == frames
    assert [frame.dropped for frame in explained.frames] == [False, False, False, True]
    values = {row.path: row.value for row in explained.frames[0].rows}
    assert values["recorder.data.total_km10"] == "12345.6 km"
    assert values["recorder.data.installed_ms"] == "—"
    json.dumps(explained.as_json())
    wrong = bytearray(frames[0])
    wrong[-1] ^= 1
    (frame,) = explain(bytes(wrong).hex()).frames
    assert (frame.dropped, frame.rows[-1].anomalies) == (True, ("bad_checksum",))


def test_recorder_bytes_inside_a_message_are_explained() -> None:
    (frame,) = explain(said(CollectRecorder.of(0x08, RecordQuery(NOW, NOW, 2))).hex()).frames
    values = {row.path: row.value for row in frame.rows}
    assert values["recorder.data.most"] == "2"
    assert not frame.dropped


def test_documents_are_current() -> None:
    folder = ROOT / "docs" / "protocols"
    made = documents()
    assert {path.name for path in folder.glob("*.md")} == set(made)
    for name, text in made.items():
        assert (folder / name).read_text("utf-8") == text, f"run: cuntong explain --docs docs/protocols ({name})"


def test_json_schema_names_units_and_needed_fields() -> None:
    schema = json_schema(0x8202, "2019")
    assert schema["required"] == ["interval_s"]
    assert schema["properties"]["valid_s"]["x-unit"] == "s"
    assert "text_type" not in json_schema(0x8300, "2013")["properties"]
    assert "Location" in json_schema(0x0201, "2019")["$defs"]
