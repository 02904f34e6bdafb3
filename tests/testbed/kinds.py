"""What differs between the kinds of database server: programs, first data, options."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from .trees import CACHE, build_once, tree

# Options that shape the data folder when it is made and must be the same ever after.
_FIRST_DATA_OPTIONS = ("lower-case-table-names", "innodb-page-size")

_COMMON = {
    "bind-address": "127.0.0.1",
    "log-bin": "bin",
    "binlog-format": "ROW",
    "binlog-row-image": "FULL",
    "character-set-server": "utf8mb4",
    # The default collation of newer MySQL does not exist in MariaDB, so both get one that does.
    "collation-server": "utf8mb4_general_ci",
    "innodb-buffer-pool-size": "64M",
    # What is committed survives kill -9 of the server (the kernel has it); only a power cut would lose it.
    "innodb-flush-log-at-trx-commit": "2",
    "sync-binlog": "0",
    "max-allowed-packet": "64M",
    "max-connections": "300",
    "performance-schema": "OFF",
}


def option_words(options):
    """Command line of an option dictionary: None stands for a bare flag, False takes a default away."""
    return [f"--{name}" if value is None else f"--{name}={value}" for name, value in options.items()
            if value is not False]


class Kind:
    """One kind. Stateless; subclasses say how to call the programs."""

    name = ""
    is_mariadb = False
    extra = {}

    def prepare(self):
        """Fetches the programs and makes the first data, so that later starts are quick."""
        self.template({})

    def command(self, datadir):
        """Program and the options it cannot do without."""
        raise NotImplementedError

    def environment(self):
        return {}

    def initialise(self, datadir, options):
        """Makes first data in an empty folder: root without password, no other accounts."""
        raise NotImplementedError

    def options(self):
        return {**_COMMON, **self.extra}

    def copy_first_data(self, datadir, options):
        template = self.template({name: options[name] for name in _FIRST_DATA_OPTIONS if name in options})
        subprocess.run(["cp", "-a", "--reflink=auto", f"{template}/.", str(datadir)], check=True)

    def template(self, options):
        words = option_words({**self.options(), **options})
        version = subprocess.run([*self.command(Path("/nonexistent")), "--version"], capture_output=True, text=True,
                                 env={**os.environ, **self.environment()}, check=True).stdout
        key = hashlib.sha256(repr((version, words)).encode()).hexdigest()[:12]

        def build(folder):
            self.initialise(folder, options)
            (folder / "auto.cnf").unlink(missing_ok=True)  # holds the server's UUID: each copy needs its own

        return build_once(CACHE / "templates" / f"{self.name}-{key}", build)

    def _feed(self, command, text):
        done = subprocess.run(command, input=text, capture_output=True, text=True,
                              env={**os.environ, **self.environment()}, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"making data for {self.name} failed: {' '.join(map(str, command))}\n{done.stderr[-3000:]}")

    def _first_data_command(self, datadir, options):
        kept = {name: value for name, value in self.options().items() if name.startswith("innodb")}
        return [*self.command(datadir), *option_words({**kept, **options})]


def _user():
    return ["--user=root"] if os.geteuid() == 0 else []


def _loader(root):
    """Runs a program of a foreign Debian tree with that tree's own C library, without chroot."""
    libraries = ["lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu", "usr/lib/mysql/private"]
    return [root / "lib64/ld-linux-x86-64.so.2", "--library-path", ":".join(str(root / part) for part in libraries)]


class MariaDb1011(Kind):
    name = "mariadb10.11"
    is_mariadb = True
    extra = {"innodb-log-file-size": "48M", "log-slave-updates": "ON", "slow-query-log": "OFF"}

    def command(self, datadir):
        program = shutil.which("mariadbd", path=os.environ.get("PATH", "") + ":/usr/sbin")
        return [program, "--no-defaults", *_user(), f"--datadir={datadir}"]

    def initialise(self, datadir, options):
        kept = self._first_data_command(datadir, options)[1:]
        self._feed(["mariadb-install-db", *kept, "--auth-root-authentication-method=normal", "--skip-test-db"], "")


class MariaDb118(Kind):
    name = "mariadb11.8"
    is_mariadb = True
    extra = {"innodb-log-file-size": "48M", "log-slave-updates": "ON"}

    def command(self, datadir):
        root = tree(self.name)
        return [*_loader(root), root / "usr/sbin/mariadbd", "--no-defaults", *_user(), f"--datadir={datadir}",
                f"--lc-messages-dir={root}/usr/share/mariadb", f"--character-sets-dir={root}/usr/share/mariadb/charsets",
                f"--plugin-dir={root}/usr/lib/mysql/plugin"]

    def initialise(self, datadir, options):
        share = tree(self.name) / "usr/share/mariadb"
        (datadir / "mysql").mkdir()
        text = "create database if not exists mysql;\nuse mysql;\nSET @auth_root_socket=NULL;\n"
        for part in ("mariadb_system_tables", "mariadb_performance_tables", "mariadb_system_tables_data"):
            text += (share / f"{part}.sql").read_text(encoding="utf-8") + "\n"
        text += "DELETE FROM global_priv WHERE User = '';\n"
        self._feed([*self._first_data_command(datadir, options), "--bootstrap", "--skip-networking"], text)


class MySql97(Kind):
    name = "mysql9.7"
    # binlog-format is gone from the options worth setting: ROW is all there is, and naming it warns.
    extra = {"gtid-mode": "ON", "enforce-gtid-consistency": "ON", "innodb-redo-log-capacity": "64M",
             "loose-mysqlx": "0", "secure-file-priv": "", "binlog-format": False, "loose-mysql-native-password": False}

    def command(self, datadir):
        root = tree(self.name)
        return [*_loader(root), root / "usr/sbin/mysqld", "--no-defaults", *_user(), f"--datadir={datadir}",
                f"--lc-messages-dir={root}/usr/share/mysql", f"--character-sets-dir={root}/usr/share/mysql/charsets",
                f"--plugin-dir={root}/usr/lib/mysql/plugin"]

    def initialise(self, datadir, options):
        self._feed([*self._first_data_command(datadir, options), "--initialize-insecure"], "")


class MySql56(Kind):
    name = "mysql5.6"
    extra = {"gtid-mode": "ON", "enforce-gtid-consistency": None, "log-slave-updates": None,
             "innodb-log-file-size": "24M"}

    def command(self, datadir):
        root = tree(self.name) / "server"
        return [root / "mysqld", "--no-defaults", *_user(), f"--basedir={root}", f"--datadir={datadir}",
                f"--lc-messages-dir={root}/share"]

    def environment(self):
        return {"LD_LIBRARY_PATH": str(tree(self.name) / "server")}

    def initialise(self, datadir, options):
        share = tree(self.name) / "server" / "share"
        for database in ("mysql", "test"):
            (datadir / database).mkdir()
        text = "use mysql;\n"
        for part in ("mysql_system_tables", "mysql_system_tables_data"):
            text += (share / f"{part}.sql").read_text(encoding="utf-8") + "\n"
        text += "DELETE FROM user WHERE User = '';\nDELETE FROM db;\n"
        self._feed([*self._first_data_command(datadir, options), "--bootstrap"], text)


KINDS = {kind.name: kind for kind in (MariaDb1011(), MariaDb118(), MySql97(), MySql56())}
