"""Applying the changes that have gathered in a binlog: dm against a native replica with one and with four threads."""

import time

from .oltp import TABLES, forget_past, oltp_data
from .stage import Stage, checksums, settings_of, wait_applied, worker_of
from .usage import Usage, peak_bytes

NAME = "sync"
_TIMEOUT = 600
_THREADS = 4


def measure(report, options):
    data = oltp_data(options.rows, options.changes, options.distribution)
    report.note(NAME, data.describe(options.rows, options.distribution))
    with Stage(options.scratch / NAME, options.bin) as stage:
        source = stage.source(data.after)
        expected = checksums(source, TABLES)
        report.note(NAME, "every server: " + settings_of(source))
        report.note(NAME, "time from the command that starts replication until the last change is committed; tables are "
                          "compared with the source afterwards")
        report.note(NAME, "dm: task mode incremental, settings at their defaults but safe-mode-duration 0s, and 60s in \"safe "
                          f"mode\"; native: replicas, same server program, slave_parallel_threads 0, and {_THREADS} with slave_parallel_mode=optimistic")
        rates = {}
        contestants = {
            "native, 1 thread": lambda target: _native(source, target, data, 0),
            f"native, {_THREADS} optimistic threads": lambda target: _native(source, target, data, _THREADS),
            "dm": lambda target: _dm(report, "dm", stage, source, target, data, False),
            "dm, safe mode": lambda target: _dm(report, "dm, safe mode", stage, source, target, data, True),
        }
        for number, (name, contest) in enumerate(contestants.items()):
            target = forget_past(stage.server(f"target-{number}", data.before))
            usage = Usage(source=source.pid, target=target.pid)
            seconds = contest(target)
            cpu = usage.taken()
            assert checksums(target, TABLES) == expected, f"{name}: the target differs from the source"
            target.remove()
            rates[name] = data.changes / seconds
            report.add(NAME, name, "row changes", rates[name], "1/s")
            for side, taken in cpu.items():
                report.add(NAME, name, f"CPU of {side}", taken / data.changes * 1e6, "s per million changes")
    for name, rate in rates.items():
        if name.startswith("native"):
            report.add(NAME, "ratio", f"dm / {name}", rates["dm"] / rate, "x", ">= 2" if "optimistic" in name else "")


def _native(source, target, data, threads):
    target.execute(f"SET GLOBAL slave_parallel_threads = {threads}",
                   "SET GLOBAL slave_parallel_mode = 'optimistic'",
                   f"SET GLOBAL gtid_slave_pos = '{data.start_gtid}'",
                   f"CHANGE MASTER TO master_host='127.0.0.1', master_port={source.port}, master_user='root', "
                   f"master_password='{source.password}', master_use_gtid=slave_pos")
    begin = time.monotonic()
    target.execute("START SLAVE")
    assert target.value(f"SELECT MASTER_GTID_WAIT('{data.end_gtid}', {_TIMEOUT})") == 0, "the replica did not arrive"
    seconds = time.monotonic() - begin
    target.execute("STOP SLAVE", "RESET SLAVE ALL")
    return seconds


def _dm(report, name, stage, source, target, data, is_safe):
    cluster = stage.cluster(f"cluster-{target.name}")
    cluster.create_source("s1", source)
    worker = worker_of(cluster)
    usage = Usage(worker=worker.pid)
    begin = time.monotonic()
    start_incremental(cluster, target, data.start_gtid, is_safe)
    wait_applied(cluster, data.changes, "t1", _TIMEOUT)
    seconds = time.monotonic() - begin
    report.add(NAME, name, "CPU of dm-worker", usage.taken()["worker"] / data.changes * 1e6, "s per million changes")
    report.add(NAME, name, "peak memory of dm-worker", peak_bytes(worker.pid) / 2**20, "MiB", "<= 150")
    cluster.kill()
    return seconds


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
