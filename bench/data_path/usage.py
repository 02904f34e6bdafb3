"""CPU time and memory of processes, read from /proc."""

import os
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
