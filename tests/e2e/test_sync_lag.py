"""The lag as status and metrics show it."""

import contextlib

import pytest

from .scrape import Scrape


def sync_status(cluster):
    return cluster.subtask("t", "s1")["sync"]


def lag(cluster):
    return float(sync_status(cluster).get("lagSeconds", 0))


@pytest.fixture
def running(cluster, upstream, downstream):
    upstream.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY, v INT)", "INSERT INTO d.t VALUES (1, 1)")
    cluster.create_source("s1", upstream)
    cluster.start_task("t", downstream, ["s1"])
    cluster.wait_synced("t")
    return cluster


def test_the_lag_is_as_fine_as_the_source_tells(running, upstream, downstream):
    upstream.execute("INSERT INTO d.t VALUES (2, 2)")
    running.wait_synced("t")
    status = running.member(running.worker_of("s1"))
    histogram = Scrape.of(status["addr"])
    assert histogram.sum("dm_syncer_commit_lag_count", task="t") >= 1
    if upstream.kind.is_mariadb:
        assert lag(running) == int(lag(running)), "MariaDB logs whole seconds"
        return
    running.wait(lambda: lag(running) > 0, 10, "the lag of the last transaction to be shown")
    assert lag(running) != int(lag(running))


def test_the_lag_grows_while_a_transaction_waits(running, upstream, downstream, assert_same):
    with contextlib.closing(downstream.connect()) as keeper:
        keeper.cursor().execute("LOCK TABLES d.t WRITE")
        upstream.execute("INSERT INTO d.t VALUES (3, 3)")
        running.wait(lambda: int(sync_status(running)["secondsBehindMaster"]) >= 2, 30, "a lag to be shown")
        assert lag(running) >= 2
    running.wait_synced("t")
    assert lag(running) >= 2, "the last transaction was that late"
    running.wait(lambda: int(sync_status(running)["secondsBehindMaster"]) == 0, 20, "the lag to be gone")
    upstream.execute("INSERT INTO d.t VALUES (4, 4)")
    running.wait(lambda: lag(running) < 2, 20, "the next one to be less late")
    assert_same(upstream, downstream, "d")


def test_the_lag_grows_while_a_statement_is_executed(running, upstream, downstream, assert_same):
    with contextlib.closing(downstream.connect(autocommit=False)) as reader:
        reader.cursor().execute("SELECT * FROM d.t")
        upstream.execute("ALTER TABLE d.t ADD w INT")
        running.wait(lambda: int(sync_status(running)["secondsBehindMaster"]) >= 2, 30, "a lag to be shown")
    running.wait_synced("t")
    running.wait(lambda: int(sync_status(running)["secondsBehindMaster"]) == 0, 20, "the lag to be gone")
    assert_same(upstream, downstream, "d")
