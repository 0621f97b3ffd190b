"""Every kernel has a slow twin and a test that compares them on generated cases; the register is literal."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILES = ("tracking/kernels/*.py", "protocols/jt808/kernels/*.py", "protocols/jt808/batch.py", "ingest/log/record.py", "ingest/gateway/*.py")
COMPILED = ("njit", "lean", "inner", "uncounted")

TRACKING, NETWORK = "tests/tracking/test_kernels_", "tests/tracking/network/"
LIVE = "tests/tracking/test_live_kernels.py"
EPISODES = ("tests/tracking/test_kernels_episodes.py",)
WIRE, LOG = ("tests/protocols/test_kernels.py", "tests/protocols/test_kernels_rows.py"), ("tests/ingest/log/test_record.py",)
TWINS = {
    "tracking/kernels/answer.py": ("tests/tracking/naive_route.py", (f"{TRACKING}answer.py",)),
    "tracking/kernels/areas.py": ("tests/tracking/naive_areas.py", (f"{TRACKING}areas.py",)),
    "tracking/kernels/bits.py": ("tests/tracking/naive_bits.py", EPISODES),
    "tracking/kernels/cells.py": ("tests/tracking/naive_network.py", (f"{NETWORK}test_kernels.py",)),
    "tracking/kernels/cleaning.py": ("tests/tracking/naive_spells.py", (f"{TRACKING}cleaning.py",)),
    "tracking/kernels/clock.py": ("tests/tracking/naive_clock.py", EPISODES),
    "tracking/kernels/contract.py": ("tests/tracking/naive_network.py", (f"{NETWORK}test_kernels.py",)),
    "tracking/kernels/corridor.py": ("tests/tracking/naive_corridor.py", (f"{TRACKING}corridor.py",)),
    "tracking/kernels/costs.py": ("tests/tracking/naive_lattice.py", (f"{TRACKING}lattice.py",)),
    "tracking/kernels/detours.py": ("tests/tracking/naive_lattice.py", (f"{TRACKING}lattice.py",)),
    "tracking/kernels/drift.py": ("tests/tracking/naive_spells.py", (f"{TRACKING}spells.py",)),
    "tracking/kernels/driving.py": ("tests/tracking/naive_driving.py", EPISODES),
    "tracking/kernels/edges.py": ("tests/tracking/naive_overspeed.py", EPISODES),
    "tracking/kernels/ends.py": ("tests/tracking/naive_ends.py", (f"{TRACKING}ends.py",)),
    "tracking/kernels/geodesy.py": ("tests/tracking/naive_geodesy.py", (f"{TRACKING}geodesy.py",)),
    "tracking/kernels/grid.py": ("tests/tracking/naive_search.py", (f"{TRACKING}grid.py",)),
    "tracking/kernels/lattice.py": ("tests/tracking/naive_lattice.py", (f"{TRACKING}lattice.py",)),
    "tracking/kernels/legs.py": ("tests/tracking/naive_legs.py", (f"{TRACKING}legs.py",)),
    "tracking/kernels/live_cleaning.py": ("tests/tracking/naive_live.py", (LIVE,)),
    "tracking/kernels/live_window.py": ("tests/tracking/naive_live.py", (LIVE, "tests/tracking/test_live_matching.py")),
    "tracking/kernels/needles.py": ("tests/tracking/naive_spells.py", (f"{TRACKING}needles.py",)),
    "tracking/kernels/outline.py": ("tests/tracking/naive_route.py", (f"{TRACKING}route.py",)),
    "tracking/kernels/overspeed.py": ("tests/tracking/naive_overspeed.py", EPISODES),
    "tracking/kernels/paths.py": ("tests/tracking/naive_search.py", (f"{TRACKING}search.py",)),
    "tracking/kernels/pieces.py": ("tests/tracking/naive_driving.py", EPISODES),
    "tracking/kernels/placing.py": ("tests/tracking/naive_route.py", (f"{TRACKING}route.py",)),
    "tracking/kernels/posterior.py": ("tests/tracking/naive_lattice.py", (f"{TRACKING}lattice.py",)),
    "tracking/kernels/prior.py": ("tests/tracking/naive_prior.py", (f"{TRACKING}prior.py", f"{TRACKING}cleaning.py")),
    "tracking/kernels/route.py": ("tests/tracking/naive_route.py", (f"{TRACKING}route.py",)),
    "tracking/kernels/silences.py": ("tests/tracking/naive_silences.py", EPISODES),
    "tracking/kernels/spells.py": ("tests/tracking/naive_spells.py", (f"{TRACKING}spells.py", f"{TRACKING}legs.py")),
    "tracking/kernels/travel.py": ("tests/tracking/naive_travel.py", (f"{NETWORK}test_matrix.py",)),
    "tracking/kernels/ways.py": ("tests/tracking/naive_lattice.py", (f"{TRACKING}lattice.py",)),
    "tracking/kernels/windows.py": ("tests/tracking/naive_windows.py", EPISODES),
    "protocols/jt808/batch.py": ("protocols/jt808/codec.py", WIRE),
    "protocols/jt808/kernels/fixes.py": ("protocols/jt808/messages/location.py", WIRE),
    "protocols/jt808/kernels/frames.py": ("protocols/jt808/framing.py", WIRE),
    "protocols/jt808/kernels/replies.py": ("protocols/jt808/codec.py", WIRE),
    "protocols/jt808/kernels/words.py": ("protocols/jt808/framing.py", WIRE),
    "ingest/log/record.py": ("tests/ingest/log/test_record.py", LOG),
}
"""File of kernels: where its twin stands (for the wire the declarative path; for the log zlib and struct), and the tests."""

THROUGH = {
    "lattice.step": "forward",
    "ways.off_road": "forward", "ways.near_ways": "forward", "ways.far_ways": "forward", "ways.doubtful": "forward",
    "ways.ways_over": "forward", "ways.jump": "forward",
    "ways.offer": "forward", "ways.pair": "forward", "detours.unexplained": "forward", "detours.detours": "forward",
    "drift.consistent_runs": "mark_drift", "drift.jump": "mark_drift", "spells.apart": "mark_still", "corridor.box_distance": "within",
    "fixes.items": "decode_frames", "fixes.understood": "decode_frames", "fixes.judge": "decode_frames", "fixes.decode": "decode_frames",
    "frames.non_bcd": "decode_frames", "frames.read_header": "decode_frames", "record.check": "scan",
    "posterior.judge": "posterior", "route.leg_parts": "trace", "ends.draw_in": "match",
    "live_cleaning.distance": "receive", "live_window.best_tip": "settle", "live_window.overdue": "settle", "live_window.lead": "LiveMatcher",
    "overspeed.speeding": "naive_overspeed", "driving.wheel_time": "naive_driving",
    "driving.metres": "naive_driving", "driving.leg": "naive_driving", "driving.place_fix": "naive_driving", "pieces.wheel_pieces": "pieces_of", "windows.wheel_windows": "naive_windows", "bits.bit_runs": "naive_bits", "silences.silences": "naive_silences",
}  # fmt: skip
"""Kernels whose twin is compared through the kernel that calls them."""

WITHOUT = {
    "ingest/gateway/turn.py": "compared with the protocol door, bytes and log alike: tests/ingest/gateway/test_equal_doors.py",
    "ingest/gateway/drain.py": "system calls: compared with the protocol door in tests/ingest/gateway/test_equal_doors.py",
    "tracking/kernels/live.py": "twin is batch matching: tests/tracking/test_live_matching.py",
}
"""Files of kernels without a twin of their own, and what stands in."""


def _compiled(decorator: ast.expr) -> bool:
    named = decorator.func if isinstance(decorator, ast.Call) else decorator
    return getattr(named, "id", "") in COMPILED


def kernels() -> dict[str, list[str]]:
    """Public kernels of each file that has some."""
    found = {}
    for path in sorted(path for pattern in FILES for path in ROOT.glob(pattern)):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef) and any(map(_compiled, node.decorator_list))]
        if names:
            found[str(path.relative_to(ROOT))] = [name for name in names if not name.startswith("_")]
    return found


def test_every_file_of_kernels_is_in_the_register() -> None:
    assert set(TWINS) | set(WITHOUT) == set(kernels())
    assert not set(TWINS) & set(WITHOUT)


def test_twins_exist_and_are_compared_on_generated_cases() -> None:
    for twin, tests in TWINS.values():
        assert (ROOT / twin).exists(), twin
        texts = [(ROOT / test).read_text(encoding="utf-8") for test in tests]
        assert any("@given(" in text for text in texts), tests
        if "/naive_" in twin:
            assert any(Path(twin).stem in text for text in texts), (twin, tests)


def test_every_public_kernel_is_called_by_its_test() -> None:
    uncalled = []
    for file, names in kernels().items():
        if file in WITHOUT:
            continue
        text = "\n".join((ROOT / test).read_text(encoding="utf-8") for test in TWINS[file][1])
        for name in names:
            called = THROUGH.get(f"{Path(file).stem}.{name}", name)
            if not re.search(rf"\b{called}\b", text):
                uncalled.append(f"{file}: {name}")
    assert uncalled == []


def test_the_register_of_kernels_tested_through_others_is_not_stale() -> None:
    there = {f"{Path(file).stem}.{name}" for file, names in kernels().items() for name in names}
    assert set(THROUGH) <= there
