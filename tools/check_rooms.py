#!/usr/bin/python3
"""Checks the tree's budgets: every room has a README of at most 30 lines, files stay within their size.

A file may be longer if tools/size_exceptions.txt names it with a reason ("path : reason").
"""

import subprocess
import sys
from pathlib import Path

README_LINES = 30
FLOORS_WITH_ROOMS = ("core", "io", "unit", "app")
BUDGETS = ((".h", 200), ("_test.cc", 600), (".cc", 500), (".py", 500), (".sh", 200))


def rooms(src):
    found = [src / "base"] if (src / "base").is_dir() else []
    for floor in FLOORS_WITH_ROOMS:
        if (src / floor).is_dir():
            found += sorted(p for p in (src / floor).iterdir() if p.is_dir())
    return found


def check_readmes(src):
    for room in rooms(src):
        readme = room / "README.md"
        if not readme.is_file():
            yield f"{room.relative_to(src.parent)}: no README.md"
        elif (lines := len(readme.read_text(encoding="utf-8").splitlines())) > README_LINES:
            yield f"{readme.relative_to(src.parent)}: {lines} lines, at most {README_LINES}"


def read_exceptions(path):
    exceptions = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        name, _, reason = line.partition(":")
        if name.strip() and not line.startswith("#"):
            exceptions[name.strip()] = reason.strip()
    return exceptions


def check_sizes(root, names, exceptions):
    for name in names:
        budget = next((limit for suffix, limit in BUDGETS if name.endswith(suffix)), None)
        if budget is None or not (root / name).is_file():
            continue
        lines = len((root / name).read_text(encoding="utf-8").splitlines())
        if lines > budget and not exceptions.get(name):
            yield f"{name}: {lines} lines, budget {budget}: split it, or give a reason in tools/size_exceptions.txt"
    for name in exceptions:
        if name not in names:
            yield f"tools/size_exceptions.txt: {name} does not exist"


def main():
    root = Path(__file__).resolve().parent.parent
    listed = subprocess.run(
        ["git", "-C", root, "ls-files", "--cached", "--others", "--exclude-standard"],
        check=True, capture_output=True, text=True).stdout.split("\n")
    problems = list(check_readmes(root / "src"))
    problems += check_sizes(root, [n for n in listed if n], read_exceptions(root / "tools" / "size_exceptions.txt"))
    for problem in problems:
        print(problem)
    print(f"rooms and sizes: {len(problems)} problem(s)")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
