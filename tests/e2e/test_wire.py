"""A client that was made from another description of the services works: names, numbers, and what they mean.

tests/wire/dm.proto describes the published services; the project's own description is in proto/.
"""

import subprocess
from pathlib import Path

import grpc
import pytest

from testbed import Process, wait_until
from wire import Client, Schema, fill, unknown_numbers

from .cluster import Cluster
from .yaml_text import to_yaml

_ROOT = Path(__file__).resolve().parents[2]
_SCHEMA = Schema(_ROOT / "tests" / "wire", "dm.proto")
_OWN = Schema(_ROOT / "proto", "dmmaster.proto", "dmworker.proto")


# A refusal has a code, or it is one of the few texts that are published without.
_REFUSALS = ("code=", "has no source or not exist", "relevant worker-client not found")


# -- the two descriptions

@pytest.mark.parametrize("name", _SCHEMA.messages())
def test_bytes_of_a_message_survive(name):
    """Every field set, every member of a oneof in turn: our description reads it and writes the same bytes."""
    assert name in _OWN.messages()
    for salt in range(1, 7):
        raw = fill(_SCHEMA.message(name)(), salt).SerializeToString(deterministic=True)
        read = _OWN.message(name).FromString(raw)
        assert not unknown_numbers(read)
        assert read.SerializeToString(deterministic=True) == raw
        back = fill(_OWN.message(name)(), salt)
        assert not unknown_numbers(_SCHEMA.message(name).FromString(back.SerializeToString()))


@pytest.mark.parametrize("service", ["Master", "Worker"])
def test_methods_of_a_service(service):
    def signatures(schema):
        return {m.name: (m.input_type.full_name, m.output_type.full_name, m.client_streaming, m.server_streaming)
                for m in schema.service(service).methods}

    assert signatures(_OWN) == signatures(_SCHEMA)


def test_json_names_are_the_published_ones():
    for name in _SCHEMA.messages():
        published = {f.number: f.name for f in _SCHEMA.message(name).DESCRIPTOR.fields}
        ours = {f.number: f.name for f in _OWN.message(name).DESCRIPTOR.fields if f.number < 101}
        assert ours == published, name


def test_enums_have_the_published_numbers():
    for name in ("TaskOp", "Stage", "UnitType", "RelayOp", "RelayOpV2", "SchemaOp", "ErrorOp", "V1MetaOp",
                 "ValidatorOp", "ValidateErrorState", "ValidationErrOp", "UnlockDDLLockOp", "SourceOp", "LeaderOp",
                 "CfgType"):
        assert _OWN.enum(name).values_by_name.keys() == _SCHEMA.enum(name).values_by_name.keys(), name
        assert {v.name: v.number for v in _OWN.enum(name).values} == \
            {v.name: v.number for v in _SCHEMA.enum(name).values}, name


# -- real programs

@pytest.fixture(scope="module")
def cluster(bin_folder, tmp_path_factory):
    started = Cluster(bin_folder, tmp_path_factory.mktemp("dm"), workers=2).start()
    yield started
    started.remove()


@pytest.fixture(scope="module")
def master(cluster):
    with Client(_SCHEMA, "Master", cluster.master_addr) as client:
        yield client


@pytest.fixture(scope="module")
def worker(cluster):
    with Client(_SCHEMA, "Worker", cluster.workers["worker-1"].command[4]) as client:
        yield client


def number(enum, name):
    return _SCHEMA.enum(enum).values_by_name[name].number


@pytest.fixture
def server(servers):
    up = servers.get("mariadb10.11", "up")
    up.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY)", "INSERT INTO d.t VALUES (1), (2)")
    return up


@pytest.fixture
def running(cluster, master, server, downstream):
    """Task t on source s1, which is bound to worker-2, all made by the client."""
    source = to_yaml(cluster.source_config("s1", server))
    created = master.call("OperateSource", op=number("SourceOp", "StartSource"), config=[source],
                          workerName="worker-2")
    assert created.result, created
    assert [(s.source, s.worker, s.result, s.msg) for s in created.sources] == [("s1", "worker-2", True, "")]
    task = to_yaml(cluster.task_config("t", downstream, ["s1"]))
    started = master.call("StartTask", task=task, sources=["s1"], removeMeta=True)
    assert started.result and started.checkResult, started
    assert [(s.source, s.worker, s.result) for s in started.sources] == [("s1", "worker-2", True)]
    cluster.wait_unit("t", "Sync")
    yield master
    master.call("OperateTask", op=number("TaskOp", "Delete"), name="t")
    cluster.wait(lambda: master.call("OperateSource", op=number("SourceOp", "StopSource"), sourceID=["s1"]).result,
                 10, "s1 to be removed")


