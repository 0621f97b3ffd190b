"""Quota, free space, committed offsets, trimming."""

from __future__ import annotations

import asyncio
import os
import time

import pytest

from domain.errors import RefusedError
from ingest.log.committed import retire_readers
from ingest.log.files import OsFiles
from ingest.log.record import FRAME, HEADER
from ingest.log.segments import segments_of
from ingest.log.spool import SpoolReader
from tests.ingest.log.spools import KIB, open_writer, read_all, settings_of, write_groups

GIB = 1 << 30
PAYLOADS = [[bytes([65 + n]) * 968] for n in range(10)]
"""Ten groups of 1,000 bytes; two fill a segment of 2 KiB."""


class LimitedFiles(OsFiles):
    """The real files on a file system whose free space is set by hand."""

    def __init__(self) -> None:
        self.free = 1 << 40

    def free_bytes(self, path):
        return self.free


async def _until(met, limit_s: float = 10.0) -> None:
    async with asyncio.timeout(limit_s):
        while not met():  # noqa: ASYNC110 - the writer measures the disk on its own clock
            await asyncio.sleep(0.02)


def age(folder, hours: float) -> None:
    """Let all segments be older."""
    for segment in segments_of(folder):
        written_s = time.time() - hours * 3600
        os.utime(segment.path, (written_s, written_s))


def test_full_quota_refuses_and_resumes_under_95_percent(tmp_path):
    spool = settings_of(tmp_path, segment_mib=64 * KIB, quota_gib=8 * 65_600 / GIB)

    async def run() -> None:
        writer = open_writer(spool)
        writer.start(asyncio.get_running_loop(), lambda number: None, lambda error: None)
        taken = 0
        while writer.taking:
            taken += writer.append(FRAME, 1, 1, b"x" * 60_000, received_us=taken) is not None
            await asyncio.sleep(0.05)
            if taken > 60:
                break
        assert writer.append(FRAME, 1, 1, b"x", received_us=0) is None
        assert writer.quota_ratio >= 1.0
        segments = segments_of(tmp_path / "0")
        assert len(segments) >= 8
        os.unlink(segments[0].path)
        for segment in segments[1 : len(segments) - 7]:
            os.unlink(segment.path)
        await _until(lambda: writer.taking)
        assert writer.quota_ratio < 0.95
        assert writer.append(FRAME, 1, 1, b"x", received_us=0) is not None
        await writer.aclose()

    asyncio.run(run())


def test_short_of_free_space_refuses_from_the_start_and_resumes(tmp_path):
    spool = settings_of(tmp_path, min_free_gib=2)
    files = LimitedFiles()
    files.free = 2 * GIB - 1

    async def run() -> None:
        writer = open_writer(spool, files=files)
        writer.start(asyncio.get_running_loop(), lambda number: None, lambda error: None)
        assert not writer.taking
        files.free = 2 * GIB
        await _until(lambda: writer.taking)
        files.free = 0
        await _until(lambda: not writer.taking)
        await writer.aclose()

    asyncio.run(run())


def test_trim_deletes_only_old_segments_that_every_reader_has_stored(tmp_path):
    spool = settings_of(tmp_path, segment_mib=2 * KIB)
    write_groups(spool, PAYLOADS)
    folder = tmp_path / "0"
    first, second = SpoolReader(tmp_path, "pipeline-0", spool), SpoolReader(tmp_path, "pipeline-1", spool)
    log_id = first.logs()[0]
    age(folder, 25)
    assert first.trim() == 0
    first.commit({log_id: 10_000})
    second.commit({})
    assert first.trim() == 0
    second.commit({log_id: 5_999})
    assert first.trim() > 0
    assert [segment.base for segment in segments_of(folder)] == [4_000, 6_000, 8_000]
    second.commit({log_id: 6_000})
    age(folder, 23)
    assert first.trim() == 0
    age(folder, 25)
    assert first.trim() > 0
    second.commit({log_id: 10_000})
    assert first.trim() > 0
    assert [segment.base for segment in segments_of(folder)] == [8_000]
    assert read_all(spool)[0] == [b"I" * 968, b"J" * 968]


