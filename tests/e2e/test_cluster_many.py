"""Three sources, four workers, and processes that die, freeze and come back in any order."""

import contextlib
import json
import os
import random
import signal
import subprocess
from pathlib import Path

import grpc
import pytest

from testbed import Background
from testbed.process import start_time
from wire import Client, Schema

from .workload import Workload

_ETCD = Schema(Path(__file__).resolve().parents[1] / "wire", "etcd.proto", package="etcdserverpb")
_BOUNDS = b"/dm-master/bound-worker/"
_SOURCES = {"maria": "mariadb10.11", "mysql": "mysql9.7", "old": "mysql5.6"}


class Bounds:
    """The history of which worker has which source, read revision by revision from the cluster's memory."""

    def __init__(self, cluster):
        self._cluster = cluster
        self._seen = 1  # revisions before this one were looked at

    def at(self, client, revision=0):
        answer = client.call("Range", key=_BOUNDS, range_end=_BOUNDS[:-1] + b"0", revision=revision)
        return answer.header.revision, [json.loads(item.value)["source"] for item in answer.kvs]

    def check(self, compact=False):
        """No source had two workers at any revision; returns the sources that have one now."""
        with Client(_ETCD, "KV", self._cluster.master_addr) as client:
            last, now = self.at(client)
            for revision in range(self._seen, last + 1):
                _, sources = self.at(client, revision)
                assert len(sources) == len(set(sources)), f"at revision {revision}: {sources}"
            self._seen = last
            if compact:
                client.call("Compact", revision=last)
            return now


class OneWriter(Background):
    """Looks at the target all the time: sessions of two runs of one subtask must never be alive together."""

    interval = 0.02

    def __init__(self, target, task):
        super().__init__()
        self.looks = 0
        self._target = target
        self._sql = (f"SELECT s.id, GROUP_CONCAT(DISTINCT s.epoch) FROM dm_meta.{task}_fence_session s JOIN "
                     "information_schema.PROCESSLIST p ON p.ID = s.connection_id AND p.HOST = s.host "
                     "GROUP BY s.id HAVING COUNT(DISTINCT s.epoch) > 1")

    def session(self):
        return contextlib.closing(self._target.connect())

    def step(self, session):
        with session.cursor() as cursor:
            cursor.execute(self._sql)
            assert cursor.fetchall() == (), "two runs write at once"
        self.looks += 1


class Chaos:
    """Does something bad to a process at random, or undoes it. Says what it does."""

    def __init__(self, cluster, bounds, choice):
        self._cluster = cluster
        self._bounds = bounds
        self._choice = choice
        self._dead = set()
        self._frozen = set()
        self.history = []

    def _name(self, process):
        return "master" if process is self._cluster.master else process.name

    def _processes(self):
        return [self._cluster.master, *self._cluster.workers.values()]

    def step(self):
        alive = [p for p in self._processes() if p not in self._dead and p not in self._frozen]
        actions = [self.kill, self.kill, self.freeze, self.undo, self.undo]
        if self._cluster.master in alive:
            actions += [self.kill_etcd, self.compact]
        self._choice.choice(actions)(alive)

    def kill(self, alive):
        if len(alive) > 2:
            victim = self._choice.choice(alive)
            self._tell("kill", victim)
            victim.kill9()
            self._dead.add(victim)

    def freeze(self, alive):
        if len(alive) > 2:
            victim = self._choice.choice(alive)
            self._tell("freeze", victim)
            victim.sigstop()
            self._frozen.add(victim)

    def undo(self, _):
        if self._dead or self._frozen:
            self._revive(self._choice.choice(sorted(self._dead | self._frozen, key=self._name)))

    def _revive(self, process):
        self._tell("revive", process)
        if process in self._frozen:
            process.sigcont()
            self._frozen.discard(process)
        else:
            process.start()
            self._dead.discard(process)

    def kill_etcd(self, _):
        etcd = self._cluster.etcd_pid()
        if etcd is not None:
            self.history.append("kill etcd")
            with contextlib.suppress(ProcessLookupError):
                os.kill(etcd, signal.SIGKILL)

    def compact(self, _):
        """Whoever is behind in a watch meets a gap."""
        try:
            self._bounds.check(compact=True)
            self.history.append("compact")
        except grpc.RpcError as error:
            self.history.append(f"no compaction: {error.code().name}")

    def end(self):
        waiting = sorted(self._dead | self._frozen, key=self._name)
        self._choice.shuffle(waiting)
        for process in waiting:
            self._revive(process)

    def _tell(self, what, process):
        self.history.append(f"{what} {self._name(process)}")


@pytest.fixture
def sources(servers):
    return {source: servers.get(kind, "up") for source, kind in _SOURCES.items()}


