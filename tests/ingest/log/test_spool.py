"""Writing and reading back: order, groups, rotation, merging, several readers."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import RefusedError
from ingest.log.base import LogReader, LogWriter
from ingest.log.record import FRAME, HEADER, LINK_EVENT
from ingest.log.segments import segments_of
from ingest.log.spool import SpoolReader, SpoolWriter
from tests.ingest.log.spools import KIB, open_writer, payloads_of, read_all, settings_of, write_groups

slow_disk = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
groups_of_payloads = st.lists(st.lists(st.binary(min_size=1, max_size=2_000), min_size=1, max_size=8), min_size=1, max_size=6)


@slow_disk
@given(runs=st.lists(groups_of_payloads, min_size=1, max_size=3), limit_rows=st.integers(1, 7))
def test_whatever_is_appended_reads_back_over_restarts_and_segments(tmp_path_factory, runs, limit_rows):
    spool = settings_of(tmp_path_factory.mktemp("spool"), segment_mib=4 * KIB)
    for groups in runs:
        assert write_groups(spool, groups) == list(range(len(groups)))
    written = [payload for groups in runs for group in groups for payload in group]
    payloads, offsets = read_all(spool, limit_rows=limit_rows)
    assert payloads == written
    assert list(offsets.values()) == [sum(HEADER + len(payload) for payload in written)]


def test_segments_join_without_a_gap_and_belong_to_one_log(tmp_path):
    spool = settings_of(tmp_path, segment_mib=2 * KIB)
    write_groups(spool, [[bytes([65 + n]) * 700] for n in range(20)])
    segments = segments_of(tmp_path / "0")
    assert [segment.base for segment in segments] == list(range(0, 20 * 732, 2 * 732))
    assert len({segment.header().log_id for segment in segments}) == 1


def test_group_larger_than_a_segment_gets_a_segment_of_its_own(tmp_path):
    spool = settings_of(tmp_path, segment_mib=1 * KIB)
    written = [[b"a" * 10], [b"b" * 900] * 5, [b"c" * 10]]
    write_groups(spool, written)
    assert read_all(spool)[0] == [payload for group in written for payload in group]


def test_offsets_resume_in_the_middle_of_a_segment(tmp_path):
    spool = settings_of(tmp_path)
    write_groups(spool, [[b"%d" % n for n in range(100)]])
    reader = SpoolReader(tmp_path, "pipeline", spool)
    first = reader.read({}, 30, 0)
    rest = reader.read(first.next, 1_000, 0)
    assert payloads_of(first) + payloads_of(rest) == [b"%d" % n for n in range(100)]
    assert first.position.tolist()[:2] == [0, HEADER + 1]
    assert rest.position[0] == first.next[first.logs[0]]


def test_workers_are_merged_by_arrival_and_cut_at_the_limit(tmp_path):
    spool = settings_of(tmp_path)

    async def write() -> None:
        writers = [open_writer(spool, worker) for worker in range(3)]
        for writer in writers:
            writer.start(asyncio.get_running_loop(), lambda number: None, lambda error: None)
        for n in range(300):
            writers[n * 7 % 3].append(FRAME, 1, n, b"%03d" % n, received_us=n)
        for writer in writers:
            await writer.aclose()

    asyncio.run(write())
    for limit in (1, 7, 100, 300):
        assert read_all(spool, limit_rows=limit)[0] == [b"%03d" % n for n in range(300)]
    records = SpoolReader(tmp_path, "pipeline", spool).read({}, 300, 0)
    assert records.link.tolist() == list(range(300))
    assert [records.logs[row] for row in records.log[:3]] == [records.logs[n * 7 % 3] for n in range(3)]


def test_clock_set_back_does_not_reorder_a_log(tmp_path):
    spool = settings_of(tmp_path)

    async def write(worker: int, times: list[int]) -> None:
        writer = open_writer(spool, worker)
        writer.start(asyncio.get_running_loop(), lambda number: None, lambda error: None)
        for at_us in times:
            writer.append(FRAME, 1, worker, b"%d@%d" % (worker, at_us), received_us=at_us)
        await writer.aclose()

    asyncio.run(write(0, [10, 50, 20, 60]))
    asyncio.run(write(1, [30, 40]))
    expected = [b"0@10", b"1@30", b"1@40", b"0@50", b"0@20", b"0@60"]
    for limit in (1, 4, 100):
        assert read_all(spool, limit_rows=limit)[0] == expected


def test_reader_follows_new_workers_and_new_segments(tmp_path):
    spool = settings_of(tmp_path, segment_mib=2 * KIB)
    reader = SpoolReader(tmp_path, "pipeline", spool)
    assert len(reader.read({}, 10, 1)) == 0
    write_groups(spool, [[b"a" * 900]] * 5)
    seen = reader.read({}, 100, 1_500)
    assert payloads_of(seen) == [b"a" * 900] * 5
    write_groups(spool, [[b"b" * 900]] * 5)
    more = reader.read(seen.next, 100, 0)
    assert payloads_of(more) == [b"b" * 900] * 5
    write_groups(spool, [[b"c"]], worker=4)
    last = reader.read(more.next, 100, 1_500)
    assert payloads_of(last) == [b"c"]
    assert len(reader.logs()) == 2
    assert payloads_of(reader.read(last.next, 10, 0)) == []


def test_log_whose_files_were_taken_away_begins_anew_under_another_id(tmp_path):
    spool = settings_of(tmp_path)
    write_groups(spool, [[b"old"]])
    reader = SpoolReader(tmp_path, "pipeline", spool)
    old = reader.read({}, 10, 0)
    for segment in segments_of(tmp_path / "0"):
        segment.path.unlink()
    write_groups(spool, [[b"new", b"newer"]])
    records = reader.read(old.next, 10, 1_500)
    assert payloads_of(records) == [b"new", b"newer"]
    assert len(reader.logs()) == 2
    assert records.next.items() >= old.next.items()


def test_reader_waits_for_rows_and_comes_back_empty(tmp_path):
    spool = settings_of(tmp_path)
    write_groups(spool, [[b"a"]])
    reader = SpoolReader(tmp_path, "pipeline", spool)
    first = reader.read({}, 10, 30)
    assert len(first) == 1
    second = reader.read(first.next, 10, 30)
    assert len(second) == 0
    assert second.next == first.next


def test_records_are_invisible_before_they_are_durable(tmp_path):
    spool = settings_of(tmp_path)
    reader = SpoolReader(tmp_path, "pipeline", spool)

    async def run() -> None:
        writer = open_writer(spool)
        writer.append(LINK_EVENT, 1, 1, b"{}", received_us=1)
        assert writer.backlog == HEADER + 2
        assert len(reader.read({}, 10, 0)) == 0
        done = asyncio.Event()
        writer.start(asyncio.get_running_loop(), lambda number: done.set(), lambda error: None)
        writer.close_turn(writer.group().used)
        await done.wait()
        assert writer.backlog == 0
        assert payloads_of(reader.read({}, 10, 0)) == [b"{}"]
        await writer.aclose()

    asyncio.run(run())


def test_second_writer_of_a_worker_is_refused(tmp_path):
    spool = settings_of(tmp_path)
    writer = open_writer(spool)
    with pytest.raises(RefusedError, match="another process"):
        open_writer(spool)
    asyncio.run(writer.aclose())
    asyncio.run(open_writer(spool).aclose())


def test_the_port_is_what_the_spool_offers(tmp_path):
    spool = settings_of(tmp_path)
    writer: LogWriter = SpoolWriter(tmp_path, 0, spool)
    reader: LogReader = SpoolReader(tmp_path, "pipeline", spool)
    for port, offered in ((LogWriter, writer), (LogReader, reader)):
        assert [name for name in vars(port) if not name.startswith("_") and not hasattr(type(offered), name)] == []
