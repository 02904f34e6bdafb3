"""Mode full without access to the binlog: one locked snapshot, of one moment for all tables."""

import contextlib

import pytest

from testbed import Background


class Transfers(Background):
    """Moves amounts between two tables: their sum is the same at every moment."""

    interval = 0.001

    def __init__(self, server):
        super().__init__()
        self._server = server
        self.done = 0

    def session(self):
        return contextlib.closing(self._server.connect(autocommit=False))

    def step(self, session):
        amount = self.done % 97 + 1
        with session.cursor() as cursor:
            cursor.execute("UPDATE bank.a SET v = v - %s WHERE id = %s", (amount, self.done % 200 + 1))
            cursor.execute("UPDATE bank.b SET v = v + %s WHERE id = %s", (amount, self.done % 190 + 1))
        session.commit()
        self.done += 1


def fill(server):
    pad = "REPEAT('p', 200)"
    server.execute("CREATE DATABASE bank",
                   *[f"CREATE TABLE bank.{t} (id INT NOT NULL {key}, v INT NOT NULL, pad CHAR(200)) ENGINE=InnoDB"
                     for t, key in (("a", "PRIMARY KEY"), ("b", "PRIMARY KEY"), ("keyless", ""))])
    for table in ("a", "b", "keyless"):
        for begin in range(1, 6001, 1000):
            rows = ",".join(f"({i}, 100, {pad})" for i in range(begin, begin + 1000))
            server.execute(f"INSERT INTO bank.{table} VALUES {rows}")


def total(server):
    return server.value("SELECT (SELECT SUM(v) FROM bank.a) + (SELECT SUM(v) FROM bank.b)")


@pytest.mark.parametrize("kind", ["mysql5.6", "mariadb11.8"])
def test_binary_log_off(kind, cluster, new_server, downstream):
    off = {"log-bin": False, "gtid-mode": False, "enforce-gtid-consistency": False, "log-slave-updates": False}
    source = new_server(kind, "source", options=off if kind == "mysql5.6" else {"log-bin": False})
    assert source.query("SHOW VARIABLES LIKE 'log_bin'")[0][1] == "OFF"
    fill(source)
    cluster.create_source("s1", source, **{"enable-gtid": False})
    with Transfers(source) as writes:
        cluster.wait(lambda: writes.done > 20, 20, "writes")
        cluster.start_task("t", downstream, ["s1"], **{"task-mode": "full"})
        cluster.wait_stage("t", "Finished", 90)
    assert total(downstream) == total(source) == 6000 * 200, "both tables are of the same moment"
    assert [downstream.value(f"SELECT COUNT(*) FROM bank.{t}") for t in ("a", "b", "keyless")] == [6000] * 3
    log = "".join(worker.log.read_text(encoding="utf-8") for worker in cluster.workers.values())
    assert "copied as one locked snapshot" in log and "the upstream's binary log is off" in log


def test_a_user_who_may_only_read_and_lock(cluster, servers, downstream):
    source = servers.get("mysql9.7", "up")
    fill(source)
    source.create_user("reader", "secret", "SELECT, LOCK TABLES ON bank.*")
    reader = {"from": {"host": "127.0.0.1", "port": source.port, "user": "reader", "password": "secret"}}
    cluster.create_source("s1", source, **reader)
    cluster.start_task("t", downstream, ["s1"], **{"task-mode": "full"})
    cluster.wait_stage("t", "Finished", 90)
    assert total(downstream) == 6000 * 200
    # It is complete: a worker that takes over later leaves it alone.
    downstream.execute("UPDATE bank.a SET v = 7 WHERE id = 1")
    victim = cluster.worker_of("s1")
    cluster.workers[victim].kill9()
    cluster.wait(lambda: cluster.worker_of("s1") not in (None, victim), 20, "another worker to take over")
    cluster.wait_stage("t", "Finished", 60)
    assert downstream.value("SELECT v FROM bank.a WHERE id = 1") == 7
