"""`python -m tests.crash --seeds 20`: the crash proof over many seeds, one JSON line each; exit code 1 when a position is lost."""

from __future__ import annotations

import argparse
import json
import sys

from tests.crash.harness import run


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--vehicles", type=int, default=500)
    asked = parser.parse_args()
    good = 0
    for seed in range(asked.first, asked.first + asked.seeds):
        outcome = run(seed, asked.vehicles)
        good += outcome.good
        print(json.dumps(outcome.record()), flush=True)
    print(f"{good} of {asked.seeds} runs lost nothing and doubled nothing")
    return 0 if good == asked.seeds else 1


if __name__ == "__main__":
    sys.exit(main())
