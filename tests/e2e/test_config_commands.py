"""What `config` gives back is what was given, and commands that begin, check and carry tasks over."""

import datetime
import json
import re
import stat

import pytest

@pytest.fixture
def source(servers):
    server = servers.get("mariadb10.11", "up")
    server.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY)", "INSERT INTO d.t VALUES (1), (2)")
    return server


def ids(server):
    return [row[0] for row in server.query("SELECT id FROM d.t ORDER BY id")]


def texts(folder):
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*.yaml")}


def test_export_and_import_lose_nothing(cluster, source, downstream):
    cluster.create_source("s1", source, **{"case-sensitive": True, "filters": [
        {"schema-pattern": "d", "table-pattern": "x*", "events": ["drop table"], "action": "Ignore"}]})
    cluster.start_task("t", downstream, [{"source-id": "s1", "block-allow-list": "l", "route-rules": ["r"],
                                          "syncer-config-name": "s", "mydumper-config-name": "m"}],
                       **{"block-allow-list": {"l": {"do-dbs": ["d"]}},
                          "routes": {"r": {"schema-pattern": "d", "target-schema": "e"}},
                          "syncers": {"s": {"worker-count": 3, "batch": 7, "checkpoint-flush-interval": 5}},
                          "mydumpers": {"m": {"threads": 2}}})
    cluster.wait_unit("t", "Sync")
    first, second = cluster.folder / "first", cluster.folder / "second"
    assert cluster.ctl_run("config", "export", "-p", first).returncode == 0
    shown = [cluster.ctl("config", "task", "t")["cfg"], cluster.ctl("config", "source", "s1")["cfg"]]
    assert all(re.findall(r"password: (.*)", text) == ["'******'"] for text in shown), shown

    cluster.ctl_ok("stop-task", "t")
    cluster.ctl_ok("operate-source", "stop", "s1")
    done = cluster.ctl_run("config", "import", "-p", first)
    assert done.returncode == 0, done.stdout + done.stderr
    cluster.wait_unit("t", "Sync")
    assert cluster.ctl_run("config", "export", "-p", second).returncode == 0
    assert texts(first) == texts(second) and set(texts(first)) == {"tasks/t.yaml", "sources/s1.yaml"}
    assert shown == [cluster.ctl("config", "task", "t")["cfg"], cluster.ctl("config", "source", "s1")["cfg"]]


def test_only_what_is_written_is_made_private(cluster):
    """Passwords may be in it; but a folder that was there before, such as /tmp, keeps its mode, and a terminal its."""
    folder = cluster.folder / "shared"
    folder.mkdir()
    folder.chmod(0o1777)
    done = cluster.ctl_run("config", "worker", "worker-1", "-p", folder)
    assert done.returncode != 0 and f"cannot write file {folder}" in done.stderr and "directory" in done.stderr
    assert cluster.ctl_run("config", "export", "-p", folder).returncode == 0
    assert stat.S_IMODE(folder.stat().st_mode) == 0o1777
    assert {stat.S_IMODE((folder / kind).stat().st_mode) for kind in ("tasks", "sources")} == {0o700}

    file = folder / "worker.toml"
    file.write_text("something longer than what follows" * 1000)
    file.chmod(0o644)
    cluster.ctl_ok("config", "worker", "worker-1", "-p", file)
    assert 'name = "worker-1"' in file.read_text() and "something" not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert 'name = "worker-1"' in cluster.ctl_run("config", "worker", "worker-1", "-p", "/dev/stdout").stdout


def test_unknown_names_are_not_found(cluster):
    for kind, said in (("task", "task not found"), ("source", "source not found"), ("worker", "worker not found"),
                       ("master", "master not found"), ("task-template", "task not found")):
        answer = cluster.ctl("config", kind, "nothing")
        assert not answer["result"] and answer["msg"] == said
    assert 'name = "worker-1"' in cluster.ctl("config", "worker", "worker-1")["cfg"]
    assert 'name = "master-1"' in cluster.ctl("config", "master", "master-1")["cfg"]


