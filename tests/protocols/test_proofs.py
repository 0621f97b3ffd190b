"""The long proofs, run short: see `tests.protocols.proofs`."""

from __future__ import annotations

from protocols.jt808.messages.registration import Registration
from protocols.jt808.profile import STANDARD
from tests.protocols.proofs import paths, survives, ways_of_speaking
from tests.protocols.test_kernels import JIT


def test_the_batch_path_equals_the_declarative_path_among_frames_of_every_message() -> None:
    report = paths(4_000 if JIT else 200, 2_026)
    assert report["taken_by_the_kernel"] > report["frames"] * 0.35
    assert report["kinds_left"] > (80 if JIT else 10)


def test_a_registration_survives_every_way_of_speaking() -> None:
    ways = ways_of_speaking()
    assert {"standard", "delimiter_e7", "utf-8", "UTC clock", "maker ids"} <= set(ways)
    assert ways["standard"].name == STANDARD.name
    for profile in ways.values():
        survives(Registration, "2013", profile, 20)
