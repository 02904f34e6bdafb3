"""Servers, programs and data sets that the benchmarks share."""

import contextlib
import hashlib
import itertools
import json
import re
import shutil
import subprocess
import urllib.request
from pathlib import Path

from e2e.cluster import Cluster
from testbed import Server, wait_until
from testbed.trees import CACHE, build_once, locked

from .report import say

SCHEMA = "sbtest"
SERVER = "mariadb10.11"
# Both sides and all contestants alike. Durability as in the testbed: commits are written but not synced to the disk.
OPTIONS = {"innodb-buffer-pool-size": "1G", "innodb-log-file-size": "512M", "max-binlog-size": "1G",
           "max-allowed-packet": "64M"}
SETTINGS_SHOWN = ("version", "innodb_flush_log_at_trx_commit", "sync_binlog", "innodb_doublewrite", "log_bin",
                  "innodb_buffer_pool_size", "innodb_log_file_size")


def settings_of(server):
    """The settings that decide how fast a server writes, as one line."""
    return ", ".join(f"{name}={server.value(f'SELECT @@{name}')}" for name in SETTINGS_SHOWN)


def sysbench(server, script, *words, command="run"):
    """A sysbench command line against a server."""
    return ["sysbench", script, "--db-driver=mysql", "--mysql-host=127.0.0.1", f"--mysql-port={server.port}",
            "--mysql-user=root", f"--mysql-password={server.password}", f"--mysql-db={SCHEMA}", *words, command]


def run(command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def prepare_tables(server, tables, rows):
    server.execute(f"CREATE DATABASE {SCHEMA}")
    run(sysbench(server, "oltp_common", f"--tables={tables}", f"--table-size={rows}", f"--threads={min(tables, 4)}",
                 command="prepare"))


def copy_folder(source, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", "--reflink=auto", str(source), str(target)], check=True)


def data_set(name, parameters, build):
    """A folder that `build(folder)` fills once for these parameters; later runs find it in the testbed's cache."""
    key = hashlib.sha256(json.dumps([parameters, OPTIONS], sort_keys=True).encode()).hexdigest()[:10]

    def make(folder):
        say(f"making data set {name} {parameters}")
        build(folder)

    return build_once(CACHE / "bench" / f"{name}-{key}", make)


class Stage:
    """Everything one benchmark starts, in `folder`; gone when the `with` block ends."""

    def __init__(self, folder, bin_folder):
        self.folder = Path(folder)
        self.bin = Path(bin_folder)
        self._exit = contextlib.ExitStack()

    def __enter__(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        self._exit.callback(lambda: shutil.rmtree(self.folder, ignore_errors=True))
        return self

    def __exit__(self, *_):
        self._exit.close()

    def server(self, name, data=None):
        """A server that runs: on a copy of the data folder `data`, or empty."""
        server = Server(SERVER, self.folder / name, name=name, options=OPTIONS)
        if data:
            copy_folder(data, server.datadir)
        self._exit.callback(server.remove)
        return server.start()

    def source(self, data):
        """A server that runs on the data folder itself, only to be read. Copied files count as altered tables."""
        self._exit.enter_context(locked(f"bench-{data.parent.name}"))
        server = Server(SERVER, self.folder / "source", name="source", options=OPTIONS)
        server.datadir = data
        self._exit.callback(server.stop)
        return server.start()

    def cluster(self, name="dm"):
        """dm-master and one dm-worker."""
        cluster = Cluster(self.bin, self.folder / name, workers=1, keepalive_ttl=30)
        self._exit.callback(cluster.kill)
        return cluster.start()


def worker_of(cluster):
    return cluster.workers["worker-1"]


def applied_rows(cluster):
    """Row changes that dm-worker says it has applied: the sum of its finished jobs."""
    command = worker_of(cluster).command
    address = command[command.index("--worker-addr") + 1]
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=5) as answer:
        text = answer.read().decode()
    return sum(float(value) for value in re.findall(r"^dm_syncer_finished_jobs_total\{[^}]*\} (\S+)$", text, re.M))


def wait_applied(cluster, rows, task, timeout):
    """Waits until dm has applied so many row changes; a task that stopped with an error ends the wait."""
    looks = itertools.count(1)

    def done():
        if applied_rows(cluster) >= rows:
            return True
        if next(looks) % 50 == 0:  # asking costs more than the metrics do
            cluster.wait_unit(task, "Sync")
        return False

    wait_until(done, timeout, f"dm to apply {rows} row changes", cluster.diagnose, interval=0.1)


def checksums(server, tables):
    """CHECKSUM TABLE of the sysbench tables, and that they are not empty."""
    names = ", ".join(f"{SCHEMA}.sbtest{i + 1}" for i in range(tables))
    found = [value for _, value in server.query(f"CHECKSUM TABLE {names}")]
    assert all(found), f"a table of {server.name} is missing or empty: {found}"
    return found
