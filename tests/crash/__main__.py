"""`python -m tests.crash --seeds 20`: the crash proof over many seeds, one JSON line each, then one with the sum.

`python -m tests.crash --mqtt`: the same with devices that speak MQTT. `python -m tests.crash --outage 60`: the database away under load, as JSON. Exit code 1 when a position is lost or doubled; what is
going on is said on the error output meanwhile.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence

from runtime.logs import configure
from tests.crash import mqtt, outage
from tests.crash.harness import Outcome, run


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--vehicles", type=int, default=500)
    parser.add_argument("--outage", type=float, metavar="SECONDS", help="stop the database for so long, once, instead of killing parts")
    parser.add_argument("--speed", type=int, default=10, help="positions a second and vehicle during an outage")
    parser.add_argument("--mqtt", action="store_true", help="devices over MQTT: door, broker, pipeline and PostgreSQL are killed")
    parser.add_argument("--workers", type=int, default=1, help="processes of the gateway")
    parser.add_argument("--partitions", type=int, default=1, help="readers of the pipeline")
    asked = parser.parse_args()
    configure("critical")
    if asked.outage is not None:
        found = outage.run(asked.outage, outage.Load(asked.vehicles, asked.speed), say)
        print(json.dumps(found.record(), indent=1), flush=True)
        return 0 if found.good else 1
    if asked.mqtt:
        return crashes(range(asked.first, asked.first + asked.seeds), lambda seed: mqtt.run(seed, asked.vehicles, say))
    return crashes(
        range(asked.first, asked.first + asked.seeds), lambda seed: run(seed, asked.vehicles, say, asked.workers, asked.partitions)
    )


def crashes(seeds: Sequence[int], one: Callable[[int], Outcome]) -> int:
    """Run the seeds one after the other; 0 when none lost or doubled a position."""
    began = time.monotonic()
    outcomes: list[Outcome] = []
    for seed in seeds:
        say(f"seed {seed}, {len(outcomes) + 1} of {len(seeds)}, {time.monotonic() - began:.0f} s gone")
        outcomes.append(one(seed))
        print(json.dumps(outcomes[-1].record()), flush=True)
    total = {
        "seeds": len(outcomes),
        "good": sum(outcome.good for outcome in outcomes),
        "bad": [outcome.seed for outcome in outcomes if not outcome.good],
        "kills": sum(len(outcome.killed) for outcome in outcomes),
        "acknowledged": sum(outcome.balance.acknowledged for outcome in outcomes),
        "missing": sum(outcome.balance.missing for outcome in outcomes),
        "doubles": sum(outcome.balance.doubles for outcome in outcomes),
        "seconds": round(time.monotonic() - began, 1),
    }
    print(json.dumps(total), flush=True)
    return 0 if not total["bad"] else 1


def say(text: str) -> None:
    """One line of progress on the error output."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
