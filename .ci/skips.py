"""Fails when a test was skipped for a reason that .ci/skips.txt does not list. Usage: skips.py REPORT.xml"""

import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path


def main(report: str) -> int:
    listed = [line for line in (Path(__file__).parent / "skips.txt").read_text().splitlines() if line and not line.startswith("#")]
    cases = ElementTree.parse(report).getroot().iter("testcase")
    skipped = [(f"{c.get('classname')}.{c.get('name')}", s.get("message") or "") for c in cases for s in c.iter("skipped")]
    unlisted = [(name, reason) for name, reason in skipped if not any(re.search(pattern, reason) for pattern in listed)]
    for name, reason in unlisted:
        print(f"skipped for a reason that is not listed: {name}: {reason}")
    print(f"{len(skipped)} skipped, {len(unlisted)} of them not listed")
    return 1 if unlisted else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
