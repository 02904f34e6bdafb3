"""A child process with a log file."""

import contextlib
import ctypes
import os
import signal
import subprocess
from pathlib import Path

_libc = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


def start_time(pid):
    """When the process began, in kernel ticks: with the pid, it names a process for good. None if there is none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def children_of(pid):
    """The pids of the process's children."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [int(child) for child in task.read_text(encoding="ascii").split()]
    return found


def connections(pid, port):
    """How many TCP connections to 127.0.0.1:port the process holds open."""
    sockets = set()
    for fd in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            target = os.readlink(fd)
            if target.startswith("socket:["):
                sockets.add(target[8:-1])
    wanted, established = f":{port:04X}", "01"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
    return sum(row[2].endswith(wanted) and row[3] == established and row[9] in sockets for row in rows)


def tail(path, lines=30):
    """The last lines of a text file."""
    try:
        with open(path, "rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 20000))
            text = file.read().decode("utf-8", "replace")
    except OSError as error:
        return f"({error})"
    return "\n".join(text.splitlines()[-lines:])


class Process:
    """One program. Its output is appended to `log`. Unless `detached`, it dies with the process that started it."""

    def __init__(self, name, command, log, *, env=None, cwd=None, detached=False):
        self.name = name
        self.command = [str(word) for word in command]
        self.log = Path(log)
        self.env = env
        self.cwd = cwd
        self.detached = detached
        self._child = None

    def start(self):
        assert not self.is_running(), f"{self.name} runs already"
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with open(self.log, "ab") as output:
            self._child = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=self.cwd,
                env={**os.environ, **(self.env or {})}, start_new_session=True,
                preexec_fn=None if self.detached else lambda: _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL))
        return self

    @property
    def pid(self):
        return self._child.pid if self._child else None

    def is_running(self):
        return self._child is not None and self._child.poll() is None

    @property
    def exit_status(self):
        """None while it runs; negative signal number if a signal ended it."""
        return self._child.poll() if self._child else None

    def send(self, sig):
        self._child.send_signal(sig)

    def sigstop(self):
        self.send(signal.SIGSTOP)

    def sigcont(self):
        self.send(signal.SIGCONT)

    def kill9(self):
        """Ends it at once and waits until it is gone."""
        if self.is_running():
            self.send(signal.SIGKILL)
            self._child.wait(30)

    def stop(self, timeout=30):
        """Asks it to end; after the timeout it is killed and that is an error."""
        if not self.is_running():
            return
        self.send(signal.SIGCONT)
        self.send(signal.SIGTERM)
        try:
            self._child.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill9()
            raise AssertionError(f"{self.name} did not stop within {timeout} s\n{self.diagnose()}") from None

    def diagnose(self, lines=30):
        state = "running" if self.is_running() else f"ended with {self.exit_status}"
        return f"--- {self.name} ({state}), end of {self.log}:\n{tail(self.log, lines)}"
