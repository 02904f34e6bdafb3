"""A target that has no room: the task says so and stops, and goes on from there when there is room again."""

import pytest

from .test_copy_resume import ONE_EACH, Reads, chunks, fill

_SMALL = {"innodb-data-file-path": "ibdata1:12M:autoextend:max:48M", "innodb-file-per-table": "0"}
_LARGE = {"innodb-data-file-path": "ibdata1:12M:autoextend"}


@pytest.fixture
def full_soon(new_server):
    """A target whose tables share 48 MB; started again with _LARGE it has room enough."""
    return new_server("mariadb10.11", "small", options=_SMALL)


def assert_paused_for_want_of_room(cluster):
    """The subtask stopped with an error that says why, where and what to do."""
    cluster.wait_stage("t", "Paused", 60)
    error = cluster.subtask("t", "s1")["result"]["errors"][0]
    assert (error["ErrCode"], error["ErrScope"]) == (10006, "downstream"), error
    assert "`d`.`t`" in error["Message"], error
    assert error["RawCause"] == "Error 1114 (HY000): The table 't' is full", error
    assert "make some on its disk" in error["Workaround"] and "`resume-task`" in error["Workaround"], error


def test_the_copy_stops_and_goes_on(cluster, upstream, full_soon, assert_same):
    upstream.execute("CREATE DATABASE d")
    fill(upstream, "d.t", 6)
    cluster.create_source("s1", upstream)
    cluster.start_task("t", full_soon, ONE_EACH)
    assert_paused_for_want_of_room(cluster)
    done = chunks(full_soon, "t", "state = 'done'")
    assert done
    upstream.execute("UPDATE d.t SET v = 2 WHERE id % 100 = 1", "DELETE FROM d.t WHERE id % 100 = 2")
    full_soon.restart(_LARGE)
    with Reads(upstream, "d.t") as reads:
        cluster.ctl_ok("resume-task", "t")
        cluster.wait_synced("t")
    assert_same(upstream, full_soon, "d")
    reads.assert_only_missing(done)


def test_replication_stops_and_goes_on(cluster, upstream, full_soon, assert_same):
    upstream.execute("CREATE DATABASE d", "CREATE TABLE d.before (id INT PRIMARY KEY)")
    cluster.create_source("s1", upstream)
    cluster.start_task("t", full_soon, ["s1"])
    cluster.wait_synced("t")
    fill(upstream, "d.t", 6)
    assert_paused_for_want_of_room(cluster)
    full_soon.restart(_LARGE)
    cluster.ctl_ok("resume-task", "t")
    cluster.wait_synced("t")
    assert_same(upstream, full_soon, "d")
