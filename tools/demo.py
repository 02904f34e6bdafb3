#!/usr/bin/python3
"""The demonstration behind ./dev demo: see its --help. Needs tests/ on PYTHONPATH."""

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from e2e.cluster import Cluster
from testbed import Background, Process, Server, compare_tables, list_tables
from testbed.process import children_of, start_time
from testbed.trees import CACHE
from testbed.waiting import WaitTimeout, pause, wait_until

SAKILA = Path(__file__).resolve().parent.parent / "tests" / "data" / "sakila"
STATE = CACHE / "demo.json"
TASK = "demo"
BEGUN = time.monotonic()


def say(text):
    print(f"[{time.monotonic() - BEGUN:5.1f} s] {text}", flush=True)


class Source:
    """One upstream of the demo: its server, schema and what was measured."""

    def __init__(self, name, title, server, schema):
        self.name, self.title, self.server, self.schema = name, title, server, schema
        self.started = self.copied = None
        self.progress = 0.0
        self.speed = 0  # bytes per second
        self.copied_rows = 0
        self.lags = []

    def rows(self):
        return sum(self.server.value(f"SELECT COUNT(*) FROM `{s}`.`{t}`") for s, t in list_tables(self.server, self.schema))


class Heartbeat(Background):
    """Writes a row to an upstream again and again and times how long it takes to appear downstream."""

    interval = 0.2

    def __init__(self, source, target):
        super().__init__()
        self.measuring = False
        self._source, self._target = source, target
        self._table = f"{source.schema}.heartbeat"
        self._beat = 0
        source.server.execute(f"CREATE TABLE {self._table} (id INT PRIMARY KEY, at DATETIME(6))")

    def session(self):
        return self._source.server.connect()

    def step(self, session):
        self._beat += 1
        measured = self.measuring
        session.cursor().execute(f"INSERT INTO {self._table} VALUES ({self._beat}, NOW(6))")
        began = time.monotonic()
        while measured and not self.stopping.is_set():
            if self._target.query(f"SELECT 1 FROM {self._table} WHERE id = {self._beat}"):
                self._source.lags.append(time.monotonic() - began)
                return
            pause(0.005)


class Rentals(Background):
    """A shop at work: new rentals and payments, films returned, prices changed, some payments taken back."""

    interval = 0.01
    statements = (
        "INSERT IGNORE INTO rental (rental_date, inventory_id, customer_id, staff_id) "
        "VALUES (NOW(), 1 + {r} % 4000, 1 + {r} % 500, 1 + {r} % 2)",
        "INSERT INTO payment (customer_id, staff_id, amount, payment_date) VALUES (1 + {r} % 500, 1, 4.99, NOW())",
        "UPDATE rental SET return_date = NOW() WHERE return_date IS NULL ORDER BY rental_id LIMIT 3",
        "UPDATE film SET rental_rate = 1 + {r} % 9, title = CONCAT('Film no. ', film_id) WHERE film_id = 1 + {r} % 900",
        "DELETE FROM payment WHERE payment_id = {r} % 16000",
    )

    def __init__(self, server):
        super().__init__()
        self._server = server
        self._random = random.Random(1)

    def session(self):
        return self._server.connect(database="sakila")

    def step(self, session):
        session.cursor().execute(self._random.choice(self.statements).format(r=self._random.randrange(10**6)))


def sysbench(server, size, *words):
    return ["sysbench", "oltp_write_only", "--db-driver=mysql", "--mysql-host=127.0.0.1", f"--mysql-port={server.port}",
            "--mysql-user=root", "--tables=4", f"--table-size={size}", *words]


