"""Nothing that was reported durable is ever lost: power cuts, torn tails, kill -9, broken disks."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from random import Random

import numpy as np
import pytest

from domain.errors import StoreError
from ingest.log.files import OS_FILES
from ingest.log.record import FRAME, HEADER, MAX_PAYLOAD, append
from ingest.log.segments import SEGMENT_HEADER
from ingest.log.spool import SpoolReader
from ingest.settings import LogSettings
from tests.ingest.log.faults import FaultyFiles
from tests.ingest.log.spools import KIB, last_segment, open_writer, payloads_of, read_all, settings_of, write_groups

SEEDS = 150


async def _write_until_the_cut(spool: LogSettings, files: FaultyFiles, rng: Random, first: int) -> tuple[list[bytes], int]:
    """Payloads whose group was reported durable, and the number of payloads appended."""
    groups: dict[int, list[bytes]] = {}
    durable: list[int] = []
    dead: list[BaseException] = []
    count = first
    try:
        writer = open_writer(spool, files=files)
    except OSError:
        return [], first
    assert not writer.read_only
    writer.start(asyncio.get_running_loop(), durable.append, dead.append)
    for _ in range(60):
        for _ in range(rng.randrange(1, 5)):
            payload = b"%06d" % count + bytes([count % 255 + 1]) * rng.randrange(1, 1_500)
            number = writer.append(FRAME, 1, 1, payload, received_us=count)
            if number is None:
                break
            groups.setdefault(number, []).append(payload)
            count += 1
        await asyncio.sleep(0.0005 if rng.random() < 0.5 else 0)
        if dead:
            break
    try:
        await writer.aclose()
    except StoreError:
        assert dead
    return [payload for number in durable for payload in groups[number]], count


@pytest.mark.parametrize("seed", range(SEEDS))
def test_durable_groups_survive_repeated_power_cuts(tmp_path, seed):
    rng = Random(seed)
    spool = settings_of(tmp_path, segment_mib=6 * KIB)
    kept: list[bytes] = []
    count = 0
    for _ in range(3):
        files = FaultyFiles(rng, cut_at=rng.randrange(1, 90))
        appended = count
        acknowledged, count = asyncio.run(_write_until_the_cut(spool, files, rng, count))
        files.power_cut()
        writer = open_writer(spool)
        assert not writer.read_only
        asyncio.run(writer.aclose())
        found = read_all(spool)[0]
        survivors = found[len(kept) :]
        assert found[: len(kept)] == kept
        assert survivors[: len(acknowledged)] == acknowledged
        assert [int(payload[:6]) for payload in survivors] == list(range(appended, appended + len(survivors)))
        kept = found
        count = appended + len(survivors)


@pytest.mark.parametrize("fail_at", [3, 5, 9])
def test_failing_sync_ends_acknowledgements_for_good(tmp_path, fail_at):
    spool = settings_of(tmp_path)
    files = FaultyFiles(Random(1), fail_sync_at=fail_at)

    async def run() -> tuple[list[int], list[BaseException]]:
        durable: list[int] = []
        dead: list[BaseException] = []
        writer = open_writer(spool, files=files)
        writer.start(asyncio.get_running_loop(), durable.append, dead.append)
        numbers = []
        for n in range(20):
            number = writer.append(FRAME, 1, 1, b"%02d" % n, received_us=n)
            if number is None:
                break
            numbers.append(number)
            await asyncio.sleep(0.005)
        assert not writer.taking
        assert writer.append(FRAME, 1, 1, b"late", received_us=99) is None
        writer.close_turn(writer.group().used + 10)
        await asyncio.sleep(0.02)
        with pytest.raises(StoreError, match="fdatasync failed"):
            await writer.aclose()
        assert files.syncs == fail_at
        assert len(durable) < len(numbers)
        return durable, dead

    durable, dead = asyncio.run(run())
    assert len(dead) == 1
    assert isinstance(dead[0], OSError)
    files.power_cut()
    asyncio.run(open_writer(spool).aclose())
    assert read_all(spool)[0][: len(durable)] == [b"%02d" % n for n in range(len(durable))]


def test_cut_at_every_byte_of_the_last_group_loses_only_that_group(tmp_path):
    groups = [[b"first-%d" % n for n in range(4)], [b"second-%d" % n * 3 for n in range(4)]]
    spool = settings_of(tmp_path, segment_mib=4 * KIB)
    write_groups(spool, groups[:1])
    base = sum(HEADER + len(payload) for payload in groups[0])
    write_groups(spool, groups[1:])
    segment, mark = last_segment(spool), tmp_path / "0" / "durable"
    whole = segment.read_bytes()
    size = sum(HEADER + len(payload) for payload in groups[1])
    for cut in range(size):
        for tail in (b"", b"\0" * 100, b"\xff" * 100):
            segment.write_bytes(whole[: SEGMENT_HEADER + base + cut] + tail)
            mark.write_bytes(base.to_bytes(8, "little"))
            writer = open_writer(spool)
            assert not writer.read_only
            asyncio.run(writer.aclose())
            found = read_all(spool)[0]
            assert found[:4] == groups[0]
            assert found[4:] == groups[1][: len(found) - 4]
            assert sum(HEADER + len(payload) for payload in found[4:]) <= cut


@pytest.mark.parametrize("seed", range(20))
def test_what_readers_saw_after_a_kill_survives_a_power_cut(tmp_path, seed):
    rng = Random(seed)
    spool = settings_of(tmp_path)
    write_groups(spool, [[b"a" * 50]])
    files = FaultyFiles(rng)
    fd = files.open(last_segment(spool))
    # A process that was killed between write and fdatasync leaves its bytes in the page cache only.
    records, used = np.zeros(4_000, np.uint8), 0
    for n in range(20):
        used = append(records, used, n, np.uint64(1), FRAME, 1, 0, 0, used, np.full(100, 65 + n, np.uint8), 0, 100, 0)
    files.write(fd, records[:used].data, SEGMENT_HEADER + HEADER + 50)
    files.close(fd)
    writer = open_writer(spool, files=files)
    seen = read_all(spool)[0]
    assert len(seen) == 21
    asyncio.run(writer.aclose())
    files.power_cut()
    asyncio.run(open_writer(spool).aclose())
    assert read_all(spool)[0] == seen


def test_stale_bytes_behind_a_cut_tail_never_come_back(tmp_path):
    spool = settings_of(tmp_path)
    write_groups(spool, [[b"a" * 50]])
    write_groups(spool, [[b"b" * 50, b"c" * 50, b"d" * 50]])
    segment = last_segment(spool)
    raw = bytearray(segment.read_bytes())
    raw[SEGMENT_HEADER + 82 + 40] ^= 1
    segment.write_bytes(raw)
    (tmp_path / "0" / "durable").write_bytes((82).to_bytes(8, "little"))
    # The second group was one write, so its records say that only the first 82 bytes were durable: a torn tail.
    write_groups(spool, [[b"e" * 50]])
    write_groups(spool, [])
    assert read_all(spool)[0] == [b"a" * 50, b"e" * 50]


WRITER = """
import asyncio, sys
from pathlib import Path
from ingest.log.spool import SpoolWriter
from ingest.settings import LogSettings

