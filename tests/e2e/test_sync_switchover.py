"""The source's address moves to another server with the same history of transactions, as in a switchover."""

import contextlib
import threading

import pytest

from testbed import Background, free_port

from .proxy import Proxy


class Pair:
    """Two servers, one of which follows the other. `primary` is where one writes."""

    def __init__(self, new_server, kind):
        self.primary, self.replica = new_server(kind, "one"), new_server(kind, "two")
        self.is_mariadb = self.primary.kind.is_mariadb
        self._follow()

    def _follow(self):
        address = f"HOST = '127.0.0.1', {{0}}_PORT = {self.primary.port}, {{0}}_USER = 'root'"
        if self.is_mariadb:
            self.replica.execute("SET GLOBAL gtid_slave_pos = @@gtid_binlog_pos",
                                 f"CHANGE MASTER TO MASTER_{address.format('MASTER')}, MASTER_USE_GTID = slave_pos",
                                 "START SLAVE")
        else:
            self.replica.execute(f"CHANGE REPLICATION SOURCE TO SOURCE_{address.format('SOURCE')}, "
                                 "SOURCE_AUTO_POSITION = 1, GET_SOURCE_PUBLIC_KEY = 1", "START REPLICA")

    def _history(self, server):
        return server.value("SELECT @@gtid_binlog_pos" if self.is_mariadb else "SELECT @@gtid_executed")

    def is_level(self):
        return self._history(self.primary) == self._history(self.replica)

    def swap(self):
        """The replica, which has everything, becomes the primary; the other follows it."""
        self.replica.execute(*(("STOP SLAVE", "RESET SLAVE ALL") if self.is_mariadb else
                               ("STOP REPLICA", "RESET REPLICA ALL")))
        self.primary, self.replica = self.replica, self.primary
        self._follow()


class Writer(Background):
    """Small transactions, one after the other, on whichever server is the primary."""

    def __init__(self, pair):
        super().__init__()
        self.count = 0
        self._pair = pair
        self._writing = threading.Lock()
        self._is_free = threading.Event()
        self._is_free.set()

    def session(self):
        return contextlib.nullcontext()

    def step(self, _):
        self._is_free.wait()
        with self._writing:
            n = self.count = self.count + 1
            self._pair.primary.execute("BEGIN", f"INSERT INTO g.t VALUES ({n}, 0), ({-n}, 0)",
                                       f"UPDATE g.t SET v = v + 1 WHERE id BETWEEN {n - 5} AND {n}",
                                       f"DELETE FROM g.t WHERE id = {5 - n}", "COMMIT")

    @contextlib.contextmanager
    def held(self):
        """No transaction is open, and none begins."""
        self._is_free.clear()
        try:
            with self._writing:
                yield
        finally:
            self._is_free.set()


def _the_end_is_lost(cluster, pair, address, downstream):
    """The primary is gone before its last transaction has reached the replica."""
    cluster.wait(pair.is_level, 30, "the replica to have everything")
    pair.replica.execute("STOP REPLICA", "RESET REPLICA ALL")
    pair.primary.execute("INSERT INTO g.t VALUES (2000000, 0)")
    cluster.wait_synced("t")
    cluster.ctl_ok("pause-task", "t")
    cluster.wait_stage("t", "Paused")
    address.point_to(pair.replica.port)
    pair.replica.execute("INSERT INTO g.t VALUES (2000001, 0)")
    cluster.ctl_ok("resume-task", "t")
    cluster.wait(lambda: downstream.query("SELECT id FROM g.t WHERE id >= 2000000") == [(2000000,), (2000001,)], 30,
                 "the other server's row")
    kinds = [noticed["kind"] for noticed in cluster.subtask("t", "s1")["sync"]["noticed"]]
    assert kinds == ["transactions in the target that the upstream does not have"]


@pytest.mark.parametrize("kind", ["mariadb10.11", "mysql9.7"])
def test_a_source_moves_to_another_server(cluster, new_server, downstream, assert_same, kind):
    pair = Pair(new_server, kind)
    pair.primary.execute("CREATE DATABASE g", "CREATE TABLE g.t (id INT PRIMARY KEY, v INT)", "INSERT INTO g.t VALUES (0, 0)",
                         "FLUSH BINARY LOGS", "FLUSH BINARY LOGS", "FLUSH BINARY LOGS")
    address = Proxy(pair.primary.port, free_port())
    try:
        source = cluster.source_config("s1", pair.primary)
        source["from"]["port"] = address.port
        cluster.ctl_ok("operate-source", "create", cluster.write("source.yaml", source))
        cluster.start_task("t", downstream, ["s1"])
        cluster.wait_synced("t")
        pair.primary.execute("INSERT INTO g.t VALUES (1000000, 0)")
        cluster.wait_synced("t")

        # While it is paused: what is recorded names a file that the other server does not have.
        cluster.ctl_ok("pause-task", "t")
        cluster.wait_stage("t", "Paused")
        cluster.wait(pair.is_level, 30, "the replica to have everything")
        pair.swap()
        address.point_to(pair.primary.port)
        cluster.ctl_ok("resume-task", "t")
        cluster.wait_synced("t")
        pair.primary.execute("INSERT INTO g.t VALUES (1000001, 0)")
        cluster.wait_synced("t")
        assert_same(pair.primary, downstream, "g")

        # Amid changes, the last of which may be unread or not applied yet.
        with Writer(pair) as writer:
            cluster.wait(lambda: writer.count > 100, 30, "changes")
            with writer.held():
                address.point_to(None)
                cluster.wait(pair.is_level, 30, "the replica to have everything")
                pair.swap()
                address.point_to(pair.primary.port)
            cluster.wait(lambda: writer.count > 200, 30, "changes on the other server")
        cluster.wait_synced("t")
        assert_same(pair.primary, downstream, "g")
        log = cluster.workers[cluster.worker_of("s1")].log.read_text(encoding="utf-8")
        assert "subtask paused by an error" not in log
        if not pair.is_mariadb:
            _the_end_is_lost(cluster, pair, address, downstream)
    finally:
        address.close()
