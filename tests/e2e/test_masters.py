"""Several dm-masters: joining, commands to any of them, the loss of the leader."""

import json
import subprocess
import urllib.error
import urllib.request

import pytest

from testbed import free_port


class Masters:
    """A cluster with more masters. `ctl_at(i)` talks to the i-th."""

    def __init__(self, cluster, count):
        self.cluster = cluster
        self.addresses = [cluster.master_addr]
        self.processes = [cluster.master]
        for number in range(2, count + 1):
            self.add(f"master-{number}")

    def add(self, name):
        cluster = self.cluster
        address = f"127.0.0.1:{free_port()}"
        process = cluster._process(
            "dm-master", name, "--name", name, "--master-addr", address, "--advertise-addr", address, "--data-dir",
            cluster.folder / name, "--peer-urls", f"http://127.0.0.1:{free_port()}", "--join", self.addresses[0])
        process.start()
        self.addresses.append(address)
        self.processes.append(process)
        cluster.wait(lambda: self.answers(address), 30, f"{name} to answer")

    def answers(self, address):
        return self.run(address, "list-member", "--leader").returncode == 0

    def run(self, address, *arguments):
        return subprocess.run([self.cluster.bin / "dmctl", "--master-addr", address, *map(str, arguments)],
                              capture_output=True, text=True, cwd=self.cluster.folder, timeout=60, check=False)

    def ctl_at(self, number, *arguments):
        done = self.run(self.addresses[number], *arguments)
        assert done.returncode == 0, done.stdout + done.stderr + self.cluster.diagnose()
        return json.loads(done.stdout)

    def leader_at(self, number):
        return next((part["leader"]["name"] for part in self.ctl_at(number, "list-member", "--leader")["members"]
                     if part.get("leader", {}).get("name")), None)


@pytest.fixture
def masters(cluster):
    started = Masters(cluster, 3)
    yield started
    for process in started.processes[1:]:
        process.kill9()


def test_what_is_missing_is_named(new_cluster, tmp_path):
    cluster = new_cluster(workers=0, master_arguments=("--openapi",))
    for path in ("/api/v1/cluster/info", "/dashboard/"):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"http://{cluster.master_addr}{path}", timeout=10)
        assert caught.value.code == 501
        assert "code=20101" in caught.value.read().decode()
    done = subprocess.run([cluster.bin / "dm-master", "--master-addr", f"127.0.0.1:{free_port()}",
                           "--v1-sources-path", "v1", "--data-dir", tmp_path / "data"],
                          cwd=tmp_path, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 2 and "v1-sources-path" in done.stderr + done.stdout
    assert not (tmp_path / "data").exists()


def test_loss_of_the_leader(masters, cluster, servers, downstream):
    source = servers.get("mariadb10.11", "up")
    source.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY)", "INSERT INTO d.t VALUES (1)")
    listed = masters.ctl_at(2, "list-member", "--master")["members"][0]["master"]["masters"]
    assert [m["name"] for m in listed] == ["master-1", "master-2", "master-3"] and all(m["alive"] for m in listed)
    assert {masters.leader_at(i) for i in range(3)} == {"master-1"}

    # A follower passes commands on.
    path = cluster.write("s1.yaml", cluster.source_config("s1", source))
    assert masters.ctl_at(1, "operate-source", "create", path)["result"]
    assert masters.ctl_at(2, "start-task", cluster.write_task("t", downstream, ["s1"]))["result"]
    cluster.wait_synced("t")

    # Long enough for the workers to have learnt of the others.
    cluster.wait(lambda: all(masters.addresses[2] in w.log.read_text() for w in cluster.workers.values()), 20,
                 "the workers to know all masters")
    masters.processes[0].kill9()
    source.execute("INSERT INTO d.t VALUES (2)")
    cluster.wait(lambda: downstream.value("SELECT COUNT(*) FROM d.t") == 2, 60, "replication without a leader")
    cluster.wait(lambda: masters.run(masters.addresses[1], "list-member", "--leader").returncode == 0 and
                 masters.leader_at(1) in ("master-2", "master-3"), 120, "another leader")
    assert masters.ctl_at(2, "pause-task", "t")["result"]
    assert masters.ctl_at(1, "resume-task", "t")["result"]
    answer = masters.ctl_at(1, "offline-member", "--master", "--name", "master-1")
    assert answer["result"], answer
    listed = masters.ctl_at(1, "list-member", "--master")["members"][0]["master"]["masters"]
    assert [m["name"] for m in listed] == ["master-2", "master-3"]
