"""Decoding a binlog file: dm's decoder, one thread, rows go nowhere, against mariadb-binlog -v."""

import json
import os
import subprocess
import time

from .oltp import oltp_data
from .stage import run

NAME = "decode"
_REPEATS = 2


def measure(report, options):
    data = oltp_data(options.rows, options.changes, options.distribution)
    dm = _dm(options, data.binlog)
    megabytes = dm["rows_event_bytes"] / 1e6
    report.note(NAME, data.describe(options.rows, options.distribution) + ", one row per event")
    report.note(NAME, f"MB/s: the {megabytes:.0f} MB of row events by the time for the whole file; best of {_REPEATS}")
    report.note(NAME, "dm: bin/bench/core_binlog_bench, file in memory, checksums verified, every value decoded; "
                      "mariadb-binlog: output to /dev/null, with -v and with --base64-output=decode-rows -v (faster)")
    assert dm["rows"] == data.changes, f"dm decoded {dm['rows']} row changes, mariadb-binlog {data.changes}"
    rate = megabytes / dm["seconds"]
    report.add(NAME, "dm", "row events", rate, "MB/s", ">= 300")
    report.add(NAME, "dm", "row changes", dm["rows"] / dm["seconds"], "1/s")
    for name, words in (("mariadb-binlog -v", ["-v"]),
                        ("mariadb-binlog decode-rows -v", ["--base64-output=decode-rows", "-v"])):
        seconds = min(_client_seconds(words, data.binlog) for _ in range(_REPEATS))
        report.add(NAME, name, "row events", megabytes / seconds, "MB/s")
        report.add(NAME, "ratio", f"dm / {name}", rate / (megabytes / seconds), "x", ">= 5")


def _dm(options, binlog):
    text = run([options.bin / "bench" / "core_binlog_bench", "--benchmark_filter=^decode_file$",
                f"--benchmark_repetitions={_REPEATS}", "--benchmark_format=json"],
               env={**os.environ, "DM_BENCH_BINLOG": str(binlog)})
    runs = [b for b in json.loads(text)["benchmarks"] if b["run_type"] == "iteration"]
    best = min(runs, key=lambda b: b["real_time"])
    assert best["time_unit"] == "ms"
    return {"seconds": best["real_time"] / 1000, "rows_event_bytes": best["rows_event_bytes"], "rows": best["rows"]}


def _client_seconds(words, binlog):
    begin = time.monotonic()
    subprocess.run(["mariadb-binlog", *words, str(binlog)], stdout=subprocess.DEVNULL, check=True)
    return time.monotonic() - begin