# Requests with a value in every field; those whose fields only make sense together are in the tests below.
@pytest.mark.parametrize("service", ["Master", "Worker"])
def test_every_method_understands_a_full_request(service, master, worker):
    client = master if service == "Master" else worker
    for method in client.methods():
        if (service, method) in (("Master", "OperateLeader"), ("Master", "RegisterWorker")):
            continue  # these would do what they are asked
        try:
            answer = client.call(method, fill(client.request_of(method)))
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.UNKNOWN and "code=" in error.details(), (method, error)
            continue
        accepted = getattr(answer, "result", getattr(answer, "success", True))
        if "Cfg" in method or method in ("ListMember", "ListTaskConfigs", "ListSourceConfigs", "QueryStatus"):
            continue
        if method == "Encrypt":
            assert accepted or "code=" in answer.msg
            continue
        assert not accepted and any(said in answer.msg for said in _REFUSALS), (method, answer)


def test_members(cluster, master):
    answer = master.call("ListMember", leader=True, master=True, worker=True)
    assert answer.result and [m.WhichOneof("member") for m in answer.members] == ["leader", "master", "worker"]
    leader, masters, workers = (getattr(m, m.WhichOneof("member")) for m in answer.members)
    assert (leader.name, leader.addr) == ("master-1", cluster.master_addr)
    assert masters.masters[0].alive and masters.masters[0].memberID > 0
    assert list(masters.masters[0].clientURLs) == [f"http://{cluster.master_addr}"]
    assert [(w.name, w.stage, w.source) for w in workers.workers] == [("worker-1", "free", ""), ("worker-2", "free", "")]
    only = master.call("ListMember", worker=True, names=["worker-2"])
    assert [w.name for w in only.members[0].worker.workers] == ["worker-2"] and len(only.members) == 1


def test_a_worker_registers_and_goes(master):
    assert master.call("RegisterWorker", name="worker-9", address="127.0.0.1:9").result
    workers = master.call("ListMember", worker=True, names=["worker-9"]).members[0].worker.workers
    assert [(w.addr, w.stage) for w in workers] == [("127.0.0.1:9", "offline")]
    again = master.call("RegisterWorker", name="worker-9", address="127.0.0.1:10")
    assert not again.result and "code=46003" in again.msg
    assert master.call("OfflineMember", type="worker", name="worker-9").result
    gone = master.call("OfflineMember", type="worker", name="worker-9")
    assert not gone.result and "code=46004" in gone.msg


def test_status_of_a_running_task(running, worker):
    def status():
        return running.call("QueryStatus", name="t", sources=["s1"])

    # Until its stream is open, the unit does not know where it reads from.
    wait_until(lambda: status().sources[0].subTaskStatus[0].sync.binlogType != "unknown", 20, "the stream to open")
    answer = status()
    (element,) = answer.sources
    assert answer.result and element.result and element.sourceStatus.worker == "worker-2"
    (subtask,) = element.subTaskStatus
    assert (subtask.name, subtask.stage, subtask.unit) == ("t", number("Stage", "Running"), number("UnitType", "Sync"))
    assert subtask.WhichOneof("status") == "sync" and subtask.sync.binlogType == "remote"
    assert subtask.sync.masterBinlog.startswith("(") and not subtask.HasField("result")
    assert not element.sourceStatus.HasField("relayStatus") and not element.sourceStatus.HasField("result")
    unknown = running.call("QueryStatus", sources=["s1", "s8", "s9"])
    assert not unknown.result and "sources [s8 s9] haven't been added" in unknown.msg
    idle = worker.call("QueryStatus", name="t")
    assert not idle.result and "code=40070" in idle.msg and idle.sourceStatus.worker == "worker-1"


