"""One etcd server with a data folder of its own."""

import shutil
import urllib.request
from pathlib import Path

from .ports import free_port
from .process import Process
from .waiting import wait_until


class EtcdServer:
    """A single-member etcd in `folder`; may be started again after stop or kill9, on the same data and ports."""

    def __init__(self, folder, *, name="etcd", detached=False):
        self.folder = Path(folder).resolve()
        self.datadir = self.folder / "data"
        self.port = free_port()
        self.name = name
        client, peer = f"http://127.0.0.1:{self.port}", f"http://127.0.0.1:{free_port()}"
        self._process = Process(
            name, ["etcd", f"--name={name}", f"--data-dir={self.datadir}", f"--listen-client-urls={client}",
                   f"--advertise-client-urls={client}", f"--listen-peer-urls={peer}",
                   f"--initial-advertise-peer-urls={peer}", f"--initial-cluster={name}={peer}"],
            self.folder / "server.log", cwd=self.folder, detached=detached)

    def start(self, timeout=30):
        self.folder.mkdir(parents=True, exist_ok=True)
        self._process.start()
        wait_until(self._is_healthy, timeout, f"{self.name} to be healthy", self._process.diagnose)
        return self

    def _is_healthy(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=2) as answer:
            return b'"true"' in answer.read()

    def stop(self):
        self._process.stop()

    def kill9(self):
        self._process.kill9()

    def sigstop(self):
        self._process.sigstop()

    def sigcont(self):
        self._process.sigcont()

    def remove(self):
        self._process.kill9()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def pid(self):
        return self._process.pid

    def client_command(self):
        return f"ETCDCTL_API=3 etcdctl --endpoints=127.0.0.1:{self.port} get --prefix ''"
