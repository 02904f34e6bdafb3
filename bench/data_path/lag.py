"""Lag at half of the highest load: from the commit on the source until the row is visible on the target.

The highest load is what source, target, dm and sysbench hold together on this machine: sysbench without a limit, or
what dm applies meanwhile if that is less.

Measured from outside: one process inserts numbered rows into a table of the source and notes when each commit has
returned, another looks for them on the target. Both read the same monotonic clock.
"""

import multiprocessing
import subprocess
import time

from .oltp import CHANGES_PER_TRANSACTION, TABLES, forget_past, load_command, oltp_data, transactions_per_second
from .stage import Stage, applied_rows, checksums, run, worker_of
from .sync import start_incremental
from .usage import Usage, peak_bytes

NAME = "lag"
_MARK_EVERY = 0.02
_LOOK_EVERY = 0.001
_WARM_UP = 5
_THREADS = 4
_TRIAL = 15


def measure(report, options):
    data = oltp_data(options.rows, options.changes, options.distribution)
    report.note(NAME, data.describe(options.rows, options.distribution).partition(" distribution")[0] + " distribution")
    report.note(NAME, f"highest load: sysbench unlimited for {_TRIAL} s, or the changes dm applied meanwhile if less; then "
                      f"--rate at half of it, {options.lag_seconds} s after {_WARM_UP} s of warming up; {_THREADS} client "
                      "threads")
    report.note(NAME, f"a row inserted every {_MARK_EVERY * 1000:.0f} ms; lag is from its commit returning until a client "
                      f"that looks every {_LOOK_EVERY * 1000:.0f} ms sees it on the target")
    with Stage(options.scratch / NAME, options.bin) as stage:
        source = forget_past(stage.server("source", data.before))
        target = forget_past(stage.server("target", data.before))
        for server in (source, target):
            server.execute("CREATE DATABASE marks", "CREATE TABLE marks.m (id INT PRIMARY KEY)", "RESET MASTER")
        # A position to start from that is not empty.
        source.execute("INSERT INTO marks.m VALUES (0)")
        start = source.value("SELECT @@gtid_binlog_pos")
        target.execute("INSERT INTO marks.m VALUES (0)")
        cluster = stage.cluster()
        cluster.create_source("s1", source)
        start_incremental(cluster, target, start)
        cluster.wait_unit("t1", "Sync")
        limit = _highest_load(report, source, cluster, options)
        rate = limit / 2 / CHANGES_PER_TRANSACTION
        worker = worker_of(cluster)
        usage = Usage(worker=worker.pid)
        lags, reached = _run_load(source, target, options, rate)
        cpu = usage.taken()["worker"]
        changes = reached * CHANGES_PER_TRANSACTION * (options.lag_seconds + _WARM_UP)
        cluster.wait_synced("t1", 120)
        assert checksums(source, TABLES) == checksums(target, TABLES), "the target differs from the source"
        report.add(NAME, "source", "load reached", reached * CHANGES_PER_TRANSACTION, "row changes/s")
        report.add(NAME, "dm", "rows seen", len(lags), "rows")
        for percent, aim in ((50, ""), (99, "<= 50"), (100, "")):
            report.add(NAME, "dm", f"p{percent}", _percentile(lags, percent) * 1000, "ms", aim)
        report.add(NAME, "dm", "CPU of dm-worker", cpu / changes * 1e6, "s per million changes")
        report.add(NAME, "dm", "peak memory of dm-worker", peak_bytes(worker.pid) / 2**20, "MiB", "<= 150")


def _highest_load(report, source, cluster, options):
    """Row changes per second; when it returns, dm has caught up."""
    before, begin = applied_rows(cluster), time.monotonic()
    output = run(load_command(source, options.rows, f"--threads={_THREADS}", "--events=0", f"--time={_TRIAL}",
                              f"--rand-type={options.distribution}"))
    applied = (applied_rows(cluster) - before) / (time.monotonic() - begin)
    written = transactions_per_second(output) * CHANGES_PER_TRANSACTION
    report.add(NAME, "sysbench", "highest load", written, "row changes/s")
    report.add(NAME, "dm", "applied meanwhile", applied, "row changes/s")
    cluster.wait_synced("t1", 120)
    return min(applied, written)


def _run_load(source, target, options, rate):
    """Runs sysbench and the two measuring processes; lags of all rows after the warm-up, and transactions per second."""
    context = multiprocessing.get_context("fork")
    stop, committed, seen = context.Event(), context.SimpleQueue(), context.SimpleQueue()
    marker = context.Process(target=_mark, args=(source, stop, committed), daemon=True)
    looker = context.Process(target=_look, args=(target, stop, seen), daemon=True)
    load = subprocess.Popen(load_command(source, options.rows, f"--threads={_THREADS}", "--events=0",
                                         f"--time={options.lag_seconds + _WARM_UP}", f"--rate={rate:.0f}",
                                         f"--rand-type={options.distribution}"),
                            stdout=subprocess.PIPE, text=True)
    marker.start()
    looker.start()
    warm = time.monotonic() + _WARM_UP
    output, _ = load.communicate()
    assert load.returncode == 0, output
    stop.set()
    commits, arrivals = committed.get(), seen.get()
    marker.join()
    looker.join()
    missing = set(commits) - set(arrivals)
    assert not missing, f"{len(missing)} of {len(commits)} marked rows did not arrive"
    return ([arrivals[number] - at for number, at in commits.items() if at >= warm], transactions_per_second(output))


def _mark(source, stop, committed):
    times = {}
    connection = source.connect()
    number = 0
    while not stop.wait(_MARK_EVERY):
        number += 1
        connection.cursor().execute(f"INSERT INTO marks.m VALUES ({number})")
        times[number] = time.monotonic()
    committed.put(times)


def _look(target, stop, seen):
    times = {}
    cursor = target.connect().cursor()
    everything_below = 0
    give_up = None
    while True:
        cursor.execute(f"SELECT id FROM marks.m WHERE id > {everything_below}")
        now = time.monotonic()
        for (number,) in cursor.fetchall():
            times.setdefault(number, now)
        while everything_below + 1 in times:
            everything_below += 1
        if stop.is_set():
            give_up = give_up or now + 10
            # The marker has stopped too: when nothing new comes for a while, all are there.
            if now > give_up or now > max(times.values(), default=now) + 2:
                break
        time.sleep(_LOOK_EVERY)
    seen.put(times)


def _percentile(values, percent):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(len(ordered) * percent / 100))]
