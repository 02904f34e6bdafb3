"""Start of a task over very many small tables: time until all are copied and replication runs, memory per table."""

import time
from concurrent.futures import ThreadPoolExecutor

from testbed import Server, wait_until

from .stage import OPTIONS, SERVER, Stage, data_set, settings_of, worker_of
from .usage import Usage, peak_bytes

NAME = "tables"
ROWS = 10
READERS = 4
_COLUMNS = "(id BIGINT PRIMARY KEY, k INT NOT NULL, c VARCHAR(120), KEY (k))"
_PER_SCHEMA = 1000
_TIMEOUT = 600


def _tables_data(count):
    def build(folder):
        server = Server(SERVER, folder / "work", options=OPTIONS)
        server.start()
        values = ",".join(f"({n}, {n * 7}, REPEAT('x', 60))" for n in range(ROWS))
        try:
            for number in range(count):
                schema = f"many{number // _PER_SCHEMA}"
                if number % _PER_SCHEMA == 0:
                    server.execute(f"CREATE DATABASE {schema}")
                table = f"{schema}.t{number}"
                server.execute(f"CREATE TABLE {table} {_COLUMNS}",
                               f"INSERT INTO {table} VALUES {values}")
            server.stop()
            server.datadir.rename(folder / "after")
        finally:
            server.remove()

    return data_set(NAME, [count, ROWS], build) / "after"


def measure(report, options):
    count = options.tables
    data = _tables_data(count)
    report.note(NAME, f"{count:,} tables of {ROWS} rows with one secondary index, in schemas of {_PER_SCHEMA}; task mode "
                      "all, settings at their defaults, from start-task until replication has caught up")
    with Stage(options.scratch / NAME, options.bin) as stage:
        source, target = stage.source(data), stage.server("target")
        report.note(NAME, "every server: " + settings_of(source))
        cluster = stage.cluster()
        cluster.create_source("s1", source)
        worker = worker_of(cluster)
        before = peak_bytes(worker.pid)
        usage = Usage(source=source.pid, target=target.pid, worker=worker.pid)
        begin = time.monotonic()
        cluster.start_task("t1", target, ["s1"])
        started = time.monotonic()
        wait_until(lambda: _complete(target) == count, _TIMEOUT, "all tables to be copied", cluster.diagnose, interval=0.2)
        copied = time.monotonic()
        cluster.wait_synced("t1", _TIMEOUT)
        synced = time.monotonic()
        peak = peak_bytes(worker.pid)
        report.add(NAME, "dm", "start-task answers after", started - begin, "s")
        report.add(NAME, "dm", "all tables copied after", copied - begin, "s", "<= 60" if count == 10_000 else "")
        report.add(NAME, "dm", "replication runs after", synced - begin, "s")
        report.add(NAME, "dm", "memory of dm-worker", (peak - before) / count / 1024, "KiB per table", "<= 20")
        for side, taken in usage.taken().items():
            report.add(NAME, "dm", f"CPU of {side}", taken, "s")
        report.add(NAME, "target alone", f"the CREATE TABLEs, over {READERS} connections",
                   _create_alone(stage.server("alone"), count), "s")


def _complete(target):
    return target.value("SELECT COUNT(*) FROM dm_meta.t1_copy_checkpoint "
                        "WHERE chunk = 0 AND cp_table <> '' AND state = 'complete'")


def _create_alone(target, count):
    """Seconds that the same CREATE TABLEs take over as many connections as the copy has readers."""
    target.execute("CREATE DATABASE alone")

    def create(first):
        for number in range(first, count, READERS):
            target.execute(f"CREATE TABLE alone.t{number} {_COLUMNS}")

    begin = time.monotonic()
    with ThreadPoolExecutor(READERS) as pool:
        list(pool.map(create, range(READERS)))
    return time.monotonic() - begin
