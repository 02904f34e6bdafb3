"""A target that checks foreign keys: what a parent row takes along upstream it takes along there, and no more."""

import pytest


STRUCTURE = ("CREATE DATABASE f", "CREATE TABLE f.parent (id INT PRIMARY KEY, name VARCHAR(20) UNIQUE, n INT)",
             "CREATE TABLE f.child (id INT PRIMARY KEY, parent INT, tag INT UNIQUE, "
             "FOREIGN KEY (parent) REFERENCES f.parent (id) ON DELETE CASCADE)")


@pytest.fixture(params=["mariadb10.11", "mysql9.7"])
def target(request, servers):
    server = servers.get(request.param, "down")
    server.execute(*STRUCTURE)
    return server


@pytest.fixture
def source(servers):
    server = servers.get("mariadb10.11", "up")
    server.execute(*STRUCTURE)
    return server


def checked(target):
    return {"host": "127.0.0.1", "port": target.port, "user": "root", "password": "",
            "session": {"foreign_key_checks": 1}}


def test_safe_mode_keeps_children(cluster, source, target, assert_same):
    cluster.create_source("s1", source)
    cluster.start_task("t", target, ["s1"], **{"target-database": checked(target)})
    cluster.wait_synced("t")
    source.execute("INSERT INTO f.parent VALUES (1, 'a', 1), (2, 'b', 1), (3, 'c', 1)",
                   "INSERT INTO f.child VALUES (1, 1, 1), (2, 1, 2), (3, 2, 3), (4, 3, 4)")
    cluster.wait_synced("t")
    # Whoever continues after a crash repeats changes up to where the upstream stands, these too.
    cluster.workers[cluster.worker_of("s1")].kill9()
    source.execute("UPDATE f.parent SET n = n + 1", "UPDATE f.child SET tag = tag + 10 ORDER BY tag DESC",
                   "INSERT INTO f.parent VALUES (4, 'd', 1)", "INSERT INTO f.child VALUES (5, 4, 5)",
                   "DELETE FROM f.parent WHERE id = 1")
    cluster.wait(lambda: cluster.worker_of("s1"), 30, "a worker to take over")
    cluster.wait_synced("t")
    assert_same(source, target, "f")
    assert target.query("SELECT id FROM f.child ORDER BY id") == [(3,), (4,), (5,)]


def test_a_key_that_cannot_change_safely(cluster, source, target, assert_same):
    source.execute("INSERT INTO f.parent VALUES (1, 'a', 1)", "INSERT INTO f.child VALUES (1, 1, 1)")
    cluster.create_source("s1", source)
    cluster.start_task("t", target, ["s1"])
    cluster.wait_synced("t")
    cluster.ctl_ok("stop-task", "t")
    source.execute("UPDATE f.parent SET name = 'z'")
    safe = {"syncers": {"safe": {"safe-mode": True}},
            "mysql-instances": [{"source-id": "s1", "syncer-config-name": "safe"}]}
    cluster.ctl("start-task", cluster.write_task("t", target, [], **safe, **{"target-database": checked(target)}))

    def found():
        return (cluster.subtask("t", "s1")["result"] or {}).get("errors")

    error = cluster.wait(found, 30, "the subtask to fail")[0]
    assert error["ErrCode"] == 36025 and "`f`.`parent`" in error["Message"] and error["Workaround"], error
    assert target.value("SELECT COUNT(*) FROM f.child") == 1
    cluster.ctl_ok("stop-task", "t")
    cluster.start_task("t", target, ["s1"])
    cluster.wait_synced("t")
    assert_same(source, target, "f")
