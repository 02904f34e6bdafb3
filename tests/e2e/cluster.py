"""A cluster of the programs under test: one dm-master, dm-workers, and dmctl to talk to them."""

import json
import os
import shutil
import subprocess
from pathlib import Path

from testbed import Process, WaitTimeout, free_port, wait_until
from testbed.process import children_of

from .yaml_text import to_yaml

KEEPALIVE_TTL = 3  # seconds; short, so that failover does not make the tests slow
_SANITIZER_EXIT = {"ASAN_OPTIONS": "detect_leaks=0", "TSAN_OPTIONS": "halt_on_error=0"}


class CtlError(AssertionError):
    """dmctl ended with a status other than 0."""


class SubtaskFailed(WaitTimeout):
    """A subtask paused itself with an error, so waiting is in vain."""


class Cluster:
    """Programs from `bin_folder`, everything they write in `folder`. `start` before use, `kill` at the end."""

    def __init__(self, bin_folder, folder, *, workers=2, detached=False, keepalive_ttl=KEEPALIVE_TTL,
                 master_arguments=(), worker_arguments=()):
        self.bin = Path(bin_folder)
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.master_addr = f"127.0.0.1:{free_port()}"
        self.workers = {}
        self._keepalive_ttl = keepalive_ttl
        self._detached = detached
        self._worker_arguments = worker_arguments
        peer = f"http://127.0.0.1:{free_port()}"
        self.master = self._process(
            "dm-master", "master-1", "--name", "master-1", "--master-addr", self.master_addr,
            "--advertise-addr", self.master_addr, "--data-dir", self.folder / "master-1", "--peer-urls", peer,
            *master_arguments)
        for number in range(workers):
            self._new_worker(f"worker-{number + 1}")

    def _process(self, program, name, *arguments):
        return Process(name, [self.bin / program, *arguments], self.folder / f"{name}.log", cwd=self.folder,
                       env=_SANITIZER_EXIT, detached=self._detached)

    def _new_worker(self, name):
        address = f"127.0.0.1:{free_port()}"
        self.workers[name] = self._process(
            "dm-worker", name, "--name", name, "--worker-addr", address, "--advertise-addr", address,
            "--join", self.master_addr, "--keepalive-ttl", self._keepalive_ttl,
            *self._worker_arguments)
        return self.workers[name]

    # -- life cycle

    def start(self):
        self.master.start()
        self.wait(self._leads, 20, "a leader")
        for worker in self.workers.values():
            worker.start()
        self.wait(lambda: all(w["stage"] != "offline" for w in self.members()) and
                  len(self.members()) == len(self.workers), 20, "all workers to be online")
        return self

    def add_worker(self, name):
        worker = self._new_worker(name).start()
        self.wait(lambda: self.member(name)["stage"] != "offline", 20, f"{name} to be online")
        return worker

    def kill(self):
        """Ends everything at once."""
        for process in [*self.workers.values(), self.master]:
            process.kill9()

    def remove(self):
        """Ends everything at once; nothing of it is left."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def stop(self):
        """Ends everything in good order."""
        for process in [*self.workers.values(), self.master]:
            process.stop()

    def etcd_pid(self):
        """The etcd that the master looks after."""
        for pid in children_of(self.master.pid):
            if Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip() == "etcd":
                return pid
        return None

    def diagnose(self):
        return "\n".join(process.diagnose() for process in [self.master, *self.workers.values()])

    def wait(self, question, timeout, what):
        return wait_until(question, timeout, what, self.diagnose)

    # -- dmctl

    def ctl_run(self, *arguments, timeout=60):
        """Runs dmctl; returns status, stdout and stderr whatever they are."""
        return subprocess.run([self.bin / "dmctl", "--master-addr", self.master_addr, *map(str, arguments)],
                              capture_output=True, text=True, cwd=self.folder, timeout=timeout, check=False,
                              env={**os.environ, **_SANITIZER_EXIT})

    def ctl(self, *arguments):
        """Runs dmctl and returns the JSON it prints, `result` true or false."""
        done = self.ctl_run(*arguments)
        if done.returncode != 0:
            raise CtlError(f"dmctl {' '.join(map(str, arguments))} ended with {done.returncode}\n"
                           f"{done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def ctl_ok(self, *arguments):
        """The same, and every `result` in the answer must be true."""
        answer = self.ctl(*arguments)
        failed = not answer["result"] or any(not source["result"] for source in answer.get("sources") or [])
        assert not failed, f"dmctl {' '.join(map(str, arguments))}: {json.dumps(answer, indent=2)}\n{self.diagnose()}"
        return answer

    def leader(self):
        for part in self.ctl("list-member", "--leader")["members"]:
            if part.get("leader", {}).get("addr"):
                return part["leader"]["name"]
        return None

    def _leads(self):
        if not self.master.is_running():
            raise WaitTimeout(f"dm-master ended while it started\n{self.master.diagnose()}")
        return self.leader()

    def members(self):
        """The workers as list-member shows them."""
        for part in self.ctl("list-member", "--worker")["members"]:
            if "worker" in part:
                return part["worker"]["workers"]
        return []

    def member(self, name):
        return next(w for w in self.members() if w["name"] == name)

    def worker_of(self, source):
        """Name of the worker that the source is bound to, or None."""
        return next((w["name"] for w in self.members() if w["stage"] == "bound" and w["source"] == source), None)

    # -- configuration files

    def write(self, name, content):
        path = self.folder / name
        path.write_text(content if isinstance(content, str) else to_yaml(content), encoding="utf-8")
        return path

    def source_config(self, source, server, **changes):
        return {"source-id": source, "enable-gtid": True,
                "from": {"host": "127.0.0.1", "port": server.port, "user": "root", "password": server.password},
                **changes}

    def create_source(self, source, server, **changes):
        path = self.write(f"source-{source}.yaml", self.source_config(source, server, **changes))
        self.ctl_ok("operate-source", "create", path)
        self.wait(lambda: self.worker_of(source), 20, f"source {source} to be bound")

    def task_config(self, task, target, instances, **changes):
        """`instances`: source ids, or dictionaries for mysql-instances."""
        return {"name": task, "task-mode": "all",
                "target-database": {"host": "127.0.0.1", "port": target.port, "user": "root",
                                    "password": target.password},
                "mysql-instances": [i if isinstance(i, dict) else {"source-id": i} for i in instances], **changes}

    def write_task(self, task, target, instances, **changes):
        return self.write(f"task-{task}.yaml", self.task_config(task, target, instances, **changes))

    def start_task(self, task, target, instances, **changes):
        return self.ctl_ok("start-task", self.write_task(task, target, instances, **changes))

    # -- status

    def subtasks(self, task):
        """Subtask status by source id; a source that could not be asked has none."""
        answer = self.ctl("query-status", task)
        found = {}
        for element in answer["sources"]:
            for subtask in element["subTaskStatus"]:
                if subtask["name"] == task:
                    found[element["sourceStatus"]["source"]] = subtask
        return found

    def subtask(self, task, source):
        return self.subtasks(task)[source]

    def wait_unit(self, task, unit, timeout=60):
        """Waits until every subtask runs in this unit; a subtask that stopped with an error ends the wait."""
        def reached():
            subtasks = self._healthy(task)
            return subtasks and all(s["unit"] == unit and s["stage"] == "Running" for s in subtasks.values())

        self.wait(reached, timeout, f"all subtasks of {task} to run in unit {unit}")

    def wait_stage(self, task, stage, timeout=30):
        self.wait(lambda: (s := self.subtasks(task)) and all(t["stage"] == stage for t in s.values()), timeout,
                  f"all subtasks of {task} to be {stage}")

    def wait_synced(self, task, timeout=60):
        """Waits until query-status says that everything the sources have written is applied."""
        def synced():
            subtasks = self._healthy(task)
            return subtasks and all(s["unit"] == "Sync" and s["sync"]["synced"] for s in subtasks.values())

        self.wait(synced, timeout, f"task {task} to be synced")

    def _healthy(self, task):
        subtasks = self.subtasks(task)
        for source, subtask in subtasks.items():
            errors = (subtask["result"] or {}).get("errors")
            if subtask["stage"] == "Paused" and errors:
                raise SubtaskFailed(f"subtask {task} on {source} failed: {json.dumps(errors, indent=2)}\n"
                                    f"{self.diagnose()}")
        return subtasks
