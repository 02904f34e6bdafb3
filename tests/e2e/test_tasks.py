"""What an operator does to sources and tasks with dmctl."""

import pytest


@pytest.fixture
def source(servers):
    server = servers.get("mariadb10.11", "up")
    server.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY)", "INSERT INTO d.t VALUES (1), (2)")
    return server


@pytest.fixture
def running(cluster, source, downstream):
    cluster.create_source("s1", source)
    cluster.start_task("t", downstream, ["s1"])
    cluster.wait_unit("t", "Sync")
    return cluster


def ids(server):
    return [row[0] for row in server.query("SELECT id FROM d.t ORDER BY id")]


def test_pause_and_resume(running, source, downstream):
    answer = running.ctl_ok("pause-task", "t")
    assert answer["op"] == "Pause" and [s["source"] for s in answer["sources"]] == ["s1"]
    subtask = running.subtask("t", "s1")
    assert subtask["stage"] == "Paused" and subtask["result"]["isCanceled"] and not subtask["result"]["errors"]
    source.execute("INSERT INTO d.t VALUES (3)")
    assert [t["taskStatus"] for t in running.ctl("query-status")["tasks"]] == ["Paused"]
    assert ids(downstream) == [1, 2]

    assert running.ctl_ok("resume-task", "t")["op"] == "Resume"
    running.wait_synced("t")
    assert ids(downstream) == [1, 2, 3]


def test_stopped_task_starts_again_from_its_checkpoint(running, source, downstream):
    assert running.ctl_ok("stop-task", "t")["op"] == "Delete"
    answer = running.ctl("query-status", "t")
    assert not answer["result"] and "has no source or not exist" in answer["msg"]
    assert running.ctl("query-status")["tasks"] == []
    source.execute("INSERT INTO d.t VALUES (3)")
    downstream.execute("DELETE FROM d.t WHERE id = 1")  # only another copy would bring it back

    running.start_task("t", downstream, ["s1"])
    running.wait_unit("t", "Sync")
    running.wait_synced("t")
    assert ids(downstream) == [2, 3]


def test_remove_meta_copies_again(running, source, downstream, assert_same):
    running.ctl_ok("stop-task", "t")
    downstream.execute("DELETE FROM d.t WHERE id = 1")
    running.ctl_ok("start-task", "--remove-meta", running.write_task("t", downstream, ["s1"]))
    running.wait_unit("t", "Sync")
    running.wait_synced("t")
    assert_same(source, downstream, "d")


def test_task_file_stands_for_its_task(running, downstream):
    path = running.write_task("t", downstream, ["s1"])
    assert running.ctl_ok("pause-task", path)["op"] == "Pause"
    running.wait_stage("t", "Paused")
    assert running.ctl_ok("stop-task", path)["op"] == "Delete"


def test_a_task_starts_only_once(running, downstream):
    answer = running.ctl("start-task", running.write_task("t", downstream, ["s1"]))
    assert not answer["result"] and "code=46014" in answer["msg"]


def test_a_source_in_use_stays(running):
    answer = running.ctl("operate-source", "stop", "s1")
    assert not answer["result"] and "code=46010" in answer["msg"]
    running.ctl_ok("stop-task", "t")
    running.ctl_ok("operate-source", "stop", "s1")
    assert running.ctl("operate-source", "show")["sources"] == []
    running.wait(lambda: {w["stage"] for w in running.members()} == {"free"}, 10, "all workers to be free")


def test_sources_are_shown_and_listed(running):
    (shown,) = running.ctl_ok("operate-source", "show")["sources"]
    assert shown == {"result": True, "msg": "", "source": "s1", "worker": running.worker_of("s1")}
    assert {w["stage"] for w in running.members()} == {"bound", "free"}
    answer = running.ctl("list-member")
    assert [next(iter(part)) for part in answer["members"]] == ["leader", "master", "worker"]
    (master,) = answer["members"][1]["master"]["masters"]
    assert master["name"] == "master-1" and master["alive"] and master["clientURLs"]
    assert answer["members"][0]["leader"]["addr"] == running.master_addr


def test_source_without_free_worker_waits(new_cluster, servers, source):
    cluster = new_cluster(workers=1)
    cluster.create_source("s1", source)
    path = cluster.write("second.yaml", cluster.source_config("s2", servers.get("mysql9.7", "up")))
    (element,) = cluster.ctl("operate-source", "create", path)["sources"]
    assert element["result"] and "no free worker" in element["msg"]
    cluster.add_worker("worker-2")
    cluster.wait(lambda: cluster.worker_of("s2") == "worker-2", 10, "s2 to be bound")
