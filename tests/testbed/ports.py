"""Free TCP ports on loopback, shared by all test processes of this machine."""

import fcntl
import os
import random
import socket
import tempfile
from collections import deque
from pathlib import Path

_BLOCK = 100
_BLOCKS = range(11000, 32000, _BLOCK)  # below the kernel's ephemeral range, so that no outgoing connection takes one


class Ports:
    """Hands out ports that nobody listens on and that no other process was given.

    A process reserves whole blocks of ports, each by a locked file in `folder` that stays open until the process ends:
    a run of thousands of servers holds a few dozen files. When no block is left, its own ports come round again.
    """

    def __init__(self, folder, blocks=_BLOCKS, size=_BLOCK):
        self._folder = Path(folder)
        self._size = size
        self._blocks = random.SystemRandom().sample(blocks, len(blocks))
        self._mine = deque()  # next to try first
        self._fresh = 0       # how many of them were not handed out yet
        self._locks = []

    @property
    def files(self):
        """How many files are held open."""
        return len(self._locks)

    def take(self):
        """A port; each is handed out once before any is handed out again."""
        while self._fresh or self._reserve():
            self._fresh -= 1
            if _is_free(port := self._next()):
                return port
        for _ in range(len(self._mine)):
            if _is_free(port := self._next()):
                return port
        raise RuntimeError("no free port found")

    def _next(self):
        self._mine.rotate(-1)
        return self._mine[-1]

    def _reserve(self):
        self._folder.mkdir(parents=True, exist_ok=True)
        while self._blocks:
            first = self._blocks.pop()
            lock = open(self._folder / str(first), "w", encoding="ascii")  # noqa: SIM115 - stays open
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                lock.close()
                continue
            self._locks.append(lock)
            self._mine.extendleft(reversed(range(first, first + self._size)))
            self._fresh = self._size
            return True
        return False


def _is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


_ports = Ports(Path(tempfile.gettempdir()) / f"dm-ports-{os.getuid()}")


def free_port():
    """A TCP port on loopback that is free and that no other test process on this machine was given."""
    return _ports.take()
