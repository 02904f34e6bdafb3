"""Full copy: dm against pre-built INSERTs sent as they are, and against mydumper + myloader."""

import itertools
import json
import multiprocessing
import time

from e2e.cluster import SubtaskFailed
from testbed import Server, wait_until

from .stage import (OPTIONS, SCHEMA, SERVER, Stage, checksums, data_set, prepare_tables, run, settings_of,
                    worker_of)
from .usage import Usage, peak_bytes

NAME = "copy"
TABLES = 4
READERS = 4
WRITERS = 16
_STATEMENT_BYTES = 1 << 20
_TIMEOUT = 600


class CopyData:
    """`after` is the data folder of the source; `statements` has one file of pre-built INSERTs per table."""

    def __init__(self, folder):
        self.after = folder / "after"
        self.statements = [folder / f"{i + 1}.sql" for i in range(TABLES)]
        facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
        self.create = facts["create"]


def copy_data(rows):
    def build(folder):
        server = Server(SERVER, folder / "work", options=OPTIONS)
        server.start()
        try:
            prepare_tables(server, TABLES, rows)
            create = [server.query(f"SHOW CREATE TABLE {SCHEMA}.sbtest{i + 1}")[0][1] for i in range(TABLES)]
            for i in range(TABLES):
                _build_statements(server, f"{SCHEMA}.sbtest{i + 1}", folder / f"{i + 1}.sql")
            server.stop()
            server.datadir.rename(folder / "after")
        finally:
            server.remove()
        (folder / "facts.json").write_text(json.dumps({"create": create}), encoding="utf-8")

    return CopyData(data_set("copy", [TABLES, rows], build))


def _build_statements(server, table, path):
    """INSERTs of up to 1 MB, each after its length in four bytes."""
    head = f"INSERT INTO {table} (id,k,c,pad) VALUES ".encode()
    with open(path, "wb") as file, server.connect() as connection, connection.cursor() as cursor:
        def flush(rows):
            text = head + b",".join(rows)
            file.write(len(text).to_bytes(4, "little") + text)

        last, rows, size = 0, [], 0
        while True:
            cursor.execute(f"SELECT id, k, c, pad FROM {table} WHERE id > {last} ORDER BY id LIMIT 20000")
            found = cursor.fetchall()
            if not found:
                break
            last = found[-1][0]
            for row in found:
                text = "({},{},'{}','{}')".format(*row).encode()
                if size + len(text) + 1 > _STATEMENT_BYTES - len(head):
                    flush(rows)
                    rows, size = [], 0
                rows.append(text)
                size += len(text) + 1
        if rows:
            flush(rows)


def measure(report, options):
    data = copy_data(options.copy_rows)
    total = options.copy_rows * TABLES
    report.note(NAME, f"sysbench: {TABLES} tables of {options.copy_rows:,} rows, each with its secondary index, "
                      f"{sum(p.stat().st_size for p in data.statements) / 1e6:.0f} MB of INSERTs; {READERS} readers, "
                      f"{WRITERS} writers")
    report.note(NAME, f"raw: pre-built INSERTs of 1 MB read from the page cache, sent in autocommit over {WRITERS} "
                      "connections, in key order, all tables at once, into tables that have their secondary index")
    report.note(NAME, f"mydumper -t {READERS} then myloader -t {WRITERS} -e (with binlog, as the others), else defaults")
    report.note(NAME, "dm: task mode full from start-task to Finished, settings at their defaults")
    with Stage(options.scratch / NAME, options.bin) as stage:
        source = stage.source(data.after)
        expected = checksums(source, TABLES)  # also warms the source's buffer pool, for all alike
        report.note(NAME, "every server: " + settings_of(source))
        rates = {}
        contestants = {
            "raw": lambda target: _raw(target, data),
            "mydumper + myloader": lambda target: _mydumper(report, stage, source, target),
            "dm": lambda target: _dm(report, stage, source, target, total),
        }
        for number, (name, contest) in enumerate(contestants.items()):
            target = stage.server(f"target-{number}")
            usage = Usage(source=source.pid, target=target.pid)
            seconds = contest(target)
            cpu = usage.taken()
            assert checksums(target, TABLES) == expected, f"{name}: the target differs from the source"
            target.remove()
            rates[name] = total / seconds
            report.add(NAME, name, "rows", rates[name], "1/s")
            for side, taken in cpu.items():
                report.add(NAME, name, f"CPU of {side}", taken / total * 1e6, "s per million rows")
        _pause(report, stage, source)
    report.add(NAME, "ratio", "dm / raw", rates["dm"] / rates["raw"], "x", ">= 0.85")
    report.add(NAME, "ratio", "dm / mydumper + myloader", rates["dm"] / rates["mydumper + myloader"], "x", ">= 1.1")


