"""Proofs too long for a test run: the paths of a position agree on a million frames, and every message survives its round trip.

    python -m tests.protocols.proofs paths [--frames 1000000] [--seed 808]
    python -m tests.protocols.proofs round-trip [--examples 300]
    python -m tests.protocols.proofs platforms [--examples 300]

`paths`: generated frames of 0x0200 and 0x0704 in all editions with standard and other items, and spoiled frames of every other message
among them. What the kernel takes must be clean for the definitions and give the same row as theirs; nothing may raise. `round-trip`:
hypothesis examples of every message in every edition under every way of speaking that a profile can choose. `platforms`: the same for the
messages of JT/T 809, clear and ciphered. Exit code 1 at a difference.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, given, reject, settings
from hypothesis import strategies as st

from benchmarks.fuzz import corpus, spoil
from domain.errors import RefusedError
from ingest.steps.wire_row import wire_row
from protocols.fields import V2019
from protocols.jt808.codec import encode, examine
from protocols.jt808.kernels.rows import OK
from protocols.jt808.messages.location import Location, LocationBatch
from protocols.jt808.profile import PROFILES, STANDARD, Profile
from protocols.kinds.alarm_id import FORMS, AlarmIdentifier
from tests.protocols.strategies_jt809 import CASES_809
from tests.protocols.test_jt809 import survives as survives_809
from tests.protocols.test_kernels import compare, decode_all, mutants
from tests.protocols.wire_strategies import CASES, of_class

_AT_ONCE = 20_000
_HARD_ONE_IN = 5
_SAME = ("t_ms", "lat_e6", "lon_e6", "alarm_bits", "status_bits", "altitude_m", "speed_kmh10", "heading_deg", "odometer_01km", "fuel_l10",
         "recorder_kmh10", "satellites", "present", "other_items")  # fmt: skip


def mixed(count: int, seed: int) -> Iterator[bytes]:
    """Frames of positions, every fifth place a spoiled frame of any message."""
    chance, seeds = random.Random(seed), corpus()
    positions = mutants(count, seed)
    for number in range(count):
        yield spoil(chance.choice(seeds), chance) if number % _HARD_ONE_IN == 0 else next(positions)


def same_rows(frame: bytes, fixes: Any) -> None:
    """The row that the definitions give for each fix is the kernel's."""
    message = examine(frame).message
    locations = message.locations if isinstance(message, LocationBatch) else (message,)
    for location, fix in zip(locations, fixes, strict=True):
        assert isinstance(location, Location)
        row = wire_row(location)[0]
        assert [row[name] for name in _SAME] == [fix[name] for name in _SAME], frame.hex()


