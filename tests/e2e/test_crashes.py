"""kill -9 and worse: nothing is lost, nothing is doubled, and a worker without its lease keeps its hands off."""

import os
import signal

import pytest
from testbed.process import connections, start_time

from .workload import Workload


@pytest.fixture
def big_table(upstream):
    """A table of 60,000 rows, so that its copy can be caught in the middle."""
    upstream.execute(
        "CREATE DATABASE big", "CREATE TABLE big.t (id INT AUTO_INCREMENT PRIMARY KEY, v CHAR(36), pad CHAR(120))",
        "INSERT INTO big.t (v, pad) SELECT UUID(), REPEAT('p', 120) FROM information_schema.columns LIMIT 1000",
        *["INSERT INTO big.t (v, pad) SELECT UUID(), pad FROM big.t LIMIT 20000"] * 7,
        "DELETE FROM big.t WHERE id > (SELECT m FROM (SELECT MAX(id) - 1 AS m FROM big.t) x)")
    assert upstream.value("SELECT COUNT(*) FROM big.t") > 40000
    return "big"


class Hold:
    """Holds every write to a server: the copy stands still in the middle until it is let go."""

    def __init__(self, server):
        self._connection = server.connect()
        self._connection.cursor().execute("FLUSH TABLES WITH READ LOCK")

    def release(self):
        self._connection.close()


def start_and_hold_copy(cluster, downstream, table):
    """Starts a task and freezes the downstream as soon as the first rows of the table are there."""
    cluster.start_task("t", downstream, ["s1"])
    cluster.wait(lambda: downstream.value(f"SELECT COUNT(*) FROM {table}"), 30, "first rows of the copy")
    return Hold(downstream)


def test_worker_killed_in_the_copy(cluster, upstream, downstream, big_table, assert_same):
    cluster.create_source("s1", upstream)
    hold = start_and_hold_copy(cluster, downstream, "big.t")
    victim = cluster.worker_of("s1")
    cluster.workers[victim].kill9()
    upstream.execute("UPDATE big.t SET v = 'meanwhile' WHERE id % 100 = 0", "DELETE FROM big.t WHERE id % 100 = 1")
    hold.release()

    cluster.wait(lambda: cluster.worker_of("s1") not in (None, victim), 20, "another worker to take over")
    cluster.wait_synced("t")
    assert_same(upstream, downstream, big_table)
    assert cluster.member(victim)["stage"] == "offline"


def test_worker_killed_while_syncing(cluster, upstream, downstream, assert_same, seed):
    work = Workload(upstream, "shop", seed).create()
    cluster.create_source("s1", upstream)
    cluster.start_task("t", downstream, ["s1"])
    cluster.wait_unit("t", "Sync")
    with work:
        for _ in range(2):
            victim = cluster.worker_of("s1")
            cluster.workers[victim].kill9()
            cluster.wait(lambda v=victim: cluster.worker_of("s1") not in (None, v), 20, "another worker to take over")
            cluster.workers[victim].start()
            cluster.wait(lambda v=victim: cluster.member(v)["stage"] == "free", 20, f"{victim} to be free")
            cluster.wait_unit("t", "Sync")
            done = work.transactions
            cluster.wait(lambda d=done: work.transactions > d + 50, 30, "more writes")
    cluster.wait_synced("t")
    assert_same(upstream, downstream, "shop")


def test_only_worker_comes_back_and_continues(new_cluster, upstream, downstream, assert_same, seed):
    cluster = new_cluster(workers=1)
    work = Workload(upstream, "shop", seed).create()
    cluster.create_source("s1", upstream)
    cluster.start_task("t", downstream, ["s1"])
    cluster.wait_unit("t", "Sync")
    work.run(20)
    cluster.wait_synced("t")
    worker = cluster.workers["worker-1"]
    worker.kill9()
    # Only a worker that continues from its checkpoint leaves this row alone: a second copy would bring it back.
    name = upstream.value("SELECT MAX(name) FROM shop.counter")
    downstream.query("DELETE FROM shop.counter WHERE name = %s", (name,))
    upstream.execute("INSERT INTO shop.counter VALUES ('later', 1, 2)")
    worker.start()
    cluster.wait_unit("t", "Sync")
    cluster.wait_synced("t")
    assert downstream.query("SELECT hits FROM shop.counter WHERE name = 'later'") == [(1,)]
    assert downstream.query("SELECT hits FROM shop.counter WHERE name = %s", (name,)) == []
    upstream.query("DELETE FROM shop.counter WHERE name = %s", (name,))
    cluster.wait_synced("t")
    assert_same(upstream, downstream, "shop")


def test_master_killed_and_started_again(cluster, upstream, downstream, assert_same, seed):
    work = Workload(upstream, "shop", seed).create()
    cluster.create_source("s1", upstream)
    cluster.start_task("t", downstream, ["s1"])
    cluster.wait_unit("t", "Sync")
    bound, etcd = cluster.worker_of("s1"), cluster.etcd_pid()
    started = start_time(etcd)
    with work:
        cluster.master.kill9()
        cluster.wait(lambda: start_time(etcd) != started, 10, "the master's etcd to end with it")
        cluster.master.start()
        cluster.wait(cluster.leader, 20, "a leader")
        cluster.wait_unit("t", "Sync")
    cluster.wait_synced("t")
    assert_same(upstream, downstream, "shop")
    assert cluster.worker_of("s1") in cluster.workers, bound
    cluster.ctl_ok("stop-task", "t")