def _raw(target, data):
    target.execute(f"CREATE DATABASE {SCHEMA}")
    target.execute(*data.create, database=SCHEMA)
    context = multiprocessing.get_context("fork")
    per_table = WRITERS // TABLES
    ready, go = context.Semaphore(0), context.Event()
    senders = [context.Process(target=_send, args=(target, path, part, per_table, ready, go), daemon=True)
               for path in data.statements for part in range(per_table)]
    for sender in senders:
        sender.start()
    for _ in senders:
        ready.acquire()
    begin = time.monotonic()
    go.set()
    for sender in senders:
        sender.join()
    seconds = time.monotonic() - begin
    assert all(sender.exitcode == 0 for sender in senders), "a connection of the raw insert failed"
    return seconds


def _send(target, path, part, parts, ready, go):
    """Sends every `parts`-th statement of a file."""
    statements = []
    with open(path, "rb") as file:
        while size := file.read(4):
            statements.append(file.read(int.from_bytes(size, "little")))
    mine = statements[part::parts]
    connection = target.connect()
    ready.release()
    go.wait()
    for statement in mine:
        connection.query(statement)


def _mydumper(report, stage, source, target):
    folder = stage.folder / "dump"
    access = ["-h", "127.0.0.1", "-u", "root"]
    begin = time.monotonic()
    run(["mydumper", *access, "-P", source.port, "-B", SCHEMA, "-o", folder, "-t", READERS])
    dumped = time.monotonic()
    run(["myloader", *access, "-P", target.port, "-d", folder, "-t", WRITERS, "-e"])
    end = time.monotonic()
    report.add(NAME, "mydumper + myloader", "mydumper alone", dumped - begin, "s")
    report.add(NAME, "mydumper + myloader", "myloader alone", end - dumped, "s")
    return end - begin


def _dm(report, stage, source, target, total):
    cluster = stage.cluster()
    cluster.create_source("s1", source)
    worker = worker_of(cluster)
    usage = Usage(worker=worker.pid)
    begin = time.monotonic()
    cluster.start_task("t1", target, ["s1"], **{"task-mode": "full"})
    _wait_copied(cluster, target)
    seconds = time.monotonic() - begin
    report.add(NAME, "dm", "CPU of dm-worker", usage.taken()["worker"] / total * 1e6, "s per million rows")
    report.add(NAME, "dm", "peak memory of dm-worker", peak_bytes(worker.pid) / 2**20, "MiB", "<= 150")
    cluster.kill()
    return seconds


def _pause(report, stage, source):
    """A pause in the midst of a copy, from the command until the task says Paused, and the way back to rows."""
    target = stage.server("paused")
    cluster = stage.cluster("dm-paused")
    cluster.create_source("s1", source)
    cluster.start_task("t1", target, ["s1"], **{"task-mode": "full"})

    def done():
        """Chunks and tables that are over."""
        if not target.query("SHOW TABLES IN dm_meta LIKE 't1_copy_checkpoint'"):
            return 0
        return target.value("SELECT COUNT(*) FROM dm_meta.t1_copy_checkpoint WHERE state IN ('done', 'complete')")

    wait_until(done, _TIMEOUT, "the first chunk", cluster.diagnose, interval=0.005)
    begin = time.monotonic()
    cluster.ctl_ok("pause-task", "t1")
    cluster.wait_stage("t1", "Paused")
    report.add(NAME, "dm", "pause in the midst, until Paused", time.monotonic() - begin, "s", "<= 1")
    before = _rows_written(target)
    begin = time.monotonic()
    cluster.ctl_ok("resume-task", "t1")
    # The checkpoint's own rows are fewer.
    wait_until(lambda: _rows_written(target) > before + 1000, _TIMEOUT, "more rows", cluster.diagnose, interval=0.005)
    report.add(NAME, "dm", "resume, until rows come again", time.monotonic() - begin, "s", "<= 1")
    cluster.kill()


def _rows_written(server):
    return int(server.query("SHOW GLOBAL STATUS LIKE 'Handler_write'")[0][1])


def _wait_copied(cluster, target):
    """Waits for the checkpoint's last table, which is cheap to ask for, then for the task's end."""
    looks = itertools.count(1)

    def all_complete():
        return target.value("SELECT COUNT(*) FROM dm_meta.t1_copy_checkpoint "
                            "WHERE chunk = 0 AND cp_table <> '' AND state = 'complete'") == TABLES

    def is_finished():
        subtask = cluster.subtask("t1", "s1")
        if subtask["stage"] == "Paused":
            raise SubtaskFailed(f"the copy failed: {subtask['result']}")
        return subtask["stage"] == "Finished"

    wait_until(lambda: all_complete() or (next(looks) % 50 == 0 and is_finished()), _TIMEOUT, "the copy of all tables",
               cluster.diagnose)
    wait_until(is_finished, _TIMEOUT, "the task to end", cluster.diagnose)