def test_start_on_some_sources_only(cluster, source, servers, downstream):
    other = servers.get("mysql9.7", "up")
    other.execute("CREATE DATABASE o", "CREATE TABLE o.t (id INT PRIMARY KEY) COLLATE utf8mb4_bin")
    cluster.create_source("s1", source)
    cluster.create_source("s2", other)
    path = cluster.write_task("t", downstream, ["s1", "s2"])
    answer = cluster.ctl("start-task", "-s", "nobody", path)
    assert not answer["result"] and [s["source"] for s in answer["sources"]] == ["nobody"]
    assert [s["source"] for s in cluster.ctl_ok("start-task", "-s", "s2", path)["sources"]] == ["s2"]
    assert set(cluster.subtasks("t")) == {"s2"}
    # One task writes to one place: another target for the other source would be lost in `config task` and an export.
    refused = cluster.ctl("start-task", cluster.write("other.yaml", cluster.task_config(
        "t", downstream, ["s1", "s2"], **{"meta-schema": "elsewhere"})))
    assert not refused["result"] and "code=46014" in refused["msg"] and "meta-schema `elsewhere`" in refused["msg"]
    assert set(cluster.subtasks("t")) == {"s2"}
    assert [s["source"] for s in cluster.ctl_ok("start-task", path)["sources"]] == ["s1"]
    assert set(cluster.subtasks("t")) == {"s1", "s2"}
    assert [s["source"] for s in cluster.ctl_ok("pause-task", "-s", "s1", "t")["sources"]] == ["s1"]
    assert {s: status["stage"] for s, status in cluster.subtasks("t").items()}["s1"] == "Paused"


@pytest.mark.parametrize("kind, gtid", [("mariadb10.11", True), ("mysql9.7", True), ("mysql5.6", False)])
def test_start_at_a_time(cluster, servers, downstream, kind, gtid):
    server = servers.get(kind, "up")
    server.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY) COLLATE utf8mb4_bin",
                   "INSERT INTO d.t VALUES (1)", "FLUSH BINARY LOGS", "INSERT INTO d.t VALUES (2)")
    begin = server.value("SELECT UNIX_TIMESTAMP()") + 1
    cluster.wait(lambda: server.value("SELECT UNIX_TIMESTAMP()") > begin, 10, "the next second")
    server.execute("INSERT INTO d.t VALUES (3)", "FLUSH BINARY LOGS", "INSERT INTO d.t VALUES (4)")
    downstream.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY) COLLATE utf8mb4_bin")
    cluster.create_source("s1", server, **{"enable-gtid": gtid})
    path = cluster.write_task("t", downstream, ["s1"], **{"task-mode": "incremental"})

    def at(seconds):
        return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")

    late = cluster.ctl("start-task", "--start-time", at(begin + 3600), path)
    assert not late["result"] and "code=20057" in late["msg"]
    assert not cluster.ctl("start-task", "--start-time", "yesterday", path)["result"]
    full = cluster.write_task("full", downstream, ["s1"])
    assert "start-time" in cluster.ctl("start-task", "--start-time", at(begin), full)["msg"]

    cluster.ctl_ok("start-task", "--start-time", at(begin), path)
    cluster.wait_unit("t", "Sync")
    cluster.wait_synced("t")
    assert ids(downstream) == [3, 4]

    # A second start at a time outranks the checkpoint, once.
    again = cluster.ctl("start-task", "--start-time", at(begin), path)
    assert not again["result"] and "code=46014" in again["msg"]
    cluster.ctl_ok("stop-task", "t")
    downstream.execute("DELETE FROM d.t")
    # A time without a zone is the source's.
    server.execute("SET GLOBAL time_zone = '+09:00'")
    cluster.ctl_ok("start-task", "--start-time", at(begin + 9 * 3600).rstrip("Z"), path)
    server.execute("SET GLOBAL time_zone = 'SYSTEM'")
    cluster.wait_unit("t", "Sync")
    cluster.wait_synced("t")
    assert ids(downstream) == [3, 4]
    downstream.execute("DELETE FROM d.t")
    cluster.ctl_ok("stop-task", "t")
    cluster.ctl_ok("start-task", path)
    server.execute("INSERT INTO d.t VALUES (5)")
    cluster.wait(lambda: ids(downstream) == [5], 30, "only what is new")

    # Neither a time nor `meta` nor a checkpoint: what the source has in its binlog by now is not repeated.
    cluster.ctl_ok("stop-task", "t")
    cluster.ctl_ok("start-task", "--remove-meta", path)
    server.execute("INSERT INTO d.t VALUES (6)")
    cluster.wait(lambda: 6 in ids(downstream), 30, "what comes after the start")
    assert ids(downstream) == [5, 6]
    where = server.query("SHOW BINARY LOGS")[-1]
    assert f"binlog-name: {where[0]}" in cluster.ctl("config", "task", "t")["cfg"]


