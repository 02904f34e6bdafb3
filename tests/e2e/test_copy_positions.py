"""Where replication takes over from the copy, under many writers.

The rule: every transaction at or before LOW is visible to the reads that follow, and none that they saw lies behind
HIGH. A small program asks the code itself for such places in a tight loop; the server's binlog says what lies where.
"""

import contextlib
import subprocess
import threading
from collections import namedtuple

import pymysql
import pytest

from testbed import wait_until

from .binlog_map import Place, binlog_files, written_rows

TABLES = 60
WRITERS = 16
KINDS = ["mysql5.6", "mysql9.7", "mariadb10.11", "mariadb11.8"]

Look = namedtuple("Look", "low seen high")


class Writers:
    """Threads that only insert: a row that copy and replication both pass over is missing for ever.

    `statement(writer, number)` inserts that writer's row of that number, in a transaction of its own.
    """

    def __init__(self, server, statement):
        self._server = server
        self._statement = statement
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._write, args=(number,)) for number in range(WRITERS)]
        self.failures = []
        self.written = [0] * WRITERS

    def _write(self, number):
        try:
            with contextlib.closing(self._server.connect()) as connection, connection.cursor() as cursor:
                if not self._server.kind.is_mariadb:  # MariaDB does so anyway
                    cursor.execute("SET SESSION binlog_rows_query_log_events = ON")
                while not self._over.is_set():
                    cursor.execute(self._statement(number, self.written[number]))
                    self.written[number] += 1
        except Exception as error:  # pylint: disable=broad-except
            self.failures.append(error)

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join()


def rows(server, schema):
    return set(server.query(" UNION ALL ".join(f"SELECT {t}, w, n FROM {schema}.t{t}" for t in range(TABLES))))


@pytest.mark.parametrize("kind", KINDS)
def test_no_transaction_is_lost_at_the_border(kind, cluster, servers, downstream):
    source = servers.get(kind, "up")
    source.execute("CREATE DATABASE d", *[f"CREATE TABLE d.t{t} (w INT, n INT, PRIMARY KEY (w, n))"
                                          for t in range(TABLES)])
    cluster.create_source("gtid", source)
    cluster.create_source("position", source, **{"enable-gtid": False})
    with Writers(source, lambda w, n: f"INSERT INTO d.t{(n * 7 + w) % TABLES} VALUES ({w}, {n})") as writers:
        cluster.wait(lambda: writers.failures or min(writers.written) > 3, 20, "all writers to write")
        for name in ("gtid", "position"):
            cluster.start_task(name, downstream, [{"source-id": name, "route-rules": ["apart"]}],
                               routes={"apart": {"schema-pattern": "d", "target-schema": f"d_{name}"}})
        for name in ("gtid", "position"):
            cluster.wait_unit(name, "Sync")
        before = min(writers.written)
        cluster.wait(lambda: writers.failures or min(writers.written) > before, 20, "writes after the copy")
    assert not writers.failures
    for name in ("gtid", "position"):
        cluster.wait_synced(name)
    written = rows(source, "d")
    assert len(written) == sum(writers.written)
    for name in ("gtid", "position"):
        lows = downstream.value(f"SELECT COUNT(DISTINCT low_name, low_pos) FROM dm_meta.{name}_copy_checkpoint "
                                "WHERE chunk = 0 AND cp_table <> ''")
        assert lows > 1, "the tables were begun at several moments, under way with the writes"
        copied = rows(downstream, f"d_{name}")
        assert copied == written, f"{name}: {sorted(written - copied)[:5]} missing, {sorted(copied - written)[:5]} extra"


# -- the places themselves


