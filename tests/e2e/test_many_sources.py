"""A task over more sources than one transaction of etcd takes: real master, etcd and dmctl, workers that only answer."""

import json
from concurrent import futures
from pathlib import Path

import grpc
import pytest

from testbed import free_port
from wire import Client, Schema

_WIRE = Path(__file__).resolve().parents[1] / "wire"
_ETCD = Schema(_WIRE, "etcd.proto", package="etcdserverpb")
_DM = Schema(_WIRE, "dm.proto")
_COUNT = 700
_STAGES = "/dm-master/stage/subtask/"
_SUBTASKS = "/dm-master/upstream/subtask/"


def compact(**record):
    return json.dumps(record, separators=(",", ":"))


class IdleWorkers:
    """Every worker at one address. A task runs there as the expected stage of its first source says."""

    def __init__(self, store):
        self._store = store
        self._answer = _DM.message("QueryStatusResponse")
        request = _DM.message("QueryStatusRequest")
        method = grpc.unary_unary_rpc_method_handler(self._query, request.FromString,
                                                     self._answer.SerializeToString)
        self.server = grpc.server(futures.ThreadPoolExecutor(4))
        self.server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler("pb.Worker", {"QueryStatus": method}),))
        self.address = f"127.0.0.1:{self.server.add_insecure_port('127.0.0.1:0')}"

    def _query(self, request, _):
        answer = self._answer(result=True)
        subtask = answer.subTaskStatus.add(name=request.name)
        stages = self._store.all_of(_STAGES, limit=1)
        if stages:
            subtask.stage = json.loads(stages[0].value)["expect"]
        else:
            subtask.msg = f"no sub task with name {request.name} has started"
        return answer


class Store:
    def __init__(self, client):
        self._client = client

    def put(self, key, value):
        self._client.call("Put", key=key.encode(), value=value.encode())

    def all_of(self, prefix, limit=0):
        end = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        return self._client.call("Range", key=prefix.encode(), range_end=end.encode(), limit=limit).kvs


@pytest.fixture
def crowded(new_cluster, tmp_path):
    """A cluster whose store holds 700 workers, each with its source, and the sources' ids."""
    settings = tmp_path / "master.toml"
    settings.write_text("rpc-rate-limit = 100000.0\n", encoding="utf-8")  # one address stands for all workers
    cluster = new_cluster(workers=0, master_arguments=["--config", settings])
    ids = [f"mysql-{number:03}" for number in range(_COUNT)]
    with Client(_ETCD, "KV", cluster.master_addr) as client:
        store = Store(client)
        workers = IdleWorkers(store)
        workers.server.start()
        for source in ids:
            worker, hexed = f"of-{source}", f"of-{source}".encode().hex()
            bound = compact(source=source, worker=worker)
            store.put(f"/dm-worker/r/{hexed}", compact(name=worker, addr=workers.address))
            store.put(f"/dm-worker/a/{hexed}", compact(**{"worker-name": worker, "join-time": "2026-01-01T00:00:00Z"}))
            store.put(f"/dm-master/bound-worker/{hexed}", bound)
            store.put(f"/dm-master/last-bound-worker/{hexed}", bound)
            store.put(f"/dm-master/v2/upstream/config/{source.encode().hex()}",
                      f'source-id = "{source}"\nflavor = "mysql"\nserver-id = 7\n\n'
                      f'[from]\nhost = "127.0.0.1"\nport = {free_port()}\nuser = "dm"\n')
        cluster.master.kill9()
        cluster.master.start()
        cluster.wait(cluster.leader, 30, "a leader")
        cluster.wait(lambda: len(cluster.members()) == _COUNT, 20, "the workers")
        yield cluster, store, ids
        workers.server.stop(None)


def test_start_pause_and_stop(crowded):
    cluster, store, ids = crowded
    task = cluster.write("t.yaml", {
        "name": "t", "task-mode": "incremental", "ignore-checking-items": ["all"],
        "target-database": {"host": "127.0.0.1", "port": free_port(), "user": "root", "password": ""},
        "mysql-instances": [{"source-id": source, "meta": {"binlog-name": "bin.000001", "binlog-pos": 4}}
                            for source in ids]})
    # Long enough that the configurations alone are more than one transaction takes.
    rules = "".join(f"    - db-name: shop_{number:04}\n      tbl-name: '~^orders_[0-9]+$'\n" for number in range(60))
    with open(task, "a", encoding="utf-8") as file:
        file.write(f"block-allow-list:\n  wide:\n    do-tables:\n{rules}")
    text = task.read_text(encoding="utf-8").replace("source-id:", "block-allow-list: wide\n    source-id:")
    task.write_text(text, encoding="utf-8")

    for command, stage in ((["start-task", task], 2), (["pause-task", "t"], 3), (["resume-task", "t"], 2)):
        answer = cluster.ctl_ok(*command)
        assert [s["source"] for s in answer["sources"]] == ids
        stages = store.all_of(_STAGES)
        assert len(stages) == _COUNT
        assert {json.loads(item.value)["expect"] for item in stages} == {stage}
    configs = store.all_of(_SUBTASKS)
    assert len(configs) == _COUNT
    assert sum(len(item.value) for item in configs) > 2 << 20, "etcd takes 1.5 MiB at once"
    revisions = {item.create_revision for item in configs}
    assert len(revisions) > 2 and revisions == {item.create_revision for item in stages}
    cluster.ctl_ok("stop-task", "t")
    assert not store.all_of(_STAGES) and not store.all_of(_SUBTASKS)