def test_manual_pause_outlives_the_worker(cluster, source, downstream):
    """Neither an automatic resume nor a new worker starts again what the user paused."""
    cluster.create_source("s1", source)
    cluster.start_task("t", downstream, ["s1"])
    cluster.wait_unit("t", "Sync")
    downstream.stop()
    try:
        source.execute("INSERT INTO d.t VALUES (3)")
        cluster.wait(lambda: cluster.subtask("t", "s1").get("autoResume", {}).get("nextTry"), 60, "an error")
        plan = cluster.subtask("t", "s1")["autoResume"]
        assert "may go away by itself" in plan["reason"] and plan["attempts"] >= 1 and plan["history"][0]["error"]
        cluster.ctl_ok("pause-task", "t")
        status = cluster.subtask("t", "s1")
        assert "only resume-task" in status["autoResume"]["reason"] and not status["autoResume"]["nextTry"]
    finally:
        downstream.start()
    worker = cluster.workers[cluster.worker_of("s1")]
    worker.kill9()
    cluster.wait(lambda: cluster.worker_of("s1") not in (None, worker.name), 30, "another worker")
    cluster.wait_stage("t", "Paused")
    for _ in range(30):
        assert cluster.subtask("t", "s1")["stage"] == "Paused"
    assert ids(downstream) == [1, 2]
    cluster.ctl_ok("resume-task", "t")
    cluster.wait_synced("t")
    assert ids(downstream) == [1, 2, 3]


def test_error_that_needs_the_user(cluster, source, downstream):
    cluster.create_source("s1", source)
    cluster.start_task("t", downstream, ["s1"])
    cluster.wait_unit("t", "Sync")
    downstream.execute("DROP TABLE d.t")
    source.execute("INSERT INTO d.t VALUES (3)")
    cluster.wait_stage("t", "Paused", 60)
    plan = cluster.subtask("t", "s1")["autoResume"]
    assert "remove its cause" in plan["reason"] and not plan["nextTry"], plan


def test_deprecated_keys_are_said_by_dmctl_and_in_the_log(cluster, source, downstream):
    path = cluster.write("source-s1.yaml", cluster.source_config("s1", source, **{"auto-fix-gtid": True}))
    done = cluster.ctl_run("operate-source", "create", path)
    assert done.returncode == 0 and done.stderr.startswith("[warn] ") and "`auto-fix-gtid` is deprecated" in done.stderr
    task = cluster.write_task("t", downstream, [{"source-id": "s1", "black-white-list": "l"}],
                              **{"black-white-list": {"l": {"do-dbs": ["d"]}}})
    for command in ("check-task", "start-task"):
        done = cluster.ctl_run(command, task)
        assert [line for line in done.stderr.splitlines() if "`black-white-list` is deprecated" in line], done.stderr
        assert len(done.stderr.splitlines()) == 2 and json.loads(done.stdout)["result"]
    log = cluster.master.log.read_text(encoding="utf-8")
    assert all(re.search(rf"\[WARN\].*`{key}` is deprecated", log) for key in ("auto-fix-gtid", "black-white-list"))


def test_blocks_that_nobody_uses_are_named(cluster, source, downstream):
    cluster.create_source("s1", source)
    blocks = {"routes": {"r": {"schema-pattern": "d", "target-schema": "e"}, "used": {"schema-pattern": "x",
                                                                                       "target-schema": "y"}},
              "filters": {"f": {"schema-pattern": "d", "events": ["drop table"], "action": "Ignore"}},
              "mydumpers": {"m": {"threads": 2}}, "loaders": {"l": {"pool-size": 2}}, "syncers": {"s": {"batch": 2}},
              "block-allow-list": {"b": {"do-dbs": ["d"]}}}
    answer = cluster.ctl("start-task", cluster.write_task("t", downstream, [
        {"source-id": "s1", "route-rules": ["used"]}], **blocks))
    assert not answer["result"] and "code=20038" in answer["msg"]
    assert "filters.f, loaders.l, mydumpers.m, routes.r, syncers.s" in answer["msg"], answer["msg"]
    assert "used" not in answer["msg"].partition("Message:")[2].partition("filters.f")[2]
    assert cluster.ctl("query-status")["tasks"] == []
