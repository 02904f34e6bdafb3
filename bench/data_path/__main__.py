"""Command line of ./dev bench."""

import argparse
import sys
import tempfile
from pathlib import Path

from . import copy, decode, lag, sync, tables
from .report import Report

MEASURES = {"decode": decode.measure, "copy": copy.measure, "sync": sync.measure, "lag": lag.measure,
            "tables": tables.measure}


def read_options():
    parser = argparse.ArgumentParser(prog="./dev bench", description="Benchmarks of the data path on real servers.")
    parser.add_argument("what", nargs="*", choices=[*MEASURES, "all"], default=["all"], metavar="|".join([*MEASURES, "all"]))
    parser.add_argument("--bin", type=Path, required=True, help="folder of the built programs")
    parser.add_argument("--out", type=Path, required=True, help="folder for the CSV files")
    parser.add_argument("--quick", action="store_true", help="small sizes: to see that it works, not to compare")
    parser.add_argument("--distribution", choices=["special", "uniform", "pareto", "gaussian"],
                        help="how sysbench chooses rows (default: special, as sysbench itself; sync: special and uniform)")
    options = parser.parse_args()
    options.bin = options.bin.resolve()
    options.distributions = [options.distribution] if options.distribution else ["special", "uniform"]
    options.distribution = options.distributions[0]
    options.rows = 10_000 if options.quick else 100_000
    options.changes = 100_000 if options.quick else 1_000_000
    options.copy_rows = 50_000 if options.quick else 500_000
    options.tables = 1_000 if options.quick else 10_000
    options.lag_seconds = 10 if options.quick else 40
    return options


def main():
    options = read_options()
    wanted = MEASURES if not options.what or "all" in options.what else options.what
    report = Report(options.out)
    with tempfile.TemporaryDirectory(prefix="dm-bench-") as scratch:
        options.scratch = Path(scratch)
        for name in wanted:
            MEASURES[name](report, options)
    report.print()
    report.write()
    return 0


if __name__ == "__main__":
    sys.exit(main())
