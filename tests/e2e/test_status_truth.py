"""query-status calls a task synced only if the source has just said so."""

import pytest

from testbed import wait_until


@pytest.fixture
def frozen(new_server):
    """A source that a test may stop, running again at its end."""
    server = new_server("mysql9.7", "frozen")
    yield server
    server.sigcont()


def sync_of(cluster):
    return cluster.subtask("t", "s1")["sync"]


def prepared(cluster, source, target):
    source.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY)", "INSERT INTO d.t VALUES (1)")
    cluster.create_source("s1", source)
    cluster.start_task("t", target, ["s1"])
    cluster.wait_unit("t", "Sync")
    cluster.wait_synced("t")


def test_a_source_that_hangs_is_not_called_in_step(cluster, frozen, downstream):
    prepared(cluster, frozen, downstream)
    frozen.sigstop()
    wait_until(lambda: not sync_of(cluster)["synced"], 20, "the source to be missed", cluster.diagnose)
    assert sync_of(cluster)["masterBinlog"] == ""
    assert sync_of(cluster)["syncerBinlog"].startswith("(bin.")
    table = cluster.ctl_run("query-status", "t", "--output", "table").stdout
    assert "the source does not answer" in table
    cluster.ctl_ok("pause-task", "t")
    cluster.wait_stage("t", "Paused")
    log = cluster.workers[cluster.worker_of("s1")].log.read_text(encoding="utf-8")
    assert "its statements are ended" not in log, "nothing at the target is in the way"
    frozen.sigcont()
    cluster.ctl_ok("resume-task", "t")
    cluster.wait_synced("t")


def test_a_paused_task_is_compared_with_where_the_source_is_now(cluster, upstream, downstream):
    prepared(cluster, upstream, downstream)
    cluster.ctl_ok("pause-task", "t")
    cluster.wait_stage("t", "Paused")
    wait_until(lambda: sync_of(cluster)["synced"], 20, "the paused task to be in step", cluster.diagnose)
    before = sync_of(cluster)
    upstream.execute("INSERT INTO d.t VALUES (2)")
    after = sync_of(cluster)
    assert after["masterBinlog"] != before["masterBinlog"] and not after["synced"]
    assert after["syncerBinlog"] == before["syncerBinlog"]
    assert " behind " in cluster.ctl_run("query-status", "t", "--output", "table").stdout
    cluster.ctl_ok("resume-task", "t")
    cluster.wait_synced("t")
    assert downstream.query("SELECT COUNT(*) FROM d.t")[0][0] == 2


def test_a_run_that_begins_is_not_in_step_with_what_came_meanwhile(cluster, upstream, downstream):
    """The source was looked at when the run began; here it goes on only when its first checkpoint can be written."""
    prepared(cluster, upstream, downstream)
    cluster.ctl_ok("pause-task", "t")
    cluster.wait_stage("t", "Paused")
    with downstream.connect(autocommit=False) as connection:
        connection.cursor().execute("SELECT * FROM dm_meta.t_syncer_checkpoint FOR UPDATE")
        cluster.ctl_ok("resume-task", "t")
        cluster.wait_stage("t", "Running")
        waiting = ("SELECT ID FROM information_schema.PROCESSLIST WHERE INFO LIKE '%%INTO%%t_syncer_checkpoint%%' "
                   "AND ID <> CONNECTION_ID()")
        wait_until(lambda: downstream.query(waiting), 20, "the write to wait", cluster.diagnose)
        upstream.execute("INSERT INTO d.t VALUES (2)")
        assert not sync_of(cluster)["synced"]
        connection.rollback()
    cluster.wait_synced("t")
    assert downstream.query("SELECT COUNT(*) FROM d.t")[0][0] == 2
