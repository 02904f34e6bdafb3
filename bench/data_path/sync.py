"""Applying the changes that have gathered in a binlog: dm against a native replica with one and with four threads."""

import time

from .oltp import TABLES, forget_past, oltp_data
from .stage import Stage, checksums, settings_of, wait_applied, worker_of
from .usage import Usage, peak_bytes

NAME = "sync"
_TIMEOUT = 600
_THREADS = 4


def measure(report, options):
    """With rows that change often, whose changes can be merged, and with rows chosen evenly, where hardly any can."""
    for distribution in options.distributions:
        _measure_one(report, f"{NAME}-{distribution}", options, distribution)


def _measure_one(report, bench, options, distribution):
    data = oltp_data(options.rows, options.changes, distribution)
    report.note(bench, data.describe(options.rows, distribution))
    with Stage(options.scratch / bench, options.bin) as stage:
        source = stage.source(data.after)
        expected = checksums(source, TABLES)
        report.note(bench, "every server: " + settings_of(source))
        report.note(bench, "time from the command that starts replication until the last change is committed; tables are "
                           "compared with the source afterwards")
        report.note(bench, "dm: task mode incremental, settings at their defaults but safe-mode-duration 0s, and 60s in "
                           "\"safe mode\"; native: replicas, same server program, slave_parallel_threads 0, and "
                           f"{_THREADS} with slave_parallel_mode=optimistic")
        rates = {}
        contestants = {
            "native, 1 thread": lambda target: _native(source, target, data, 0),
            f"native, {_THREADS} optimistic threads": lambda target: _native(source, target, data, _THREADS),
            "dm": lambda target: _dm(stage, source, target, data, False),
            "dm, safe mode": lambda target: _dm(stage, source, target, data, True),
        }
        for number, (name, contest) in enumerate(contestants.items()):
            target = forget_past(stage.server(f"target-{number}", data.before))
            usage = Usage(source=source.pid, target=target.pid)
            seconds, figures = contest(target)
            cpu = usage.taken()
            assert checksums(target, TABLES) == expected, f"{name}: the target differs from the source"
            target.remove()
            rates[name] = data.changes / seconds
            for figure in figures:
                report.add(bench, name, *figure)
            report.add(bench, name, "row changes", rates[name], "1/s")
            for side, taken in cpu.items():
                report.add(bench, name, f"CPU of {side}", taken / data.changes * 1e6, "s per million changes")
    for name, rate in rates.items():
        if name.startswith("native"):
            report.add(bench, "ratio", f"dm / {name}", rates["dm"] / rate, "x", ">= 2" if "optimistic" in name else "")


def _native(source, target, data, threads):
    """Seconds, and further figures: none."""
    begin = time.monotonic()
    start_replica(source, target, data.start_gtid, threads)
    wait_replica(target, data.end_gtid, _TIMEOUT)
    seconds = time.monotonic() - begin
    target.execute("STOP SLAVE", "RESET SLAVE ALL")
    return seconds, []


def start_replica(source, target, gtid, threads):
    """Makes the target a replica from a GTID position on; without `threads` one applies everything."""
    target.execute(f"SET GLOBAL slave_parallel_threads = {threads}",
                   "SET GLOBAL slave_parallel_mode = 'optimistic'",
                   f"SET GLOBAL gtid_slave_pos = '{gtid}'",
                   f"CHANGE MASTER TO master_host='127.0.0.1', master_port={source.port}, master_user='root', "
                   f"master_password='{source.password}', master_use_gtid=slave_pos",
                   "START SLAVE")


def wait_replica(target, gtid, timeout):
    """Waits until a replica has applied everything up to a GTID position."""
    assert target.value(f"SELECT MASTER_GTID_WAIT('{gtid}', {timeout})") == 0, "the replica did not arrive"


def _dm(stage, source, target, data, is_safe):
    """Seconds, and further figures."""
    cluster = stage.cluster(f"cluster-{target.name}")
    cluster.create_source("s1", source)
    worker = worker_of(cluster)
    usage = Usage(worker=worker.pid)
    begin = time.monotonic()
    start_incremental(cluster, target, data.start_gtid, is_safe)
    wait_applied(cluster, data.changes, "t1", _TIMEOUT)
    seconds = time.monotonic() - begin
    figures = [("CPU of dm-worker", usage.taken()["worker"] / data.changes * 1e6, "s per million changes"),
               ("peak memory of dm-worker", peak_bytes(worker.pid) / 2**20, "MiB", "<= 150")]
    cluster.kill()
    return seconds, figures


def start_incremental(cluster, target, gtid, is_safe=False):
    """Starts task t1 from a GTID position, everything else at its defaults.

    A task that starts at a given point rewrites its statements for a minute, in case the target is ahead of that point
    (`is_safe`); here it is not.
    """
    duration = {} if is_safe else {"syncers": {"global": {"safe-mode-duration": "0s"}}}
    instance = {"source-id": "s1", "meta": {"binlog-gtid": gtid}}
    if not is_safe:
        instance["syncer-config-name"] = "global"
    cluster.start_task("t1", target, [instance], **{"task-mode": "incremental", **duration})
