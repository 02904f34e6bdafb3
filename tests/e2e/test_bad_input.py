"""Mistakes are told by name, with the published code, and change nothing."""

import subprocess

import pytest

from .cluster import Cluster


@pytest.fixture(scope="module")
def cluster(bin_folder, tmp_path_factory):
    started = Cluster(bin_folder, tmp_path_factory.mktemp("dm"), workers=1).start()
    yield started
    started.remove()


@pytest.fixture
def source(servers):
    server = servers.get("mysql9.7", "up")
    server.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY)")
    return server


@pytest.fixture
def with_source(cluster, source):
    """The cluster with source s1; taken away afterwards."""
    cluster.create_source("s1", source)
    yield cluster
    cluster.ctl_ok("operate-source", "stop", "s1")


def refused(answer, *said):
    texts = [answer["msg"], answer.get("checkResult", "")] + [s["msg"] for s in answer.get("sources") or []]
    text = " ".join(texts)
    assert not answer["result"], answer
    for part in said:
        assert part in text, f"{part!r} not in {text!r}"


@pytest.mark.parametrize("change, said", [
    ({"relay-direction": "x"}, ["code=20003", "relay-direction", "bad.yaml:8:"]),
    ({"source-id": ""}, ["code=40005"]),
    ({"source-id": "x" * 33}, ["code=40006"]),
    ({"from": {"host": "127.0.0.1", "prot": 3306}}, ["code=20003", "prot"]),
    ({"flavor": "oracle"}, ["code=11010", "oracle"]),
    ({"server-id": "many"}, ["code=20003", "server-id"]),
], ids=["unknown-key", "no-id", "long-id", "unknown-key-below", "flavor", "type"])
def test_source_file(cluster, source, change, said):
    path = cluster.write("bad.yaml", {**cluster.source_config("bad", source), **change})
    done = cluster.ctl_run("operate-source", "create", path)
    text = done.stdout + done.stderr
    assert done.returncode == 1 or '"result": false' in done.stdout, text
    for part in said:
        assert part in text, f"{part!r} not in {text!r}"
    assert cluster.ctl("operate-source", "show")["sources"] == []


def test_upstream_that_does_not_answer_or_let_in(cluster, source):
    for change, said in (({"password": "wrong"}, "Access denied"), ({"port": 1}, "127.0.0.1:1")):
        config = cluster.source_config("bad", source)
        config["from"].update(change)
        answer = cluster.ctl("operate-source", "create", cluster.write("bad.yaml", config))
        refused(answer, said, "class=database")
    assert cluster.ctl("operate-source", "show")["sources"] == []


def test_gtid_wanted_but_off(cluster, new_server):
    server = new_server("mysql9.7", "plain", options={"gtid-mode": "OFF", "enforce-gtid-consistency": False})
    answer = cluster.ctl("operate-source", "create", cluster.write("g.yaml", cluster.source_config("g", server)))
    refused(answer, "code=26007")


def test_source_twice(with_source, source):
    path = with_source.write("again.yaml", with_source.source_config("s1", source))
    refused(with_source.ctl("operate-source", "create", path), "code=46007", "s1")


@pytest.mark.parametrize("change, said", [
    ({"task_mode": "all"}, ["code=20003", "task_mode", "bad-task.yaml:10:"]),
    ({"name": ""}, ["code=20019"]),
    ({"task-mode": "everything"}, ["code=20020"]),
    ({"mysql-instances": []}, ["code=20013"]),
    ({"mysql-instances": [{"source-id": "nobody"}]}, ["nobody"]),
    ({"mysql-instances": [{"source-id": "s1"}, {"source-id": "s1"}]}, ["code=20014"]),
    ({"mysql-instances": [{"source-id": "s1", "route-rules": ["none"]}]}, ["code=20023", "none"]),
    ({"mysql-instances": [{"source-id": "s1", "block-allow-list": "none"}]}, ["code=20026", "none"]),
    ({"routes": {"idle": {"schema-pattern": "a", "target-schema": "b"}}}, ["code=20038", "idle"]),
    ({"shard-mode": "sideways"}, ["code=20033"]),
    ({"syncers": {"global": {"worker_count": 3}}}, ["code=20003", "worker_count"]),
    ({"timezone": "Mars/Olympus"}, ["code=20008"]),
], ids=["unknown-key", "no-name", "mode", "no-instance", "unknown-source", "source-twice", "unknown-route",
        "unknown-list", "unused-route", "shard-mode", "unknown-key-below", "timezone"])
