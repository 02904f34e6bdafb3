#!/usr/bin/python3
"""Prints one line that counts the tests of a run, from the JUnit files of ctest and pytest in a folder.

Ends with status 1 if a test failed or was skipped: a test that did not run has proved nothing.
"""

import sys
import xml.etree.ElementTree as ET
from pathlib import Path


def count(path):
    root = ET.parse(path).getroot()
    suites = root.iter("testsuite")
    totals = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0, "disabled": 0}
    for suite in suites:
        for key in totals:
            totals[key] += int(suite.get(key, 0))
    failed = totals["failures"] + totals["errors"]
    skipped = totals["skipped"] + totals["disabled"]
    return totals["tests"] - failed - skipped, failed, skipped


def main():
    parts, sums = [], [0, 0, 0]
    for path in sorted(Path(sys.argv[1]).glob("*.xml")):
        counts = count(path)
        sums = [a + b for a, b in zip(sums, counts)]
        parts.append(f"{path.stem} {counts[0]}/{sum(counts)}")
    print(f"{sums[0]} passed, {sums[1]} failed, {sums[2]} skipped ({', '.join(parts)})")
    return 1 if sums[1] or sums[2] or not sums[0] else 0


if __name__ == "__main__":
    sys.exit(main())
