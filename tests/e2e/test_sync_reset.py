"""An upstream whose binlog begins anew gives the same GTIDs again: what follows a set is not what follows it."""

import pytest


def reset(source):
    source.execute("RESET BINARY LOGS AND GTIDS" if source.kind.name == "mysql9.7" else "RESET MASTER")


def write(source, count):
    for _ in range(count):
        source.execute("INSERT INTO r.t (v) VALUES (1)")


def error_of(cluster):
    cluster.wait_stage("t", "Paused")
    return cluster.subtask("t", "s1")["result"]["errors"][0]


@pytest.mark.parametrize("kind", ["mariadb10.11", "mysql9.7", "mysql5.6"])
def test_a_binlog_that_begins_anew_is_not_followed(cluster, new_server, downstream, assert_same, kind):
    source = new_server(kind, "source")
    source.execute("CREATE DATABASE r", "CREATE TABLE r.t (id INT AUTO_INCREMENT PRIMARY KEY, v INT)")
    cluster.create_source("s1", source)
    cluster.start_task("t", downstream, ["s1"])
    cluster.wait_unit("t", "Sync")
    write(source, 10)
    cluster.wait_synced("t")

    # While nobody looks: with more transactions than before all GTIDs of the checkpoint exist again.
    cluster.ctl_ok("pause-task", "t")
    cluster.wait_stage("t", "Paused")
    reset(source)
    write(source, 30)
    cluster.ctl("resume-task", "t")
    cluster.wait(lambda: cluster.subtask("t", "s1")["result"]["errors"], 30, "the task to fail")
    error = error_of(cluster)
    assert error["ErrCode"] == 36101 and "begun anew" in error["Message"], error

    # While the task runs: the server sends nothing more, and no error.
    cluster.ctl_ok("stop-task", "t")
    cluster.ctl_ok("start-task", "--remove-meta", cluster.folder / "task-t.yaml")
    cluster.wait_synced("t")
    assert_same(source, downstream, "r")
    reset(source)
    write(source, 2)
    error = error_of(cluster)
    assert error["ErrCode"] == 36101 and "begun anew" in error["Message"], error