class Places:
    """One server under writers, and a way to have places taken on it."""

    def __init__(self, server, program):
        self.server = server
        self._program = program
        # The longer a commit takes, the more of them are under way when a place is taken.
        server.execute("SET GLOBAL sync_binlog = 1", "DROP DATABASE IF EXISTS d", "CREATE DATABASE d",
                       "CREATE TABLE d.t (w INT, n INT, PRIMARY KEY (w, n))")
        self.written = {}

    def take(self, *places, looks=60, user="root"):
        """Looks by kind of place, taken while all writers write; afterwards `written` knows their transactions."""
        found = {}
        self.server.execute("TRUNCATE TABLE d.t", "FLUSH BINARY LOGS")
        first_file = binlog_files(self.server)[-1]
        with Writers(self.server, lambda w, n: f"INSERT INTO d.t VALUES ({w}, {n})") as writers:
            wait_until(lambda: writers.failures or min(writers.written) > 3, 20, "all writers to write")
            for place in places:
                found[place] = self._run(place, looks, user)
        assert not writers.failures
        files = binlog_files(self.server)
        self.written = written_rows(self.server, files[files.index(first_file):])
        assert len(self.written) == sum(writers.written), "the binlog holds every row with its text"
        return found

    def _run(self, place, looks, user):
        done = subprocess.run([self._program, "--port", str(self.server.port), "--user", user, "--looks", str(looks),
                               place], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        found = []
        for line in done.stdout.splitlines():
            low, seen, high = line.split("\t")
            seen = dict(tuple(map(int, item.split(":"))) for item in seen.split(","))
            found.append(Look(Place.parse(low), seen, Place.parse(high) if high else None))
        return found

    def missed(self, looks, by_gtid):
        """Rows at or before LOW that the reads after it did not see, one of each such look."""
        return self._wrong(looks, lambda look, row, at: look.seen.get(row[0], -1) < row[1]
                           and look.low.covers(at, by_gtid))

    def beyond(self, looks, by_gtid):
        """Rows seen that HIGH does not cover; of a snapshot, which is exact, its only place."""
        return self._wrong(looks, lambda look, row, at: look.seen.get(row[0], -1) >= row[1]
                           and not (look.high or look.low).covers(at, by_gtid))

    def _wrong(self, looks, is_wrong):
        # Rows of a writer are in order, so only those next to the border can be on the wrong side first.
        found = []
        for look in looks:
            near = [(w, look.seen.get(w, -1) + step) for w in range(WRITERS) for step in (0, 1)]
            found += [row for row in near if row in self.written and is_wrong(look, row, self.written[row])][:1]
        return found


@pytest.fixture
def places(servers, bin_folder):
    """places(kind): a server of that kind, empty but for the writers' table."""
    used = []

    def make(kind):
        used.append(servers.get(kind, "up"))
        return Places(used[-1], bin_folder / "tests" / "copy_positions_e2e")

    yield make
    for server in used:
        server.execute("SET GLOBAL sync_binlog = 0")


@pytest.mark.parametrize("kind", KINDS)
def test_reads_after_low_see_all_up_to_it(kind, places):
    source = places(kind)
    looks = source.take("gtid", "position", "snapshot")
    for place, by_gtid in (("gtid", True), ("position", False), ("snapshot", True), ("snapshot", False)):
        count = len(looks[place])
        missed, beyond = source.missed(looks[place], by_gtid), source.beyond(looks[place], by_gtid)
        assert not missed, f"{len(missed)} of {count} reads at {place} missed a row at or before it: {missed[:3]}"
        assert not beyond, f"{len(beyond)} of {count} reads at {place} saw a row behind HIGH: {beyond[:3]}"


@pytest.mark.parametrize("kind", ["mysql5.6", "mysql9.7"])
def test_without_the_global_lock_the_tables_lock_guards_low(kind, places):
    source = places(kind)
    source.server.create_user("reader", "", "SELECT, LOCK TABLES, REPLICATION CLIENT ON *.*")
    looks = source.take("position", user="reader")["position"]
    assert not source.missed(looks, False)
    assert not source.beyond(looks, False)


@pytest.mark.parametrize("kind", ["mysql5.6", "mysql9.7"])
def test_a_user_who_may_only_lock_tables_copies_by_position(kind, cluster, servers, downstream, assert_same):
    source = servers.get(kind, "up")
    source.execute("CREATE DATABASE d", *[f"CREATE TABLE d.t{t} (id INT PRIMARY KEY)" for t in range(5)],
                   *[f"INSERT INTO d.t{t} VALUES (1), (2)" for t in range(5)], "CREATE TABLE d.keyless (id INT)")
    source.create_user("locker", "", "SELECT, LOCK TABLES, REPLICATION CLIENT, REPLICATION SLAVE ON *.*")
    access = {"host": "127.0.0.1", "port": source.port, "user": "locker", "password": ""}
    cluster.create_source("s1", source, **{"enable-gtid": False, "from": access})
    cluster.start_task("t", downstream, ["s1"])
    cluster.wait_synced("t")
    source.execute("INSERT INTO d.t4 VALUES (3)", "INSERT INTO d.keyless VALUES (1)")
    cluster.wait_synced("t")
    assert_same(source, downstream, "d")


def test_a_long_query_holds_up_no_writes(cluster, servers, downstream, assert_same):
    """The copy's lock waits for the query, others do not wait for the lock."""
    source = servers.get("mysql9.7", "up")
    source.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY, v INT)", "INSERT INTO d.t VALUES (1, 0)")
    cluster.create_source("s1", source, **{"enable-gtid": False})
    with contextlib.closing(source.connect()) as connection:
        def read():
            with contextlib.suppress(pymysql.Error):  # it is ended below
                connection.cursor().execute("SELECT SLEEP(60) FROM d.t")

        reading = threading.Thread(target=read)
        reading.start()
        running = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE STATE = 'User sleep' AND TIME >= 2"
        wait_until(lambda: source.value(running), 10, "the query to take long")
        cluster.start_task("t", downstream, ["s1"])
        log = cluster.workers[cluster.worker_of("s1")].log
        cluster.wait(lambda: "is asked for again" in log.read_text(encoding="utf-8"), 20, "the lock to be put off")
        with contextlib.closing(source.connect()) as other, other.cursor() as cursor:
            cursor.execute("SET SESSION lock_wait_timeout = 4")
            cursor.execute("INSERT INTO d.t VALUES (2, 0)")
        assert reading.is_alive(), "while the query ran"
        source.execute(f"KILL QUERY {connection.thread_id()}")
        reading.join()
    cluster.wait_synced("t")
    assert_same(source, downstream, "d")
    (line, *_) = [line for line in log.read_text(encoding="utf-8").splitlines() if "is asked for again" in line]
    assert "a statement of 'root' on connection" in line, line


@pytest.mark.parametrize("kind", KINDS)
def test_a_place_taken_without_guard_is_found_out(kind, places):
    """The proof that the tests above can fail: what the server says of itself runs ahead of what reads see."""
    source = places(kind)

    assert any(source.missed(source.take("unguarded")["unguarded"], False) for _ in range(20))