async def main(folder):
    writer = SpoolWriter(folder, 0, LogSettings(path=folder, commit_interval_ms=0, segment_mib=1, min_free_gib=0))
    writer.open()
    groups = {}
    def durable(number):
        for payload in groups.pop(number):
            sys.stdout.write(payload + "\\n")
        sys.stdout.flush()
    writer.start(asyncio.get_running_loop(), durable, print)
    for n in range(10**9):
        payload = f"{n:08d}" + "x" * (n % 700)
        number = writer.append(0, 1, 1, payload.encode(), received_us=n)
        if number is None:
            await asyncio.sleep(0.001)
            continue
        groups.setdefault(number, []).append(payload[:8])
        if n % 20 == 0:
            await asyncio.sleep(0)

asyncio.run(main(Path(sys.argv[1])))
"""


def _start_writer(folder: Path) -> subprocess.Popen[str]:
    root = Path(__file__).parents[3]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    return subprocess.Popen([sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE, text=True, env=environment)


def test_killed_writer_loses_nothing_it_reported_and_readers_elsewhere_see_only_durable_records(tmp_path):
    spool = settings_of(tmp_path)
    reader = SpoolReader(tmp_path, "pipeline", spool)
    offsets: dict[str, int] = {}
    for kills, lines in enumerate((400, 3_000, 900)):
        process = _start_writer(tmp_path)
        assert process.stdout is not None
        reported = [process.stdout.readline().strip() for _ in range(lines)]
        while_alive = reader.read(offsets, 100_000, 1_500 if kills == 0 else 0)
        process.send_signal(signal.SIGKILL)
        reported += [line.strip() for line in process.communicate()[0].splitlines(keepends=True) if line.endswith("\n")]
        seen = payloads_of(while_alive)
        assert len(seen) >= lines
        writer = open_writer(spool)
        assert not writer.read_only
        asyncio.run(writer.aclose())
        rest = read_all(spool, after=while_alive.next)
        found = [payload[:8].decode() for payload in seen + rest[0]]
        assert found[: len(reported)] == reported
        assert found == [f"{n:08d}" for n in range(len(found))]
        offsets = rest[1]
    reader.close()


def test_longest_record_reads_back(tmp_path):
    spool = settings_of(tmp_path)
    written = [b"z" * MAX_PAYLOAD, b"a", b"y" * (MAX_PAYLOAD - 1)]
    write_groups(spool, [written])
    assert read_all(spool, limit_rows=2)[0] == written
    assert OS_FILES.free_bytes(tmp_path) > 0