def test_a_task_is_paused_resumed_and_moved(running, cluster):
    for op, stage in (("Pause", "Paused"), ("Resume", "Running")):
        answer = running.call("OperateTask", op=number("TaskOp", op), name="t", sources=["s1"])
        assert answer.result and answer.op == number("TaskOp", op), answer
        assert [(s.source, s.worker, s.result) for s in answer.sources] == [("s1", "worker-2", True)]
        status = running.call("QueryStatus", name="t")
        assert status.sources[0].subTaskStatus[0].stage == number("Stage", stage)
    cluster.wait_unit("t", "Sync")
    moved = running.call("TransferSource", source="s1", worker="worker-1")
    assert moved.result, moved
    cluster.wait(lambda: cluster.worker_of("s1") == "worker-1", 10, "s1 to be moved")
    cluster.wait_unit("t", "Sync")


def test_configurations(running, worker):
    assert "name: t" in running.call("GetCfg", type=number("CfgType", "TaskType"), name="t").cfg
    assert "source-id: s1" in running.call("GetCfg", type=number("CfgType", "SourceType"), name="s1").cfg
    for kind, name in (("MasterType", "master-1"), ("WorkerType", "worker-1")):
        answer = running.call("GetCfg", type=number("CfgType", kind), name=name)
        assert answer.result and f'name = "{name}"' in answer.cfg, answer
    assert 'name = "worker-1"' in worker.call("GetWorkerCfg").cfg
    assert 'name = "master-1"' in running.call("GetMasterCfg").cfg
    subtasks = running.call("GetSubTaskCfg", name="t")
    assert subtasks.result and len(subtasks.cfgs) == 1 and 'source-id = "s1"' in subtasks.cfgs[0]
    assert list(running.call("ListTaskConfigs").taskConfigs) == ["t"]
    assert list(running.call("ListSourceConfigs").sourceConfigs) == ["s1"]


def test_a_task_is_checked(running, cluster, downstream):
    task = to_yaml(cluster.task_config("other", downstream, ["s1"]))
    passed = running.call("CheckTask", task=task, errCnt=10, warnCnt=10)
    assert passed.result and passed.msg
    failed = running.call("CheckTask", task=task.replace("s1", "s7"), errCnt=10, warnCnt=10)
    assert not failed.result and "code=" in failed.msg and "s7" in failed.msg
    late = running.call("StartTask", task=task, startTime="not a time")
    assert not late.result and "code=" in late.msg and running.call("GetSubTaskCfg", name="other").cfgs == []


def test_the_leader_steps_down_and_returns(master, cluster):
    assert master.call("OperateLeader", op=number("LeaderOp", "EvictLeaderOp")).result
    cluster.wait(lambda: "no leader" in leader_message(master), 20, "the leader to step down")
    assert master.call("OperateLeader", op=number("LeaderOp", "CancelEvictLeaderOp")).result
    cluster.wait(lambda: leader_message(master) == "", 20, "the leader to be back")
    bad = master.call("OperateLeader", op=7)
    assert not bad.result and "code=38041" in bad.msg


def leader_message(master):
    """What is said about the leader; a master that knows none refuses the call with code 38043."""
    try:
        return master.call("ListMember", leader=True).members[0].leader.msg
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.UNKNOWN and "code=38043" in error.details()
        return "no leader"


# -- etcd's own interfaces on the master's port

def test_etcdctl_works_on_the_masters_port(cluster, tmp_path):
    def etcdctl(*words):
        done = subprocess.run(["etcdctl", f"--endpoints={cluster.master_addr}", *words], capture_output=True, text=True,
                              check=True, timeout=20)
        return done.stdout

    assert "started, master-1" in etcdctl("member", "list") and cluster.master_addr in etcdctl("endpoint", "status")
    watch = Process("watch", ["etcdctl", f"--endpoints={cluster.master_addr}", "watch", "/wire", "--prefix", "--rev=1"],
                    tmp_path / "watch.log").start()
    try:
        lease = etcdctl("lease", "grant", "600").split()[1]
        assert etcdctl("put", "/wire/a", "ä", f"--lease={lease}") == "OK\n"
        assert etcdctl("get", "--prefix", "/wire") == "/wire/a\nä\n"
        assert "/wire/a" in etcdctl("lease", "timetolive", lease, "--keys")
        assert "keepalived" in etcdctl("lease", "keep-alive", "--once", lease)
        etcdctl("lease", "revoke", lease)
        cluster.wait(lambda: watch.log.read_text(encoding="utf-8") == "PUT\n/wire/a\nä\nDELETE\n/wire/a\n\n", 10,
                     "the watch to tell of both changes")
    finally:
        watch.kill9()
