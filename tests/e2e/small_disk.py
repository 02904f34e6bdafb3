"""Servers whose data lies on a disk of a given size."""

import os
import subprocess

from testbed import Process, Server, wait_until

# A mount of one process's own and of those that enter: nobody else sees it, and it is gone with the last of them.
_SCRIPT = 'mount -t tmpfs -o "size=$1" tmpfs "$2" && touch "$2/.mounted" && exec sleep infinity'


class SmallDisk:
    """`size` bytes at `folder`, for commands run inside; until `remove`."""

    def __init__(self, folder, size):
        self.folder = folder
        folder.mkdir(parents=True)
        self._is_root = os.geteuid() == 0
        unshare = ["unshare", "--mount"] if self._is_root else ["unshare", "-Urm"]
        self._holder = Process("small-disk", [*unshare, "sh", "-c", _SCRIPT, "sh", size, folder],
                               folder.with_suffix(".log")).start()
        wait_until(lambda: self.run("rm", folder / ".mounted") == "", 20, "the disk", self._holder.diagnose)

    def inside(self, *command):
        """A command line that runs where the disk is seen."""
        enter = ["nsenter", "-t", str(self._holder.pid), "--mount"]
        if not self._is_root:
            enter += ["--user", "--preserve-credentials"]
        return [*enter, *map(str, command)]

    def run(self, *command):
        return subprocess.run(self.inside(*command), capture_output=True, text=True, check=True).stdout

    def resize(self, size):
        self.run("mount", "-o", f"remount,size={size}", self.folder)

    def free_bytes(self):
        return int(self.run("stat", "-f", "-c", "%a", self.folder)) * os.sysconf("SC_PAGE_SIZE")

    def remove(self):
        self._holder.kill9()


class _OnSmallDisk:
    """A kind of server that runs where a disk is seen, its data there."""

    def __init__(self, kind, disk):
        self._kind = kind
        self._disk = disk

    def __getattr__(self, name):
        return getattr(self._kind, name)

    def command(self, _):
        return self._disk.inside(*self._kind.command(self._disk.folder / "data"))


class SmallDiskServer(Server):
    """A server whose disk has `size` bytes besides the data that a new server has. Otherwise as Server."""

    def __init__(self, kind, folder, *, size, **options):
        super().__init__(kind, folder, **options)
        self.datadir.mkdir(parents=True)
        self.kind.copy_first_data(self.datadir, self._options)
        self._first_size = int(subprocess.check_output(["du", "-s", "-B1", str(self.datadir)]).split()[0])
        self.disk = SmallDisk(self.folder / "disk", self._first_size + size)
        self.disk.run("cp", "-a", self.datadir, self.disk.folder)
        self.kind = _OnSmallDisk(self.kind, self.disk)

    def resize(self, size):
        self.disk.resize(self._first_size + size)

    def remove(self):
        super().remove()
        self.disk.remove()