def test_etcd_killed_under_the_master(cluster, upstream, downstream, assert_same, seed):
    work = Workload(upstream, "shop", seed).create()
    cluster.create_source("s1", upstream)
    cluster.start_task("t", downstream, ["s1"])
    cluster.wait_unit("t", "Sync")
    with work:
        etcd = cluster.etcd_pid()
        os.kill(etcd, signal.SIGKILL)
        cluster.wait(lambda: cluster.etcd_pid() not in (None, etcd), 20, "a new etcd")
        cluster.wait(cluster.leader, 20, "a leader")
        cluster.wait_unit("t", "Sync")
    assert cluster.master.is_running()
    cluster.wait_synced("t")
    assert_same(upstream, downstream, "shop")
    cluster.ctl_ok("pause-task", "t")
    cluster.wait_stage("t", "Paused")


def test_leases_outlive_their_store(cluster, upstream, downstream, assert_same, seed):
    """The store is away for longer than the leases live: workers stop, and go on where they were when it is back."""
    work = Workload(upstream, "shop", seed).create()
    cluster.create_source("s1", upstream)
    cluster.start_task("t", downstream, ["s1"])
    cluster.wait_unit("t", "Sync")
    bound = cluster.worker_of("s1")
    with work:
        cluster.master.kill9()
        for worker in cluster.workers.values():
            cluster.wait(lambda w=worker: "lease lost" in w.log.read_text(), 20, f"{worker.name} to stop")
        cluster.wait(lambda: connections(cluster.workers[bound].pid, downstream.port) == 0, 15, "the writers to stop")
        cluster.master.start()
        cluster.wait(cluster.leader, 20, "a leader")
        cluster.ctl_ok("pause-task", "t")
        cluster.ctl_ok("resume-task", "t")
        cluster.wait_unit("t", "Sync")
    cluster.wait_synced("t")
    assert_same(upstream, downstream, "shop")
    assert cluster.worker_of("s1") == bound
    assert "worker is offline" not in cluster.master.log.read_text()


def test_worker_that_slept_through_its_lease_lets_go(cluster, upstream, downstream, assert_same, seed):
    work = Workload(upstream, "shop", seed).create()
    cluster.create_source("s1", upstream)
    cluster.start_task("t", downstream, ["s1"])
    cluster.wait_unit("t", "Sync")
    sleeper = cluster.worker_of("s1")
    process = cluster.workers[sleeper]
    with work:
        process.sigstop()
        cluster.wait(lambda: cluster.worker_of("s1") not in (None, sleeper), 20, "another worker to take over")
        process.sigcont()
        cluster.wait(lambda: connections(process.pid, downstream.port) == 0, 15, f"{sleeper} to close its connections")
        cluster.wait(lambda: cluster.member(sleeper)["stage"] == "free", 20, f"{sleeper} to be free")
        cluster.wait_unit("t", "Sync")
    cluster.wait_synced("t")
    assert cluster.worker_of("s1") != sleeper
    assert_same(upstream, downstream, "shop")


def test_worker_that_slept_in_the_copy_lets_go(cluster, upstream, downstream, big_table, assert_same):
    cluster.create_source("s1", upstream)
    hold = start_and_hold_copy(cluster, downstream, "big.t")
    sleeper = cluster.worker_of("s1")
    process = cluster.workers[sleeper]
    process.sigstop()  # with statements under way, which the target goes on with as soon as it may
    hold.release()
    cluster.wait(lambda: cluster.worker_of("s1") not in (None, sleeper), 20, "another worker to take over")
    upstream.execute("UPDATE big.t SET v = 'meanwhile' WHERE id % 100 = 0", "DELETE FROM big.t WHERE id % 100 = 1")
    process.sigcont()
    cluster.wait(lambda: connections(process.pid, downstream.port) == 0, 15, f"{sleeper} to close its connections")
    cluster.wait_synced("t")
    assert cluster.worker_of("s1") != sleeper
    assert_same(upstream, downstream, big_table)


def test_worker_cut_off_from_the_master_stops_itself(new_cluster, servers, downstream, assert_same):
    cluster = new_cluster(workers=1)
    source = servers.get("mariadb10.11", "up")
    source.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY)", "INSERT INTO d.t VALUES (1)")
    cluster.create_source("s1", source)
    cluster.start_task("t", downstream, ["s1"])
    cluster.wait_unit("t", "Sync")
    worker, etcd = cluster.workers["worker-1"], cluster.etcd_pid()
    assert connections(worker.pid, downstream.port) > 0

    cluster.master.sigstop()
    os.kill(etcd, signal.SIGSTOP)
    cluster.wait(lambda: connections(worker.pid, downstream.port) == 0, 20, "the worker to stop its subtask")
    source.execute("INSERT INTO d.t VALUES (2)")
    assert worker.is_running()
    assert downstream.query("SELECT id FROM d.t") == [(1,)]

    os.kill(etcd, signal.SIGCONT)
    cluster.master.sigcont()
    cluster.wait(lambda: downstream.value("SELECT COUNT(*) FROM d.t") == 2, 40, "the worker to continue")
    cluster.wait_unit("t", "Sync")
    assert_same(source, downstream, "d")


def test_upstream_and_downstream_come_back(new_cluster, new_server, assert_same):
    source, target = new_server("mariadb10.11", "source"), new_server("mariadb10.11", "target")
    cluster = new_cluster(workers=1)
    source.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY)", "INSERT INTO d.t VALUES (1)")
    cluster.create_source("s1", source)
    cluster.start_task("t", target, ["s1"])
    cluster.wait_unit("t", "Sync")
    for number, server in enumerate((source, target), 2):
        server.kill9()
        server.start()
        source.execute(f"INSERT INTO d.t VALUES ({number})")
        cluster.wait(lambda n=number: target.value("SELECT COUNT(*) FROM d.t") == n, 40, f"row {number} to arrive")
    assert_same(source, target, "d")
