"""Lag at half of the highest load: from the commit on the source until the row is visible on the target.

The highest load is what source, target, dm and sysbench hold together on this machine: sysbench without a limit, or
what dm applies meanwhile if that is less. Native replicas get the load that dm gets, on servers of their own.

Measured from outside: one process inserts numbered rows into a table of the source and notes when each commit has
returned, another looks for them on the target. Both read the same monotonic clock.
"""

import multiprocessing
import subprocess
import time

from .oltp import CHANGES_PER_TRANSACTION, TABLES, forget_past, load_command, oltp_data, transactions_per_second
from .stage import Stage, applied_rows, checksums, run, worker_of
from .sync import start_incremental, start_replica, wait_replica
from .usage import MachineUsage, Usage, peak_bytes

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
    report.note(NAME, "native: replicas as in sync, at the same load; idle and others: of the machine's CPU time meanwhile, "
                      "others being what no part of the benchmark took")
    contestants = {"dm": _Dm, "native, 1 thread": _Native.of(0), "native, 4 optimistic threads": _Native.of(4)}
    rate = None
    for number, (name, begin) in enumerate(contestants.items()):
        with Stage(options.scratch / f"{NAME}-{number}", options.bin) as stage:
            source, target, start = _servers(stage, data)
            follower = begin(stage, source, target, start)
            if rate is None:
                rate = _highest_load(report, source, follower, options) / 2 / CHANGES_PER_TRANSACTION
            _measure_one(report, name, source, target, follower, options, rate)


def _servers(stage, data):
    """Source and target with equal data, and a position on the source to start from that is not empty."""
    source = forget_past(stage.server("source", data.before))
    target = forget_past(stage.server("target", data.before))
    for server in (source, target):
        server.execute("CREATE DATABASE marks", "CREATE TABLE marks.m (id INT PRIMARY KEY)", "RESET MASTER")
        server.execute("INSERT INTO marks.m VALUES (0)")
    return source, target, source.value("SELECT @@gtid_binlog_pos")


class _Dm:
    """Dm as the follower of a source."""

    def __init__(self, stage, source, target, start):
        self._cluster = stage.cluster()
        self._cluster.create_source("s1", source)
        start_incremental(self._cluster, target, start)
        self._cluster.wait_unit("t1", "Sync")
        self.pids = {"dm-worker": worker_of(self._cluster).pid}

    def applied(self):
        return applied_rows(self._cluster)

    def wait(self):
        self._cluster.wait_synced("t1", 120)

    def report(self, report, name):
        report.add(NAME, name, "peak memory of dm-worker", peak_bytes(self.pids["dm-worker"]) / 2**20, "MiB", "<= 150")


class _Native:
    """A replica as the follower of a source: the target itself."""

    def __init__(self, source, target, start, threads):
        self._source, self._target = source, target
        self.pids = {}
        start_replica(source, target, start, threads)

    @classmethod
    def of(cls, threads):
        return lambda _, source, target, start: cls(source, target, start, threads)

    def wait(self):
        wait_replica(self._target, self._source.value("SELECT @@gtid_binlog_pos"), 120)

    def report(self, report, name):
        pass


def _measure_one(report, name, source, target, follower, options, rate):
    usage = Usage(source=source.pid, target=target.pid, **follower.pids)
    machine = MachineUsage()
    lags, reached = _run_load(source, target, options, rate)
    cpu = usage.taken()
    idle, others = machine.shares(sum(cpu.values()))
    changes = reached * CHANGES_PER_TRANSACTION * (options.lag_seconds + _WARM_UP)
    follower.wait()
    assert checksums(source, TABLES) == checksums(target, TABLES), f"{name}: the target differs from the source"
    report.add(NAME, name, "load reached", reached * CHANGES_PER_TRANSACTION, "row changes/s")
    report.add(NAME, name, "rows seen", len(lags), "rows")
    for percent in (50, 99, 100):
        aim = "<= 50" if percent == 99 and name == "dm" else ""
        report.add(NAME, name, f"p{percent}", _percentile(lags, percent) * 1000, "ms", aim)
    for side, taken in cpu.items():
        report.add(NAME, name, f"CPU of {side}", taken / changes * 1e6, "s per million changes")
    report.add(NAME, name, "machine idle", idle * 100, "%")
    report.add(NAME, name, "machine used by others", others * 100, "%")
    follower.report(report, name)


def _highest_load(report, source, follower, options):
    """Row changes per second; when it returns, the follower has caught up."""
    before, begin = follower.applied(), time.monotonic()
    output = run(load_command(source, options.rows, f"--threads={_THREADS}", "--events=0", f"--time={_TRIAL}",
                              f"--rand-type={options.distribution}"))
    applied = (follower.applied() - before) / (time.monotonic() - begin)
    written = transactions_per_second(output) * CHANGES_PER_TRANSACTION
    report.add(NAME, "sysbench", "highest load", written, "row changes/s")
    report.add(NAME, "dm", "applied meanwhile", applied, "row changes/s")
    follower.wait()
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
