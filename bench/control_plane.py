#!/usr/bin/env python3
"""How fast the control plane is with many sources: leader start, list-member and query-status, on either store.

Prints a table and writes control_plane.csv into the output folder. The figures are the best of a few runs of
app_main_bench (records written beforehand, workers that only answer), and of dmctl against the same master.
"""

import argparse
import csv
import subprocess
import tempfile
import time
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]
_COMMANDS = {"dmctl list-member": ["list-member"], "dmctl query-status": ["query-status"],
             "dmctl query-status --more": ["query-status", "--more"],
             "dmctl query-status -s": ["query-status", "-s", "mysql-0000"]}


def best(work, times=3):
    taken = []
    for _ in range(times):
        began = time.monotonic()
        work()
        taken.append(time.monotonic() - began)
    return min(taken)


def measure(programs, store, sources, subtasks, folder):
    """Figures by name; seconds unless the name says otherwise."""
    command = [programs / "bench" / "app_main_bench", "--store", store, "--sources", str(sources), "--subtasks",
               str(subtasks), "--folder", str(folder), "--hold"]
    figures = {}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as bench:
        for line in bench.stdout:
            name, _, value = line.strip().rpartition(",")
            if name == "master":
                for what, words in _COMMANDS.items():
                    dmctl = [programs / "dmctl", "--master-addr", value, *words]
                    figures[what] = best(lambda d=dmctl: subprocess.run(d, check=True, stdout=subprocess.DEVNULL))
                break
            figures[name] = float(value)
        bench.stdin.close()
        assert bench.wait(60) == 0, f"the bench on {store} failed"
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=Path, default=_ROOT / "build" / "release" / "bin")
    parser.add_argument("--out", type=Path, default=_ROOT / "build" / "bench")
    parser.add_argument("--sources", type=int, default=1000)
    parser.add_argument("--subtasks", type=int, default=10_000)
    parser.add_argument("--quick", action="store_true", help="a tenth of the size")
    options = parser.parse_args()
    sources, subtasks = (options.sources // 10, options.subtasks // 10) if options.quick else \
        (options.sources, options.subtasks)
    found = {}
    for store in ("sqlite", "etcd"):
        with tempfile.TemporaryDirectory(prefix="dm-control-plane-") as folder:
            found[store] = measure(options.bin, store, sources, subtasks, Path(folder) / "data")
    print(f"{sources} sources, {subtasks} subtasks; seconds\n")
    print(f"{'':28}{'sqlite':>10}{'etcd':>10}")
    for name in found["sqlite"]:
        print(f"{name:28}{found['sqlite'][name]:10.3f}{found['etcd'][name]:10.3f}")
    options.out.mkdir(parents=True, exist_ok=True)
    with open(options.out / "control_plane.csv", "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["store", "sources", "subtasks", "measure", "value"])
        for store, figures in found.items():
            rows.writerows([store, sources, subtasks, name, f"{value:.4f}"] for name, value in figures.items())


if __name__ == "__main__":
    main()
