"""One database server with a data folder of its own."""

import contextlib
import shutil
import subprocess
import threading
from pathlib import Path

import pymysql

from .kinds import KINDS, option_words
from .ports import free_port
from .process import Process, tail
from .waiting import WaitTimeout, wait_until

SYSTEM_SCHEMAS = {"information_schema", "mysql", "performance_schema", "sys"}


class Server:
    """A server of one kind in `folder` (made if need be; data, log and socket are inside).

    `options` go over the defaults of the kind: {"gtid-mode": "OFF"}; None makes a bare flag, False drops a default.
    Not started yet; may be started again after stop or kill9, on the same data and port. `query` and `execute` may
    be called from any thread.
    """

    def __init__(self, kind, folder, *, options=None, password="", name=None, detached=False):
        self.kind = KINDS[kind]
        self.folder = Path(folder).resolve()
        self.datadir = self.folder / "data"
        self.port = free_port()
        self.server_id = self.port
        self.password = password
        self.name = name or kind
        self._options = dict(options or {})
        self._detached = detached
        self._process = None
        self._threads = threading.local()

    @property
    def log(self):
        return self.folder / "server.log"

    @property
    def socket(self):
        return self.folder / "s"

    def start(self, options=None, timeout=60):
        """Starts and waits until it answers. `options` replace single ones from now on."""
        self._options.update(options or {})
        first_time = not self.datadir.exists()
        if first_time:
            self.datadir.mkdir(parents=True)
            self.kind.copy_first_data(self.datadir, self._options)
        # A MariaDB that starts clears its folder for temporary tables: nobody may share it.
        words = option_words({**self.kind.options(), "server-id": self.server_id, "port": self.port,
                              "socket": self.socket, "pid-file": self.folder / "pid", "tmpdir": self.folder,
                              **self._options})
        self._process = Process(self.name, [*self.kind.command(self.datadir), *words], self.log,
                                env=self.kind.environment(), cwd=self.folder, detached=self._detached)
        self._process.start()
        login = "" if first_time else self.password
        wait_until(lambda: self._answers(login), timeout, f"{self.name} to accept connections", self.diagnose)
        if first_time and self.password:
            self._set_password()
        return self

    def _answers(self, password):
        if not self._process.is_running():
            raise WaitTimeout(f"{self.name} ended while starting\n{self.diagnose()}")
        self.connect(password=password).close()
        return True

    def _set_password(self):
        with contextlib.closing(self.connect(password="")) as connection:
            connection.cursor().execute("SET PASSWORD = " + ("PASSWORD(%s)" if self._old_password_syntax() else "%s"),
                                        (self.password,))

    def _old_password_syntax(self):
        return self.kind.is_mariadb or self.kind.name == "mysql5.6"

    def stop(self, timeout=60):
        self._process.stop(timeout)

    def kill9(self):
        self._process.kill9()

    def sigstop(self):
        self._process.sigstop()

    def sigcont(self):
        self._process.sigcont()

    def restart(self, options=None):
        """Stops in good order and starts on the same data."""
        self.stop()
        return self.start(options)

    def remove(self):
        """Kills it and deletes its folder."""
        if self._process:
            self._process.kill9()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def pid(self):
        return self._process.pid if self._process else None

    def is_running(self):
        return self._process is not None and self._process.is_running()

    def diagnose(self):
        return f"--- {self.name}, end of {self.log}:\n{tail(self.log, 15)}"

    def connect(self, user="root", password=None, database=None, **options):
        """A new pymysql connection over TCP, in autocommit mode unless told otherwise."""
        options = {"charset": "utf8mb4", "autocommit": True, "connect_timeout": 5, **options}
        return pymysql.connect(host="127.0.0.1", port=self.port, user=user, database=database,
                               password=self.password if password is None else password, **options)

    def _cursor(self, database):
        connection = getattr(self._threads, "connection", None)
        if connection is None or not connection.open or getattr(self._threads, "pid", None) != self.pid:
            connection = self._threads.connection = self.connect()
            self._threads.pid = self.pid
        if database:
            connection.select_db(database)
        return connection.cursor()

    def query(self, sql, args=None, database=None):
        """All rows of a statement, as tuples."""
        with self._cursor(database) as cursor:
            cursor.execute(sql, args)
            return list(cursor.fetchall())

    def value(self, sql, args=None, database=None):
        """First column of the first row, or None."""
        rows = self.query(sql, args, database)
        return rows[0][0] if rows else None

    def execute(self, *statements, database=None):
        """Runs statements one by one."""
        with self._cursor(database) as cursor:
            for statement in statements:
                cursor.execute(statement)

    def load_sql(self, *files):
        """Feeds files to the command-line client, which understands DELIMITER."""
        command = ["mariadb", "-h127.0.0.1", f"-P{self.port}", "-uroot", f"-p{self.password}" if self.password else "-s"]
        for file in files:
            with open(file, "rb") as text:
                done = subprocess.run(command, stdin=text, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"loading {file} into {self.name} failed: {done.stderr}"

    def create_user(self, user, password, grants="ALL PRIVILEGES ON *.*"):
        self.execute(f"CREATE USER '{user}'@'%' IDENTIFIED BY '{password}'", f"GRANT {grants} TO '{user}'@'%'")

    def schemas(self):
        return [row[0] for row in self.query("SHOW DATABASES") if row[0].lower() not in SYSTEM_SCHEMAS]

    def drop_everything(self):
        """Drops all schemas and accounts that are not the server's own."""
        self.execute("SET SESSION foreign_key_checks = 0",
                     *(f"DROP DATABASE `{schema}`" for schema in self.schemas()),
                     "SET SESSION foreign_key_checks = 1")
        own = ("root", "mariadb.sys", "mysql.sys", "mysql.session", "mysql.infoschema")
        accounts = self.query(f"SELECT user, host FROM mysql.user WHERE user NOT IN {own!r} AND user <> ''")
        self.execute(*(f"DROP USER '{_text(user)}'@'{_text(host)}'" for user, host in accounts))

    def client_command(self):
        """A command line that connects, for people."""
        password = f" -p{self.password}" if self.password else ""
        return f"mariadb -h127.0.0.1 -P{self.port} -uroot{password}"


def _text(value):
    return value.decode() if isinstance(value, bytes) else value