class Demo:
    def __init__(self, options):
        self.options = options
        self.table_size = 30_000 if options.quick else 200_000
        self.follow_seconds = 5 if options.quick else 20
        self.folder = Path(tempfile.mkdtemp(prefix="dm-demo-"))
        self.sources, self.target, self.cluster = [], None, None
        self.sysbench = None
        self.writers = []
        self.takeover = ""

    # -- set-up

    def start_servers(self):
        detached = self.options.keep
        made = [Server(kind, self.folder / name, name=name, detached=detached) for kind, name in
                (("mariadb10.11", "upstream-mariadb"), ("mysql9.7", "upstream-mysql"), ("mariadb10.11", "downstream"))]
        self.sources = [Source("mariadb-01", "MariaDB 10.11, Sakila", made[0], "sakila"),
                        Source("mysql-01", "MySQL 9.7, sysbench", made[1], "sbtest")]
        self.target = made[2]
        for server in made:
            server.start()
        say("servers run: upstreams MariaDB 10.11 and MySQL 9.7, downstream MariaDB 10.11")

    def load_data(self):
        sakila, bench = (s.server for s in self.sources)
        sakila.load_sql(SAKILA / "sakila-mv-schema.sql", SAKILA / "sakila-mv-data.sql")
        bench.execute("CREATE DATABASE sbtest")
        subprocess.run(sysbench(bench, self.table_size, "--threads=4", "prepare"), check=True, stdout=subprocess.DEVNULL)
        say("data loaded: " + "; ".join(f"{s.title}: {s.rows():,} rows" for s in self.sources))

    def start_cluster(self):
        self.cluster = Cluster(self.options.bin, self.folder / "dm", workers=2, detached=self.options.keep)
        self.cluster.start()
        for source in self.sources:
            self.cluster.create_source(source.name, source.server)
        bound = ", ".join(f"{s.name} on {self.cluster.worker_of(s.name)}" for s in self.sources)
        say(f"dm-master and two dm-workers run; sources: {bound}")

    def start_writers(self):
        bench = self.sources[1].server
        self.sysbench = Process("sysbench", sysbench(bench, self.table_size, "--threads=2", "--rate=80", "--time=600",
                                                     "--mysql-ignore-errors=all", "run"), self.folder / "sysbench.log")
        self.writers = [Rentals(self.sources[0].server), *(Heartbeat(s, self.target) for s in self.sources)]
        self.sysbench.start()
        for writer in self.writers:
            writer.start()
        say("writing to both upstreams from now on (sysbench oltp_write_only, a film rental shop)")

    # -- the task

    def start_task(self):
        for source in self.sources:
            source.copied_rows = source.rows()
            source.started = time.monotonic()
        self.cluster.start_task(TASK, self.target, [s.name for s in self.sources], **{
            "block-allow-list": {"demo": {"do-dbs": [s.schema for s in self.sources]}},
            "mysql-instances": [{"source-id": s.name, "block-allow-list": "demo"} for s in self.sources]})
        say("task started: copy, then follow")

    def watch_copy(self):
        """Shows progress until every source follows; kills the worker of the big source on the way."""
        bars = Bars(self.sources)
        victim = None
        deadline = time.monotonic() + 120
        while any(s.copied is None for s in self.sources):
            if time.monotonic() > deadline:
                raise WaitTimeout(f"the copy did not end\n{self.cluster.diagnose()}")
            for name, subtask in self.status().items():
                self.note(next(s for s in self.sources if s.name == name), subtask)
            bars.show()
            if victim is None and self.sources[1].progress >= 30:
                bars.end()
                victim = self.kill_worker("in the middle of its copy")
            pause(0.1)
        bars.end()
        if victim is None:
            self.kill_worker("while it follows")
        say("both sources are copied and followed")

    def status(self):
        try:
            return self.cluster.subtasks(TASK)
        except (AssertionError, KeyError):
            return {}  # a worker is just being replaced

    def note(self, source, subtask):
        errors = (subtask["result"] or {}).get("errors")
        if errors:
            raise AssertionError(f"{source.name}: {json.dumps(errors, indent=2)}\n{self.cluster.diagnose()}")
        if subtask["unit"] == "Load":
            source.progress = float(subtask["load"]["progress"].rstrip(" %") or 0)
            source.speed = int(subtask["load"]["bps"])
        elif subtask["unit"] == "Sync" and subtask["stage"] == "Running" and source.copied is None:
            source.progress = 100.0
            source.copied = time.monotonic()

    def kill_worker(self, when):
        """Kills the worker of the sysbench source and starts another, as an operator or a supervisor would."""
        source = self.sources[1]
        victim = self.cluster.worker_of(source.name)
        self.cluster.workers[victim].kill9()
        killed = time.monotonic()
        say(f"kill -9 {victim} (it serves {source.name}) {when}; starting worker-3 in its place")
        self.cluster.add_worker("worker-3")

        def watch():
            with contextlib.suppress(WaitTimeout):
                wait_until(lambda: self.cluster.worker_of(source.name) == "worker-3", 60, "worker-3 to take over")
                self.takeover = f"worker-3 took over {source.name} {time.monotonic() - killed:.1f} s after the kill"
                say(self.takeover)

        threading.Thread(target=watch, daemon=True).start()
        return victim

    def follow(self):
        wait_until(lambda: self.takeover, 60, "the takeover", self.cluster.diagnose)
        self.cluster.wait_unit(TASK, "Sync")
        for writer in self.writers[1:]:
            writer.measuring = True
        say(f"following the writes for {self.follow_seconds} s")
        pause(self.follow_seconds)
        for writer in self.writers:
            writer.stop()
        self.sysbench.stop()
        self.cluster.wait_synced(TASK)
        say("writes stopped; everything is applied")

    # -- the end

    def compare(self):
        rows, different = [], 0
        for source in self.sources:
            began = time.monotonic()
            results = compare_tables(source.server, self.target, list_tables(source.server, source.schema), processes=2)
            wrong = [r for r in results if r.differences]
            for result in wrong:
                print(f"    {result}")
            count = sum(r.left_rows for r in results)
            say(f"compared {source.name} row by row: {len(results)} tables, {count:,} rows, "
                f"{time.monotonic() - began:.1f} s")
            different += sum(r.differences for r in wrong)
            seconds = source.copied - source.started
            rows.append([source.name, source.title, len(results), f"{source.copied_rows:,}", f"{seconds:.1f}",
                         f"{source.copied_rows / seconds:,.0f}", f"{statistics.median(source.lags) * 1000:.0f} / "
                         f"{max(source.lags) * 1000:.0f}", f"{count:,}", sum(r.differences for r in wrong)])
        print_table(["source", "what", "tables", "rows copied", "seconds", "rows/s", "lag ms median / worst",
                     "rows compared", "differences"], rows)
        print(f"    {self.takeover}; its copy's seconds include that")
        return different

    def keep(self):
        processes = [self.target, *(s.server for s in self.sources), self.cluster.master, *self.cluster.workers.values()]
        state = {"folder": str(self.folder), "pids": [[p.pid, start_time(p.pid)] for p in processes if p.pid]}
        STATE.parent.mkdir(parents=True, exist_ok=True)
        STATE.write_text(json.dumps(state), encoding="utf-8")
        print(f"\nLeft running. Talk to it:\n    {self.options.bin}/dmctl --master-addr {self.cluster.master_addr} "
              f"query-status {TASK}")
        for server in (*(s.server for s in self.sources), self.target):
            print(f"    {server.client_command():<45} # {server.name}")
        print(f"    logs in {self.folder}\nStop it: ./dev demo --stop")

    def remove(self):
        if self.sysbench:
            self.sysbench.kill9()
        if self.cluster:
            self.cluster.kill()
        for server in [*(s.server for s in self.sources), self.target]:
            if server:
                server.remove()
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self):
        self.start_servers()
        self.load_data()
        self.start_cluster()
        self.start_writers()
        self.start_task()
        self.watch_copy()
        self.follow()
        return self.compare()