def test_task_file(with_source, downstream, change, said):
    config = {**with_source.task_config("bad", downstream, ["s1"]), **change}
    done = with_source.ctl_run("start-task", with_source.write("bad-task.yaml", config))
    text = done.stdout + done.stderr
    assert done.returncode == 1 or '"result": false' in done.stdout, text
    for part in said:
        assert part in text, f"{part!r} not in {text!r}"
    assert with_source.ctl("query-status")["tasks"] == []


@pytest.mark.parametrize("change", [
    {"shard-mode": "pessimistic"}, {"shard-mode": "optimistic"},
    {"mysql-instances": [{"source-id": "s1", "validator-config-name": "v"}], "validators": {"v": {"mode": "full"}}},
], ids=["pessimistic", "optimistic", "validator"])
def test_what_is_not_there_yet_is_refused_by_name(with_source, downstream, change):
    config = {**with_source.task_config("early", downstream, ["s1"]), **change}
    answer = with_source.ctl("start-task", with_source.write("early.yaml", config))
    refused(answer, "validator" if "validators" in change else "shard-mode")
    assert with_source.ctl("query-status")["tasks"] == []


def test_downstream_that_does_not_let_in(with_source, downstream):
    config = with_source.task_config("bad", downstream, ["s1"])
    config["target-database"]["password"] = "wrong"
    refused(with_source.ctl("start-task", with_source.write("bad.yaml", config)), "Access denied")
    assert with_source.ctl("query-status")["tasks"] == []


@pytest.mark.parametrize("command", ["query-status", "pause-task", "resume-task", "stop-task"])
def test_unknown_task(cluster, command):
    refused(cluster.ctl(command, "nothing"), "task nothing has no source or not exist")


@pytest.mark.parametrize("arguments, said", [
    (["fly"], 'unknown command "fly" for "dmctl"'),
    (["query-status", "--sideways"], "unknown flag: --sideways"),
    (["start-task"], "Error: please check output to see error"),
    (["start-task", "no-such-file.yaml"], "error in get file content"),
], ids=["command", "flag", "missing-argument", "missing-file"])
def test_dmctl_itself(cluster, arguments, said):
    done = cluster.ctl_run(*arguments)
    assert done.returncode == 1 and said in done.stderr, (done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("program, arguments, said", [
    ("dm-master", ["--master-addr", "nonsense"], "code=38035"),
    ("dm-master", ["--no-such-flag", "1"], "code=38010"),
    ("dm-worker", ["--worker-addr", "nonsense"], "code=40069"),
    ("dm-worker", ["stray"], "code=40002"),
], ids=["master-address", "master-flag", "worker-address", "worker-stray-word"])
def test_daemon_flags(bin_folder, tmp_path, program, arguments, said):
    done = subprocess.run([bin_folder / program, *arguments], capture_output=True, text=True, cwd=tmp_path, timeout=20,
                          check=False)
    assert done.returncode == 2 and said in done.stdout + done.stderr, (done.returncode, done.stdout + done.stderr)


@pytest.mark.parametrize("program, key, said", [("dm-master", "master-adr", "code=38011"),
                                                ("dm-worker", "worker-adr", "code=40004")])
def test_unknown_toml_key(bin_folder, tmp_path, program, key, said):
    config = tmp_path / "bad.toml"
    config.write_text(f'{key} = "127.0.0.1:1"\n', encoding="utf-8")
    done = subprocess.run([bin_folder / program, "--config", config], capture_output=True, text=True, cwd=tmp_path,
                          timeout=20, check=False)
    text = done.stdout + done.stderr
    assert done.returncode == 2 and said in text and key in text, (done.returncode, text)
