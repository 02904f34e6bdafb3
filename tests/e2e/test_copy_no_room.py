"""A target that has no room: the task says so and stops, and goes on from there when there is room again."""

import contextlib
import threading

import pymysql
import pytest

from .small_disk import SmallDiskServer
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


MB = 1 << 20
# Their binlog would wait for room, for a minute at a time, where the tables say that there is none.
WITHOUT_BINLOG = {"mariadb10.11": {"log-bin": False},
                  "mysql9.7": {"log-bin": False, "disable-log-bin": None, "gtid-mode": "OFF",
                               "enforce-gtid-consistency": "OFF"}}


@pytest.fixture
def small_disk(tmp_path):
    """small_disk(kind, size, options): a server whose disk has that many bytes left."""
    started = []

    def make(kind, size, options):
        started.append(SmallDiskServer(kind, tmp_path / "small", name="small", size=size, options=options))
        return started[-1].start()

    yield make
    for server in started:
        server.remove()


@pytest.mark.parametrize("kind", list(WITHOUT_BINLOG))
def test_a_disk_that_fills_up_while_copying_and_while_following(kind, cluster, servers, small_disk, assert_same):
    source, target = servers.get("mysql9.7", "up"), small_disk(kind, 36 * MB, WITHOUT_BINLOG[kind])
    source.execute("CREATE DATABASE d")
    fill(source, "d.t", 5)
    cluster.create_source("s1", source)
    cluster.start_task("t", target, ONE_EACH)
    assert_paused_for_want_of_room(cluster)
    assert target.disk.free_bytes() < 8 * MB
    source.execute("UPDATE d.t SET v = 2 WHERE id % 100 = 1", "DELETE FROM d.t WHERE id % 100 = 2")
    target.resize(90 * MB)
    cluster.ctl_ok("resume-task", "t")
    cluster.wait_synced("t")
    assert_same(source, target, "d")
    for _ in range(2):
        source.execute("INSERT INTO d.t (v, pad) SELECT 3, pad FROM d.t")
    assert_paused_for_want_of_room(cluster)
    target.resize(300 * MB)
    cluster.ctl_ok("resume-task", "t")
    cluster.wait_synced("t")
    assert_same(source, target, "d")


def test_an_upstream_whose_disk_is_full(cluster, small_disk, downstream, assert_same):
    """It neither writes nor says where it is; what it had no room to log is not replicated."""
    source = small_disk("mariadb10.11", 40 * MB, {})
    source.execute("CREATE DATABASE d")
    fill(source, "d.t", 0)
    cluster.create_source("s1", source)
    cluster.start_task("t", downstream, ["s1"])
    cluster.wait_synced("t")

    def write():
        with contextlib.suppress(pymysql.Error), contextlib.closing(source.connect()) as connection:
            while True:
                connection.cursor().execute("UPDATE d.t SET v = v + 1")

    writer = threading.Thread(target=write)
    writer.start()
    waiting = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE STATE = 'Waiting for someone to free space'"
    cluster.wait(lambda: source.value(waiting), 30, "the binlog to find no room")
    status = cluster.subtask("t", "s1")
    assert status["stage"] == "Running" and not status["result"], "there is an answer, and it is not an error"
    # Left alone it would go on within a minute of having room.
    source.kill9()
    writer.join()
    source.resize(200 * MB)
    source.start()
    source.execute("UPDATE d.t SET v = v + 1000 WHERE id % 2 = 0")
    cluster.wait_synced("t")
    assert_same(source, downstream, "d")