class Bars:
    """Progress bars: redrawn in place on a terminal, a line every two seconds elsewhere."""

    def __init__(self, sources):
        self._sources = sources
        self._tty = sys.stdout.isatty()
        self._drawn = False
        self._last = 0.0

    def show(self):
        if not self._tty and time.monotonic() - self._last < 2 and any(s.copied is None for s in self._sources):
            return
        self._last = time.monotonic()
        if self._drawn and self._tty:
            print(f"\033[{len(self._sources)}F", end="")
        for source in self._sources:
            filled = int(source.progress * 30 / 100)
            state = "follows" if source.copied else f"{source.speed / 1e6:.1f} MB/s"
            print(f"    {source.name:<12} [{'#' * filled}{'.' * (30 - filled)}] {source.progress:6.2f} %  {state}      ",
                  flush=True)
        self._drawn = True

    def end(self):
        self.show()
        self._drawn = False


def print_table(head, rows):
    texts = [head, *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(row[i]) for row in texts) for i in range(len(head))]
    print()
    for number, row in enumerate(texts):
        print("    " + "  ".join(cell.ljust(w) if i < 2 else cell.rjust(w)
                                 for i, (cell, w) in enumerate(zip(row, widths))))
        if number == 0:
            print("    " + "  ".join("-" * w for w in widths))


def stop_kept():
    """Ends what an earlier --keep left running; says whether there was any."""
    if not STATE.exists():
        return False
    state = json.loads(STATE.read_text(encoding="utf-8"))
    for pid, started in state["pids"]:
        if start_time(pid) == started:
            for each in [*children_of(pid), pid]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(each, signal.SIGKILL)
    shutil.rmtree(state["folder"], ignore_errors=True)
    STATE.unlink()
    return True


def main():
    parser = argparse.ArgumentParser(prog="./dev demo")
    parser.add_argument("--bin", type=Path, required=True)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--stop", action="store_true")
    options = parser.parse_args()
    stopped = stop_kept()
    if options.stop:
        print("stopped" if stopped else "no demo is running")
        return 0

    demo = Demo(options)
    keep = False
    try:
        differences = demo.run()
        keep = options.keep
        if keep:
            demo.keep()
    finally:
        if not keep:
            demo.remove()
    say(f"done: {differences} differences")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