def settled(cluster, task):
    """Every source has its worker and every subtask follows its source."""
    subtasks = cluster.subtasks(task)
    return len(subtasks) == len(_SOURCES) and all(s["stage"] == "Running" and s["unit"] == "Sync"
                                                  for s in subtasks.values())


def test_crashes_in_any_order(new_cluster, sources, downstream, assert_same, seed):
    choice = random.Random(seed)
    cluster = new_cluster(workers=4)
    works = [Workload(server, f"shop_{source}", seed).create(rows=60) for source, server in sources.items()]
    for source, server in sources.items():
        cluster.create_source(source, server)
    cluster.start_task("t", downstream, list(sources))
    cluster.wait(lambda: settled(cluster, "t"), 40, "all subtasks to follow their sources")

    bounds = Bounds(cluster)
    chaos = Chaos(cluster, bounds, choice)
    with contextlib.ExitStack() as stack:
        for work in works:
            work.interval = 0.01
            stack.enter_context(work)
        watcher = stack.enter_context(OneWriter(downstream, "t"))
        for _ in range(12):
            chaos.step()
            done = [work.transactions + choice.choice((0, 20, 120)) for work in works]
            cluster.wait(lambda d=done: all(w.transactions >= n for w, n in zip(works, d, strict=True)), 30,
                         "more writes")
        chaos.end()
        try:
            cluster.wait(cluster.leader, 40, "a leader")
            cluster.wait(lambda: settled(cluster, "t"), 60, "all subtasks to follow their sources")
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {chaos.history}\n{error}") from error
    assert watcher.looks > 50
    cluster.wait_synced("t")
    for source, server in sources.items():
        assert_same(server, downstream, f"shop_{source}")
    assert sorted(bounds.check()) == sorted(sources), chaos.history
    cluster.wait(lambda: sorted(m["source"] for m in cluster.members()) == sorted(["", *sources]) and
                 all(m["stage"] == ("bound" if m["source"] else "free") for m in cluster.members()), 20,
                 "three bound workers and a free one")


def test_a_gap_in_the_watch_is_made_good(new_cluster, servers, downstream):
    """A stage changed, a task was stopped and started with another route, and the revisions of that were forgotten,
    while a worker was frozen and the store went away."""
    cluster = new_cluster(workers=1, keepalive_ttl=60)
    source = servers.get("mariadb10.11", "up")
    source.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY)", "INSERT INTO d.t VALUES (1)")
    cluster.create_source("s1", source)
    cluster.start_task("t", downstream, ["s1"])
    routed = [{"source-id": "s1", "route-rules": ["r"]}]
    cluster.start_task("moved", downstream, routed,
                       routes={"r": {"schema-pattern": "d", "target-schema": "before_the_gap"}})
    cluster.wait_unit("t", "Sync")
    cluster.wait_unit("moved", "Sync")
    worker = cluster.workers["worker-1"]
    worker.sigstop()

    def etcdctl(*words):
        return subprocess.run(["etcdctl", f"--endpoints={cluster.master_addr}", *words], check=True, timeout=20,
                              capture_output=True, text=True).stdout

    def key(kind, task):
        return f"/dm-master/{kind}/" + b"s1".hex() + "/" + task.encode().hex()

    etcdctl("put", key("stage/subtask", "t"), json.dumps({"expect": 3, "source": "s1", "task": "t"}))
    config, stage = (etcdctl("get", "--print-value-only", key(kind, "moved")).rstrip("\n")
                     for kind in ("upstream/subtask", "stage/subtask"))
    assert "before_the_gap" in config
    for kind, value in (("upstream/subtask", config.replace("before_the_gap", "after_the_gap")),
                        ("stage/subtask", stage)):
        etcdctl("del", key(kind, "moved"))
        etcdctl("put", key(kind, "moved"), value)
    downstream.execute("CREATE DATABASE after_the_gap", "CREATE TABLE after_the_gap.t LIKE before_the_gap.t")
    Bounds(cluster).check(compact=True)
    etcd = cluster.etcd_pid()
    began = start_time(etcd)
    os.kill(etcd, signal.SIGKILL)
    cluster.wait(lambda: (now := cluster.etcd_pid()) and start_time(now) != began, 20, "a new etcd")
    worker.sigcont()
    cluster.wait_stage("t", "Paused")
    cluster.ctl_ok("resume-task", "t")
    source.execute("INSERT INTO d.t VALUES (2)")
    cluster.wait_synced("t")
    assert downstream.value("SELECT COUNT(*) FROM d.t") == 2
    cluster.wait_synced("moved")
    assert downstream.query("SELECT id FROM after_the_gap.t") == [(2,)]
    assert downstream.query("SELECT id FROM before_the_gap.t") == [(1,)]
