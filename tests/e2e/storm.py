"""A storm of random statements on one upstream: rows in several sessions, and structures in one more."""

import collections
import contextlib
import random
import threading

import pymysql

from .random_tables import SCHEMA_DEFAULTS, SPATIAL_KEY, create_family, create_partitioned, create_table, read_tables
from .storm_sessions import RowSession
from .storm_structures import StructureSession


class Storm:
    """Schemas with random tables and everything that happens to them.

    `create` makes the first tables; `with storm:` runs the sessions. The source may go away and come back while they run.
    `structure_gate` is held while a statement changes structures: whoever kills the source takes it first, because servers
    do not promise that such a statement is in the binlog and in the tables, or in neither. `counts` says what has been done.
    """

    def __init__(self, server, target, seed, *, allow_keyless, sessions=3):
        self.server, self.target = server, target
        self.random = random.Random(f"{seed}/storm")
        self.schemas = [f"s{seed}_{name}" for name in ("a", "b", "C d")][:self.random.randint(1, 3)]
        self.allow_keyless = allow_keyless
        self.allow_generated = server.kind.name != "mysql5.6"
        # Tables without transactions: of these a server that is killed forgets what is in its binlog. What they may have
        # differs between MariaDB and MySQL, and MySQL with GTIDs lets no transaction write to them and to others. Without a
        # key, rows written while such a table is copied may come twice, which the copy says.
        are_mariadb = server.kind.is_mariadb and target.kind.is_mariadb and not allow_keyless
        self.other_engines = self.random.choice([[], ["MyISAM", "Aria"]]) if are_mariadb else []
        self.structure_gate = threading.Lock()
        self.counts = collections.Counter()
        self.tables = {}
        self._number = 0
        self._parts = [RowSession(self, f"{seed}/rows/{n}", f"storm-{n}") for n in range(sessions)]
        self._parts.append(StructureSession(self, f"{seed}/structures"))

    def new_name(self):
        self._number += 1
        return self.random.choice(["t{}", "Tab{}", "t {}", "t\u00fc{}"]).format(self._number)

    def new_table(self, quoted):
        """A CREATE TABLE of any shape."""
        engine = self.random.choice([*self.other_engines, "InnoDB", "InnoDB", "InnoDB"])
        text = create_table(self.random, quoted, self.allow_keyless, self.allow_generated, engine)
        # MariaDB (10.11.19) aborts in rollbacks of rows with a spatial index: "Error (Failed, retry may succeed) in rollback".
        # And it makes points up that no server takes, where a column must not be NULL.
        return text.replace(SPATIAL_KEY, "").replace("POINT NOT NULL", "POINT NULL") if self.server.kind.is_mariadb else text

    def new_quoted(self):
        return f"`{self.random.choice(self.schemas)}`.`{self.new_name()}`"

    def create(self, tables=6, rows=120):
        rows_of = RowSession(self, self.random.random(), "start")
        with self.server.connect() as connection, connection.cursor() as cursor:
            if self.server.kind.is_mariadb:
                cursor.execute(f"SET GLOBAL log_bin_compress = {self.random.randint(0, 1)}, log_bin_compress_min_len = 10")
            for schema in self.schemas:
                cursor.execute(f"CREATE DATABASE `{schema}` CHARACTER SET {self.random.choice(SCHEMA_DEFAULTS)}")
            for _ in range(tables):
                cursor.execute(self.new_table(self.new_quoted()))
            cursor.execute(create_partitioned(self.random, self.new_quoted()))
            # MariaDB lets a parent be replaced by a table that the child does not suit, MySQL (3734) does not.
            takes_parents = self.target.kind.is_mariadb or not self.server.kind.is_mariadb
            if self.random.random() < 0.5 and takes_parents:
                for text in create_family(self.new_quoted(), self.new_quoted()):
                    cursor.execute(text)
            self._create_big(cursor)
            self.refresh(connection)
            for table in self.tables.values():
                for _ in range(rows // 10):
                    rows_of.attempt(lambda t=table: rows_of.insert(cursor, t, 10))
        return self

    def _create_big(self, cursor):
        """A table whose copy takes a while."""
        big = f"`{self.schemas[0]}`.`big`"
        cursor.execute(f"CREATE TABLE {big} (k1 INT NOT NULL AUTO_INCREMENT PRIMARY KEY, u1 VARCHAR(40) NOT NULL, n1 INT NULL, "
                       "pad VARCHAR(300) NOT NULL DEFAULT '', UNIQUE KEY uq1 (u1), KEY i1 (n1)) DEFAULT CHARSET=utf8mb4"
                       + (" COLLATE=utf8mb4_general_ci" if self.server.kind.name == "mysql9.7" else ""))
        cursor.execute(f"INSERT INTO {big} (u1, n1, pad) VALUES (UUID(), 1, REPEAT('p', 250))")
        for number in range(13):
            cursor.execute(f"INSERT INTO {big} (u1, n1, pad) SELECT CONCAT(k1, '-', {number}), MOD(k1, 60), pad FROM {big}")

    def refresh(self, connection):
        self.tables = read_tables(connection, self.schemas)

    def has_done_enough(self):
        return self.counts["commit"] > 20 and self.counts["structures"] > 8 and self.counts["rollback"] > 0

    def __enter__(self):
        for part in self._parts:
            part.start()
        return self

    def __exit__(self, *_):
        for part in self._parts:
            part.stopping.set()
        for part in self._parts:
            part.stop()
        with self.server.connect() as connection:
            self._end_statements(connection)
            for part in self._parts:
                part.end_left(connection)

    def _end_statements(self, connection):
        """A join that its session has not waited for may go on for minutes, and nobody locks tables meanwhile."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT id FROM information_schema.processlist WHERE command = 'Query' AND db IS NOT NULL AND id <> CONNECTION_ID()")
            for (number,) in cursor.fetchall():
                with contextlib.suppress(pymysql.Error):  # it has ended
                    cursor.execute(f"KILL {number}")
