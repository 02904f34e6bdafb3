"""CPU time and memory of processes, read from /proc."""

import os
import resource
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    """User and system time of the process and its ended children, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return sum(int(number) for number in fields[11:15]) / _TICKS


def peak_bytes(pid):
    """The most memory that was ever resident (VmHWM)."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(f"process {pid} shows no VmHWM")


class Usage:
    """CPU seconds that named processes take from now on."""

    def __init__(self, **pids):
        self._pids = pids
        self._begin = {name: cpu_seconds(pid) for name, pid in pids.items()}

    def taken(self):
        return {name: cpu_seconds(pid) - self._begin[name] for name, pid in self._pids.items()}


class MachineUsage:
    """What the whole machine does from now on."""

    def __init__(self):
        self._begin = self._now()

    @staticmethod
    def _now():
        fields = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0].split()[1:9]
        ticks = [int(field) for field in fields]
        idle = ticks[3] + ticks[4]  # and waiting for the disk
        own = sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return sum(ticks) / _TICKS, idle / _TICKS, own

    def shares(self, known):
        """Shares of the CPU time: idle, and taken by others than this process, its ended children and `known` seconds
        of the processes that the caller looks at."""
        whole, idle, own = (now - before for now, before in zip(self._now(), self._begin))
        return idle / whole, max(0.0, whole - idle - own - known) / whole
