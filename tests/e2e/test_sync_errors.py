"""What the target refuses: passing trouble is waited out, the rest pauses with code, cause, statement and advice."""

import os
import re
from pathlib import Path

import pytest

from testbed import wait_until


@pytest.fixture
def source(servers):
    server = servers.get("mariadb10.11", "up")
    server.execute("CREATE DATABASE e", "CREATE TABLE e.t (id INT PRIMARY KEY, v VARCHAR(20))",
                   "INSERT INTO e.t VALUES (1, 'one'), (2, 'two')")
    return server


@pytest.fixture(params=["mariadb10.11", "mysql9.7"])
def target(request, servers):
    return servers.get(request.param, "down")


@pytest.fixture
def running(cluster, source, target):
    cluster.create_source("s1", source)
    cluster.start_task("t", target, ["s1"])
    cluster.wait_synced("t")
    return cluster


def wait_error(cluster):
    def found():
        subtask = cluster.subtask("t", "s1")
        return subtask["stage"] == "Paused" and (subtask["result"] or {}).get("errors")

    return cluster.wait(found, 60, "the subtask to pause with an error")[0]


def place_of(server):
    """File and offset that its next transaction begins at."""
    return tuple(server.query("SHOW MASTER STATUS")[0][:2])


def locations(error):
    """The places in the binlog that an error names."""
    found = re.search(r"startLocation: \[position: \((\S+), (\d+)\), gtid: \d+-\d+-\d+\], "
                      r"endLocation: \[position: \((\S+), (\d+)\)", error["Message"])
    assert found, error
    return (found[1], int(found[2])), (found[3], int(found[4]))


@pytest.mark.parametrize("harm,change,repair,cause", [
    (["INSERT INTO e.t VALUES (5, 'foreign')"], "INSERT INTO e.t VALUES (5, 'five')", ["DELETE FROM e.t WHERE id = 5"],
     "1062"),
    (["RENAME TABLE e.t TO e.elsewhere"], "INSERT INTO e.t VALUES (5, 'five')", ["RENAME TABLE e.elsewhere TO e.t"],
     "36070"),
    (["ALTER TABLE e.t DROP COLUMN v"], "INSERT INTO e.t VALUES (5, 'five')",
     ["ALTER TABLE e.t ADD COLUMN v VARCHAR(20)", "UPDATE e.t SET v = ELT(id, 'one', 'two')"], "1054"),
], ids=["duplicate", "table", "column"])
def test_what_cannot_succeed_pauses(running, source, target, assert_same, harm, change, repair, cause):
    target.execute("SET SESSION sql_mode = ''", *harm, "SET SESSION sql_mode = DEFAULT")
    before = place_of(source)
    source.execute(change)
    error = wait_error(running)
    if cause == "36070":
        assert error["ErrCode"] == 36070 and "`e`.`t`" in error["Message"], error
    else:
        assert f"Error {cause}" in error["RawCause"], error
        assert "INSERT INTO `e`.`t`" in error["Message"] and error["ErrCode"], error
        start, end = locations(error)
        assert before < start < end < place_of(source), error
    target.execute(*repair)
    running.ctl_ok("resume-task", "t")
    running.wait_synced("t")
    assert_same(source, target, "e")


def noticed(cluster):
    return {n["kind"]: int(n["count"]) for n in cluster.subtask("t", "s1")["sync"]["noticed"]}


def test_values_that_do_not_fit_are_counted(running, source, target):
    """Sessions are not strict, as in the original: what is cut is no error, but it is told."""
    cut = "value changed by the target (warning 1265)"
    target.execute("ALTER TABLE e.t MODIFY v VARCHAR(5)")
    source.execute("INSERT INTO e.t VALUES (5, 'fifty-five')")
    running.wait_synced("t")
    assert target.value("SELECT v FROM e.t WHERE id = 5") == "fifty"
    assert noticed(running) == {cut: 1}
    # Several statements go in one piece; upserts come with warnings of their own on MySQL.
    with source.connect(autocommit=False) as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO e.t VALUES (6, 'six'), (7, 'seventy'), (8, 'eight')")
        cursor.execute("UPDATE e.t SET v = CONCAT('new', v) WHERE id IN (1, 2)")
        cursor.execute("DELETE FROM e.t WHERE id = 5")
        connection.commit()
    running.wait_synced("t")
    assert noticed(running) == {cut: 1 + 1 + 2}
    assert target.query("SELECT * FROM e.t ORDER BY id") == [
        (1, "newon"), (2, "newtw"), (6, "six"), (7, "seven"), (8, "eight")]
    running.ctl_ok("pause-task", "t")
    running.wait_stage("t", "Paused")
    source.execute("INSERT INTO e.t VALUES (9, 'nine')", "UPDATE e.t SET v = 'x' WHERE id < 9")
    running.ctl_ok("resume-task", "t")
    running.wait_synced("t")
    assert noticed(running) == {cut: 4}


