#!/usr/bin/python3
"""Runs clang-tidy over src/**/*.cc in parallel and remembers what was clean.

Tests, fuzzers and benchmarks (*_test.cc, *_fuzz.cc, *_bench.cc, *_e2e.cc) are left out unless they are named: they
would double the time, and most of what is found in them comes out of GoogleTest's macros.

A file is checked again only if something that can change the verdict changed: clang-tidy itself, .clang-tidy, the
compile command, the file or any of its headers (known from the build's dependency log; a file that was not built is
checked every time). Verdicts hold for all presets and worktrees; they are kept in ~/.cache/dm-lint. Needs a built
tree: generated headers must exist.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

TIDY = "clang-tidy-16"
ROOT = Path(__file__).resolve().parent.parent
LEFT_OUT = ("_test.cc", "_fuzz.cc", "_bench.cc", "_e2e.cc")
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "dm-lint"


def clang_command(entry):
    """The compile command without what only g++ understands (launcher, warnings, precompiled header) and without
    what differs between presets (optimisation, debug information, NDEBUG): assertions are always looked at."""
    words = shlex.split(entry["command"])
    if "ccache" in words[0]:
        words = words[1:]
    kept, skip = [words[0]], False
    for word, following in zip(words[1:], words[2:] + [""]):
        if skip:
            skip = False
        elif word == "-include" and following.endswith("cmake_pch.hxx"):
            skip = True
        elif not re.match(r"-W(?!p,|l,|a,)|-fno-sanitize|-fsanitize|-O[0-3sgz]?$|-g\d?$|-DNDEBUG$", word):
            kept.append(word)
    return kept


def read_dependencies(build):
    """Object file -> files it was made from, out of ninja's log."""
    text = subprocess.run(["ninja", "-C", build, "-t", "deps"], capture_output=True, text=True, check=True).stdout
    found, current = {}, None
    for line in text.splitlines():
        if line.startswith("    "):
            current.append(line.strip())
        elif ": #deps" in line:
            current = found.setdefault(line.split(": #deps")[0], [])
    return found


class Fingerprint:
    """Hashes of files: contents for the project's own, size and time for the system's."""

    def __init__(self, build):
        self.build = build
        self.known = {}
        version = subprocess.run([TIDY, "--version"], capture_output=True, text=True, check=True).stdout
        self.common = version + (ROOT / ".clang-tidy").read_text(encoding="utf-8")

    def nowhere(self, text):
        return text.replace(str(self.build), "").replace(str(ROOT), "")

    def of_file(self, name):
        path = (self.build / name).resolve()
        if path not in self.known:
            try:
                if path.is_relative_to(ROOT):
                    # Only a digest of contents: not the path, so that worktrees share verdicts.
                    self.known[path] = hashlib.sha256(path.read_bytes()).hexdigest()
                else:
                    status = path.stat()
                    self.known[path] = f"{path} {status.st_size} {status.st_mtime_ns}"
            except OSError:
                self.known[path] = f"{path} absent"
        return self.known[path]

    def of_unit(self, source, command, dependencies):
        digest = hashlib.sha256(self.common.encode())
        digest.update(self.nowhere(" ".join(command)).encode())
        # Files go by their place in the source or build tree. Passed over: precompiled headers, and the parts of the C
        # library's headers of which optimisation pulls in more.
        for name in sorted({str(source), *dependencies}, key=self.nowhere):
            if not name.endswith(".gch") and not re.match(r"/usr/include/[^/]+/bits/", name):
                digest.update(f"{self.nowhere(name)} {self.of_file(name)}\n".encode())
        return digest.hexdigest()


def check(source, database):
    started = time.monotonic()
    done = subprocess.run(
        [TIDY, "--quiet", "-p", database, source], capture_output=True, text=True, cwd=ROOT, check=False)
    noise = re.compile(r"^(\d+ warnings? generated|Suppressed|Use -header-filter|\d+ warnings? treated as errors)")
    text = "\n".join(l for l in (done.stdout + done.stderr).splitlines() if l and not noise.match(l))
    return done.returncode, text.replace(f"{ROOT}/", ""), time.monotonic() - started


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "release")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("files", nargs="*", help="only these sources (default: all of src/ but tests)")
    options = parser.parse_args()

    build = options.build.resolve()
    wanted = {str(Path(name).resolve()) for name in options.files}
    dependencies = read_dependencies(build)
    fingerprint = Fingerprint(build)
    database, todo, total = [], [], 0
    for entry in json.loads((build / "compile_commands.json").read_text(encoding="utf-8")):
        source = Path(entry["file"])
        if not source.is_relative_to(ROOT / "src"):
            continue
        if str(source) not in wanted if wanted else source.name.endswith(LEFT_OUT):
            continue
        total += 1
        command = clang_command(entry)
        database.append({"directory": entry["directory"], "file": entry["file"], "arguments": command})
        known = dependencies.get(entry.get("output") or command[command.index("-o") + 1])
        mark = CACHE / fingerprint.of_unit(source, command, known) if known else None
        if not (mark and mark.exists()):
            todo.append((source, mark))
    if wanted and total < len(wanted):
        print("clang-tidy: some of the files named are not part of the build")
        return 2

    folder = build / "tidy"
    folder.mkdir(exist_ok=True)
    (folder / "compile_commands.json").write_text(json.dumps(database), encoding="utf-8")
    CACHE.mkdir(parents=True, exist_ok=True)
    failed, started = 0, time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(max_workers=options.jobs) as pool:
        running = {pool.submit(check, source, folder): (source, mark) for source, mark in todo}
        for future in concurrent.futures.as_completed(running):
            source, mark = running[future]
            status, text, seconds = future.result()
            print(f"{'FAIL' if status else 'ok  '} {seconds:5.1f} s  {source.relative_to(ROOT)}", flush=True)
            if status:
                failed += 1
                print(text, flush=True)
            elif mark:
                mark.touch()
    print(f"clang-tidy: {total} files, {total - len(todo)} known to be clean, {failed} with problems, "
          f"{time.monotonic() - started:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
