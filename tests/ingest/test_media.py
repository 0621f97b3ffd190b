"""Multimedia through the pipeline: whole, in packets, over a break, twice, and with a disk that refuses."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import psycopg
import pytest

from ingest import media_store
from protocols.jt808.codec import build_frame, encode, encode_body
from protocols.jt808.header import Address
from protocols.jt808.messages.multimedia import MediaData, MediaEvent
from tests.ingest.spooled import NOON_MS, Logged, drain, fix, pipeline, registration, rows, write

TERMINAL = "013800000001"
PICTURE = bytes(range(256)) * 17 + b"\x7e\x7d\xff\xd9"
SHA = hashlib.sha256(PICTURE).hexdigest()
SEEN = "select terminal_id, media_id, sha256, vehicle_id is not null, taken_at is not null, lon_e6, size, path, data is null from multimedia order by 1, 2, 3"


def upload(data: bytes = PICTURE, media_id: int = 7) -> MediaData:
    return MediaData(media_id, 0, 0, 1, 2, fix(), data)


def packets(message: MediaData, first_serial: int = 10, size: int = 900) -> list[bytes]:
    """Frames of a message cut as terminals do."""
    message_id, body = encode_body(message, "2013")
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return [
        build_frame(message_id, piece, Address(TERMINAL, first_serial + number, "2013", (len(pieces), number + 1)))
        for number, piece in enumerate(pieces)
    ]


def stored(dsn: str, folder: Path, name: str = "pipeline") -> None:
    """Take all that is logged."""
    one = pipeline(dsn, folder / "spool", name=name, media_path=folder / "media")
    drain(one)
    one.close()


def logged(*frames: bytes, later_ms: int = 0) -> list[Logged]:
    return [Logged(frame, NOON_MS + later_ms + number) for number, frame in enumerate(frames)]


def test_a_picture_in_packets_out_of_order_is_one_file(dsn: str, tmp_path: Path) -> None:
    parts = packets(upload())
    assert len(parts) > 3
    write(tmp_path / "spool", logged(registration(TERMINAL, "贵A12345"), *reversed(parts[1:]), parts[0], parts[2]))
    stored(dsn, tmp_path)
    assert rows(dsn, SEEN) == [("13800000001", 7, SHA, True, True, 106_700_000, len(PICTURE), media_store.place_of(SHA, 0), True)]
    assert (tmp_path / "media" / media_store.place_of(SHA, 0)).read_bytes() == PICTURE
    assert sorted(path.suffix for path in (tmp_path / "media").rglob("*") if path.is_file()) == [".jpg"]


def test_a_break_between_packets_and_between_pipelines_loses_none(dsn: str, tmp_path: Path) -> None:
    parts = packets(upload())
    for number, frame in enumerate(parts):
        write(tmp_path / "spool", logged(frame, later_ms=1_000 * number))
        stored(dsn, tmp_path)
        assert len(rows(dsn, SEEN)) == (number == len(parts) - 1)
    assert (tmp_path / "media" / media_store.place_of(SHA, 0)).read_bytes() == PICTURE
    assert rows(dsn, SEEN)[0][3] is False  # nobody has registered the terminal
    assert rows(dsn, "select count(*) from message_part") == [(0,)]


def test_the_same_upload_twice_is_one_and_a_new_picture_under_an_old_number_another(dsn: str, tmp_path: Path) -> None:
    again = encode(upload(b"small", 3), terminal_id=TERMINAL, serial=1, version="2013")
    other = encode(upload(b"other", 3), terminal_id=TERMINAL, serial=2, version="2013")
    announced = encode(MediaEvent(3, 0, 0, 1, 2), terminal_id=TERMINAL, serial=3, version="2013")
    write(tmp_path / "spool", logged(announced, again, again, other))
    stored(dsn, tmp_path)
    stored(dsn, tmp_path, "second")
    assert len(rows(dsn, SEEN)) == 2
    assert rows(dsn, "select media_id, event, channel from multimedia_event") == [(3, 1, 2)]


def test_a_disk_that_refuses_keeps_no_position_back_and_loses_no_picture(dsn: str, tmp_path: Path) -> None:
    (tmp_path / "media").write_bytes(b"a file where the folder belongs")
    write(tmp_path / "spool", logged(*packets(upload())))
    stored(dsn, tmp_path)
    assert [row[7:] for row in rows(dsn, SEEN)] == [(None, False)]
    with psycopg.connect(dsn) as conn:
        with pytest.raises(OSError):
            media_store.settle(conn, tmp_path / "media")
        conn.rollback()
        os.remove(tmp_path / "media")
        assert media_store.settle(conn, tmp_path / "media") == 1
        assert media_store.settle(conn, tmp_path / "media") == 0
    assert (tmp_path / "media" / media_store.place_of(SHA, 0)).read_bytes() == PICTURE
    assert [row[7:] for row in rows(dsn, SEEN)] == [(media_store.place_of(SHA, 0), True)]