def test_a_strict_task_does_not_let_values_be_cut(cluster, source, target, assert_same):
    cluster.create_source("s1", source)
    cluster.start_task("t", target, ["s1"], strict=True)
    cluster.wait_synced("t")
    target.execute("ALTER TABLE e.t MODIFY v VARCHAR(5)")
    with source.connect(autocommit=False) as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO e.t VALUES (5, 'five')")
        cursor.execute("UPDATE e.t SET v = 'too long' WHERE id = 1")
        connection.commit()
    error = wait_error(cluster)
    assert error["ErrCode"] == 36016 and "`e`.`t`: Data truncated for column 'v'" in error["Message"], error
    assert target.value("SELECT COUNT(*) FROM e.t") == 2 and target.value("SELECT v FROM e.t WHERE id = 1") == "one"
    target.execute("ALTER TABLE e.t MODIFY v VARCHAR(20)")
    cluster.ctl_ok("resume-task", "t")
    cluster.wait_synced("t")
    assert_same(source, target, "e")


def test_a_statement_that_the_target_refuses(running, source, target, assert_same):
    target.execute("INSERT INTO e.t VALUES (7, 'one')")
    before = place_of(source)
    source.execute("ALTER TABLE e.t ADD UNIQUE (v)")
    error = wait_error(running)
    assert "origin SQL: [ALTER TABLE e.t ADD UNIQUE (v)]" in error["Message"], error
    start, end = locations(error)
    assert before <= start < end <= place_of(source), error
    target.execute("DELETE FROM e.t WHERE id = 7")
    running.ctl_ok("resume-task", "t")
    running.wait_synced("t")
    assert_same(source, target, "e")


def test_a_missing_database(running, source, target):
    target.execute("DROP DATABASE e")
    source.execute("INSERT INTO e.t VALUES (5, 'five')")
    error = wait_error(running)
    assert "`e`.`t`" in error["Message"], error


def test_lost_privileges(cluster, source, target, assert_same):
    cluster.create_source("s1", source)
    target.execute("CREATE USER dm IDENTIFIED BY 'secret'", "GRANT ALL ON *.* TO dm")
    try:
        cluster.start_task("t", target, ["s1"], **{"target-database": {
            "host": "127.0.0.1", "port": target.port, "user": "dm", "password": "secret"}})
        cluster.wait_synced("t")
        cluster.ctl_ok("pause-task", "t")
        cluster.wait_stage("t", "Paused")
        target.execute("REVOKE ALL ON *.* FROM dm", "GRANT ALL ON dm_meta.* TO dm", "GRANT SELECT, CREATE ON e.* TO dm")
        source.execute("INSERT INTO e.t VALUES (5, 'five')")
        cluster.ctl("resume-task", "t")
        error = wait_error(cluster)
        assert "Error 1142" in error["RawCause"] and "secret" not in str(error), error
        target.execute("GRANT ALL ON *.* TO dm")
        cluster.ctl_ok("resume-task", "t")
        cluster.wait_synced("t")
        assert_same(source, target, "e")
    finally:
        target.execute("DROP USER dm")


def probe_seconds(process, port):
    """Of the process's idle connections to the port: the time until the kernel asks whether the other end lives."""
    sockets = set()
    for descriptor in Path(f"/proc/{process.pid}/fd").iterdir():
        sockets.add(os.readlink(descriptor))
    found = []
    for line in Path("/proc/net/tcp").read_text(encoding="utf-8").splitlines()[1:]:
        words = line.split()
        timer, left = words[5].split(":")
        if f"socket:[{words[9]}]" in sockets and words[2].endswith(f":{port:04X}") and timer in ("00", "02"):
            found.append(int(left, 16) / os.sysconf("SC_CLK_TCK") if timer == "02" else float("inf"))
    return found


