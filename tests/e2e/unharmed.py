"""A cluster with a running task, and the question whether something has harmed it."""

import contextlib
import json
import os
import subprocess
from pathlib import Path

from wire import Client, Schema

from .cluster import Cluster

SCHEMA = Schema(Path(__file__).resolve().parents[1] / "wire", "dm.proto")


class Scene:
    """Source s1 on worker-1 with task t in its sync unit."""

    def __init__(self, cluster, source, target):
        self.cluster = cluster
        self.source = source
        self.upstream = _login(source)
        self.target = _login(target)
        self.worker_addr = cluster.workers["worker-1"].command[4]
        self.master = Client(SCHEMA, "Master", cluster.master_addr)
        self.worker = Client(SCHEMA, "Worker", self.worker_addr)
        cluster.create_source("s1", source)
        cluster.start_task("t", target, ["s1"])
        cluster.wait_unit("t", "Sync")
        self._pids = self._processes()
        self._memory = self.memory()

    def close(self):
        self.master.__exit__()
        self.worker.__exit__()

    def _processes(self):
        return self.cluster.master.pid, self.cluster.etcd_pid(), self.cluster.workers["worker-1"].pid

    def memory(self):
        """Every key with its value and the revision that wrote it."""
        done = subprocess.run(["etcdctl", f"--endpoints={self.cluster.master_addr}", "get", "", "--prefix", "-w", "json"],
                              capture_output=True, text=True, timeout=20, check=True)
        return {item["key"]: (item.get("value"), item["mod_revision"]) for item in json.loads(done.stdout)["kvs"]}

    def check(self):
        """Same processes, which answer; same keys; the task runs."""
        assert self.cluster.master.is_running() and self.cluster.workers["worker-1"].is_running(), \
            self.cluster.diagnose()
        assert self._processes() == self._pids
        assert self.memory() == self._memory
        status = self.master.call("QueryStatus", name="t")
        assert status.result and status.sources[0].subTaskStatus[0].sync.ByteSize(), status
        assert self.worker.call("QueryStatus").result

    def run_dmctl(self, words):
        """dmctl with words that may be bytes."""
        return self.run("dmctl", [f"--master-addr={self.cluster.master_addr}", *words])

    def run(self, program, words):
        done = subprocess.run([self.cluster.bin / program, *(w if isinstance(w, bytes) else str(w) for w in words)],
                              capture_output=True, cwd=self.cluster.folder, timeout=60, check=False, env=os.environ)
        return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode("utf-8", "replace"),
                                           done.stderr.decode("utf-8", "replace"))


def _login(server):
    return {"host": "127.0.0.1", "port": server.port, "user": "root", "password": server.password}


@contextlib.contextmanager
def scene_of(bin_folder, folder, all_servers):
    """A scene on the test run's servers, ended afterwards."""
    all_servers.new_test()
    source, target = all_servers.get("mariadb10.11", "up"), all_servers.get("mariadb10.11", "down")
    source.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY)", "INSERT INTO d.t VALUES (1)")
    cluster = Cluster(bin_folder, folder, workers=1).start()
    try:
        scene = Scene(cluster, source, target)
        yield scene
        scene.close()
    finally:
        cluster.remove()
