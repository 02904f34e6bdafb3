#!/usr/bin/python3
"""Checks that every #include in src/ follows an arrow of the floor plan.

The table (cmake/arrows.txt) has one line per room, the same one the build links by:

    room : rooms it may use | external libraries

A file may include its own room, base/, and whatever can be reached from its room by arrows. Arrows go to the same
floor or downwards (base <- core <- io, unit <- app; io and unit do not know each other) and never in a circle.
Heavy library headers stay out of our headers, and core/ stays free of threads, files and sockets.
"""

import argparse
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

BELOW = {
    "base": {"base"},
    "core": {"base", "core"},
    "io": {"base", "core", "io"},
    "unit": {"base", "core", "unit"},
    "app": {"base", "core", "io", "unit", "app"},
}
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')
HEAVY = re.compile(r"^(grpc|grpcpp|google/protobuf|boost/asio|boost/beast|yaml-cpp|nlohmann|spdlog|toml\+\+|CLI)\b")
IMPURE = re.compile(r"^(thread|fstream|filesystem|(sys|netinet|arpa)/.*|(poll|unistd|fcntl)\.h|boost/(asio|beast).*)$")


@dataclass
class Table:
    arrows: dict = field(default_factory=dict)  # room -> rooms written on its line
    problems: list = field(default_factory=list)

    def reachable(self, room):
        """The room, base, and everything its arrows lead to."""
        seen, todo = {"base"}, [room]
        while todo:
            current = todo.pop()
            if current not in seen or current == room:
                seen.add(current)
                todo += [r for r in self.arrows.get(current, ()) if r not in seen]
        return seen


def floor_of(room):
    return room.split("/")[0]


def read_table(text, name="arrows.txt"):
    table = Table()
    for number, line in enumerate(text.splitlines(), 1):
        line = line.split("#")[0].strip()
        if not line:
            continue
        where = f"{name}:{number}"
        if ":" not in line:
            table.problems.append(f"{where}: expected \"room : rooms | libraries\", got \"{line}\"")
            continue
        room, rest = (part.strip() for part in line.split(":", 1))
        if floor_of(room) not in BELOW:
            table.problems.append(f"{where}: {room} is on no known floor")
            continue
        if room in table.arrows:
            table.problems.append(f"{where}: {room} is listed twice")
        table.arrows[room] = rest.split("|")[0].split()
        for target in table.arrows[room]:
            if floor_of(target) not in BELOW[floor_of(room)]:
                table.problems.append(f"{where}: {room} -> {target} goes against the floors")
    for room, targets in table.arrows.items():
        for target in targets:
            if target not in table.arrows:
                table.problems.append(f"{name}: {room} -> {target}, but {target} has no line of its own")
            elif target == room or room in table.reachable(target):
                table.problems.append(f"{name}: {room} -> {target} closes a circle")
    return table


def room_of(path, rooms):
    """The room a path from src/ lies in: the longest listed prefix, else its floor and first folder."""
    parts = path.split("/")[:-1]
    for length in range(len(parts), 0, -1):
        if "/".join(parts[:length]) in rooms:
            return "/".join(parts[:length])
    return "/".join(parts[:1] if parts and parts[0] == "base" else parts[:2])


def check_file(relative, text, table, allowed, problems, src):
    own = room_of(relative, table.arrows)
    is_header = relative.endswith(".h")
    is_test = re.search(r"(_(test|fuzz|bench)\.cc|/case_file\.h)$", relative)  # case_file.h reads tests/cases
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        ours, library = match.groups()
        where = f"{relative}:{number}"
        if library:
            if is_header and HEAVY.match(library):
                problems.append(f"{where}: heavy header <{library}> belongs in a .cc file")
            if own.startswith("core/") and not is_test and IMPURE.match(library):
                problems.append(f"{where}: <{library}> in core: threads, files and sockets live above it")
            continue
        if floor_of(ours) not in BELOW or "/" not in ours:
            if not ours.endswith(".pb.h") and (src / relative).parent.joinpath(ours).exists():
                problems.append(f"{where}: write includes from src/: \"{Path(relative).parent}/{ours}\"")
            continue
        target = room_of(ours, table.arrows)
        if target not in allowed:
            problems.append(f"{where}: {own} may not include {target} (\"{ours}\")")


def check(src, table_text, table_name="arrows.txt"):
    """All violations, as lines of text."""
    table = read_table(table_text, table_name)
    problems = list(table.problems)
    src = Path(src)
    unlisted = set()
    for path in sorted(p for p in src.rglob("*") if p.suffix in (".h", ".cc")):
        relative = path.relative_to(src).as_posix()
        room = room_of(relative, table.arrows)
        if room not in table.arrows and room not in unlisted:
            unlisted.add(room)
            problems.append(f"{relative}: room {room} is missing in {table_name}")
        check_file(relative, path.read_text(encoding="utf-8"), table, table.reachable(room), problems, src)
    return problems


def main():
    root = Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--src", default=root / "src", type=Path)
    parser.add_argument("--table", default=root / "cmake" / "arrows.txt", type=Path)
    options = parser.parse_args()
    problems = check(options.src, options.table.read_text(encoding="utf-8"), options.table.name)
    for problem in problems:
        print(problem)
    print(f"include arrows: {len(problems)} problem(s)")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