def test_a_locked_row_is_waited_for(running, source, target, assert_same):
    target.execute("SET GLOBAL innodb_lock_wait_timeout = 1")
    connection = target.connect(autocommit=False)
    try:
        connection.cursor().execute("SELECT * FROM e.t WHERE id = 1 FOR UPDATE")
        running.ctl_ok("pause-task", "t")
        running.wait_stage("t", "Paused")
        running.ctl_ok("resume-task", "t")  # sessions that know of the short wait
        running.wait_synced("t")
        source.execute("UPDATE e.t SET v = 'later' WHERE id = 1")
        worker = running.workers[running.worker_of("s1")]
        for server in (source, target):
            waits = probe_seconds(worker, server.port)
            assert waits and max(waits) <= 20, f"a {server.name} that is gone without a word would not be noticed: {waits}"
        log = worker.log
        wait_until(lambda: "Error 1205" in log.read_text(encoding="utf-8"), 30, "the wait to time out", running.diagnose)
        assert running.subtask("t", "s1")["stage"] == "Running"
    finally:
        connection.close()
        target.execute("SET GLOBAL innodb_lock_wait_timeout = DEFAULT")
    running.wait_synced("t", 90)
    assert_same(source, target, "e")


def test_a_target_that_is_read_only_for_a_while(running, source, target, assert_same):
    # Only users without SUPER are bound by read_only; locking everything is the same to them.
    connection = target.connect()
    try:
        connection.cursor().execute("FLUSH TABLES WITH READ LOCK")
        source.execute("INSERT INTO e.t VALUES (6, 'six')", "UPDATE e.t SET v = 'x' WHERE id = 2")
        running.wait(lambda: running.subtask("t", "s1")["sync"]["secondsBehindMaster"] != "0", 30, "a lag to be shown")
        assert running.subtask("t", "s1")["stage"] == "Running"
    finally:
        connection.close()
    running.wait_synced("t")
    assert_same(source, target, "e")
    assert running.subtask("t", "s1")["sync"]["secondsBehindMaster"] in ("0", 0, None)


def test_strict_tasks_pause_where_others_count(cluster, source, target):
    cluster.create_source("s1", source)
    cluster.start_task("t", target, ["s1"])
    cluster.wait_synced("t")
    target.execute("DELETE FROM e.t WHERE id = 1")
    source.execute("UPDATE e.t SET v = 'x' WHERE id = 1")
    cluster.wait_synced("t")
    noticed = {n["kind"]: int(n["count"]) for n in cluster.subtask("t", "s1")["sync"]["noticed"]}
    assert noticed == {"updated row was missing in the target": 1}
    cluster.ctl_ok("stop-task", "t")
    cluster.start_task("t", target, ["s1"], strict=True)
    cluster.wait_synced("t")
    source.execute("DELETE FROM e.t WHERE id = 1")
    error = wait_error(cluster)
    assert error["ErrCode"] == 36016 and "strict" in error["Message"] and "`e`.`t`" in error["Message"], error


@pytest.fixture
def plain_user(target):
    """A user that `read_only` binds."""
    rights = "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, PROCESS"
    target.execute("CREATE USER plain IDENTIFIED BY 'secret'", f"GRANT {rights} ON *.* TO plain")
    yield {"host": "127.0.0.1", "port": target.port, "user": "plain", "password": "secret"}
    target.execute("SET GLOBAL read_only = 0", "DROP USER plain")


def test_a_read_only_target(cluster, source, target, plain_user, assert_same):
    cluster.create_source("s1", source)
    cluster.start_task("t", target, ["s1"], **{"target-database": plain_user})
    cluster.wait_synced("t")
    target.execute("SET GLOBAL read_only = 1")
    source.execute("INSERT INTO e.t VALUES (5, 'five')", "UPDATE e.t SET v = 'x' WHERE id = 1")

    def paused():
        subtask = cluster.subtask("t", "s1")
        return subtask["stage"] == "Paused" and (subtask["result"] or {}).get("errors")

    error = cluster.wait(paused, 120, "the subtask to pause when it has tried often enough")[0]
    assert "Error 1290" in error["RawCause"] and error["ErrCode"] and error["Workaround"], error
    target.execute("SET GLOBAL read_only = 0")
    cluster.ctl_ok("resume-task", "t")
    cluster.wait_synced("t")
    assert_same(source, target, "e")