@pytest.mark.parametrize("committed", range(0, 10_001, 500))
def test_trim_never_passes_a_committed_offset(tmp_path, committed):
    spool = settings_of(tmp_path, segment_mib=2 * KIB)
    write_groups(spool, PAYLOADS)
    reader = SpoolReader(tmp_path, "pipeline", settings_of(tmp_path, keep_h=0, quota_gib=0))
    reader.commit({reader.logs()[0]: committed})
    age(tmp_path / "0", 1)
    reader.trim()
    bases = [segment.base for segment in segments_of(tmp_path / "0")]
    assert bases[0] <= committed
    assert bases == list(range(bases[0], 10_000, 2_000))
    assert bases[0] == min(committed // 2_000 * 2_000, 8_000)
    expected = [payload for group in PAYLOADS for payload in group][committed // 1_000 :]
    start = committed // 1_000 * 1_000
    assert read_all(spool, after={reader.logs()[0]: start})[0] == expected


def test_stored_segments_go_early_when_the_quota_is_short(tmp_path):
    spool = settings_of(tmp_path, segment_mib=2 * KIB, quota_gib=10_000 / GIB)
    write_groups(spool, PAYLOADS)
    reader = SpoolReader(tmp_path, "pipeline", spool)
    reader.commit({reader.logs()[0]: 10_000})
    assert reader.trim() > 0
    sizes = sum(segment.path.stat().st_size for segment in segments_of(tmp_path / "0"))
    assert 4_000 < sizes <= 8_000


def test_unreadable_committed_file_deletes_nothing(tmp_path):
    spool = settings_of(tmp_path, segment_mib=2 * KIB, keep_h=0)
    write_groups(spool, PAYLOADS)
    reader = SpoolReader(tmp_path, "pipeline", spool)
    age(tmp_path / "0", 1)
    for broken in ("", '{"a', "[1]", '{"x": "1"}', "\0\0"):
        (tmp_path / "pipeline.offsets").write_text(broken)
        assert reader.trim() == 0


def test_readers_that_are_no_more_are_forgotten(tmp_path):
    spool = settings_of(tmp_path, segment_mib=2 * KIB, keep_h=0)
    write_groups(spool, PAYLOADS)
    age(tmp_path / "0", 1)
    reader, gone = SpoolReader(tmp_path, "pipeline-0", spool), SpoolReader(tmp_path, "pipeline-1", spool)
    reader.commit({reader.logs()[0]: 10_000})
    gone.commit({reader.logs()[0]: 0})
    assert reader.trim() == 0
    retire_readers(tmp_path, {"pipeline-0"})
    assert reader.trim() > 0


def test_reader_behind_the_trimmed_part_goes_on_at_the_oldest_record(tmp_path):
    spool = settings_of(tmp_path, segment_mib=2 * KIB, keep_h=0)
    write_groups(spool, PAYLOADS)
    age(tmp_path / "0", 1)
    reader = SpoolReader(tmp_path, "pipeline", spool)
    log_id = reader.logs()[0]
    early = reader.read({}, 1, 0)
    reader.commit({log_id: 5_000})
    reader.trim()
    fresh = SpoolReader(tmp_path, "pipeline", spool)
    assert fresh.read(early.next, 1, 0).position.tolist() == [4_000]
    assert fresh.backlog({log_id: 4_000}) == 6_000


@pytest.mark.parametrize("name", ["", "../x", "A", "a/b", "a.b"])
def test_reader_name_must_be_a_plain_file_name(tmp_path, name):
    with pytest.raises(RefusedError, match="reader name"):
        SpoolReader(tmp_path, name)


@pytest.mark.parametrize("size", [0, (1 << 20) + 1])
def test_payload_must_have_a_length_that_fits(tmp_path, size):
    writer = open_writer(settings_of(tmp_path))
    with pytest.raises(RefusedError, match="record of"):
        writer.append(FRAME, 1, 1, b"x" * size, received_us=0)
    assert writer.backlog == 0 * HEADER
    asyncio.run(writer.aclose())