def paths(frames: int, seed: int) -> dict[str, Any]:
    """Compare so many frames; AssertionError with the frame at the first difference."""
    taken, messages, began = 0, Counter[str](), time.process_time()
    for first in range(0, frames, _AT_ONCE):
        some = [frame for frame in mixed(min(_AT_ONCE, frames - first), seed + first) if frame.strip(b"\x7e").count(0x7E) == 0]
        decoded = decode_all(some)
        starts = np.searchsorted(decoded.fixes["frame"], np.arange(len(some) + 1))
        for i, frame in enumerate(some):
            fixes = decoded.fixes[starts[i] : starts[i + 1]]
            if decoded.frames[i]["verdict"] == OK:
                compare(frame, decoded.frames[i], fixes, decoded.scratch)
                same_rows(frame, fixes)
                taken += 1
            else:
                messages[type(examine(frame).message).__name__] += 1
        print(f"\r{first + len(some):>9,} of {frames:,} frames", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return {
        "frames": frames, "seed": seed, "taken_by_the_kernel": taken, "differences": 0, "left_to_the_definitions": dict(messages.most_common(12)),
        "kinds_left": len(messages), "cpu_s": round(time.process_time() - began, 1),
    }  # fmt: skip


def ways_of_speaking() -> dict[str, Profile]:
    """Shipped profiles that write bodies unlike each other, and one for each setting that none of them chooses."""
    asked = {**PROFILES, **{f"alarm_id {form}": replace(STANDARD, alarm_id=form) for form in FORMS}}
    asked |= {
        "utf-8": replace(STANDARD, charset="utf-8"), "UTC clock": replace(STANDARD, utc_offset_min=0),
        "maker ids": replace(STANDARD, maker_id_0107=5, maker_id_8108=11),
    }  # fmt: skip
    unlike: dict[Any, str] = {}
    for name, one in asked.items():
        spoken = (one.charset, one.utc_offset_min, one.alarm_id, one.maker_id_0107, one.maker_id_8108, one.delimiter, one.id_form)
        unlike.setdefault(spoken, name)
    return {name: replace(asked[name], fixed_tail=False) for name in unlike.values()}  # such a tail is no way to write


def fitted(message: Any, profile: Profile) -> Any:
    """The message with an alarm identifier as long as the profile's."""
    if not isinstance(identifier := getattr(message, "identifier", None), AlarmIdentifier):
        return message
    form = FORMS[profile.alarm_id]
    said = replace(message, identifier=replace(identifier, reserved=bytes(form.reserved)))
    return said if form.separate or not hasattr(said, "terminal_code") else replace(said, terminal_code="")


def survives(cls: type, version: str, profile: Profile, examples: int) -> None:
    """AssertionError with the least example that does not."""

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
    @given(data=st.data())
    def one(data: Any) -> None:
        message = fitted(data.draw(of_class(cls, version)), profile)
        try:
            frame = encode(message, terminal_id="13912344329", serial=7, version=version, profile=profile)
        except RefusedError as refused:
            if "outside the years" in str(refused) or (profile.charset != "gbk" and " bytes where at most" in str(refused)):
                reject()  # clocks are drawn for +08:00, words for GBK
            raise
        assert examine(frame, profile).message == message

    one()


def round_trip(examples: int) -> dict[str, Any]:
    """Every message, edition and way of speaking."""
    began, failed, ways, done = time.process_time(), [], ways_of_speaking(), 0
    for number, (cls, version) in enumerate(CASES):
        for name, profile in ways.items():
            if profile.delimiter == "e7" and version == V2019:
                continue  # its header knows one edition
            done += examples
            try:
                survives(cls, version, profile, examples)
            except Exception as error:
                failed.append(f"{cls.__name__} {version} {name}: {error!r:.200}")
        print(f"\r{number + 1:>4} of {len(CASES)}, {len(failed)} failed", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return {
        "cases": len(CASES), "ways_of_speaking": list(ways), "examples_each": examples, "examples": done,
        "failed": failed, "cpu_s": round(time.process_time() - began, 1),
    }  # fmt: skip


def platforms(examples: int) -> dict[str, Any]:
    """Every message of JT/T 809 in every edition that has it."""
    began, failed = time.process_time(), []
    for cls, version in CASES_809:
        try:
            survives_as_platform(cls, version, examples)
        except Exception as error:
            failed.append(f"{cls.__name__} {version}: {error!r:.200}")
    cpu_s = round(time.process_time() - began, 1)
    return {"cases": len(CASES_809), "examples_each": examples, "failed": failed, "cpu_s": cpu_s}


def survives_as_platform(cls: type, version: str, examples: int) -> None:
    """One message of JT/T 809 in one edition."""

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(message=of_class(cls, version))
    def prove(message: Any) -> None:
        survives_809(cls, version, message)

    prove()


def main() -> None:
    """Read the arguments, prove, print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["paths", "round-trip", "platforms"])
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=808)
    parser.add_argument("--examples", type=int, default=300)
    asked = parser.parse_args()
    proofs = {"round-trip": round_trip, "platforms": platforms}
    report = paths(asked.frames, asked.seed) if asked.what == "paths" else proofs[asked.what](asked.examples)
    print(json.dumps(report, indent=1, ensure_ascii=False))
    raise SystemExit(1 if report.get("failed") else 0)


if __name__ == "__main__":
    main()
