"""A storm of random statements on one upstream: rows in several sessions, and structures in one more."""

import collections
import contextlib
import random
import re
import threading

import pymysql

from testbed import Background

from .random_tables import create_table, key_type, random_type, random_value, read_tables

_MOST_TABLES = 14
_SQL_MODES = ("", "STRICT_ALL_TABLES", "NO_BACKSLASH_ESCAPES", "ANSI_QUOTES", "NO_AUTO_VALUE_ON_ZERO")
_ZONES = ("+00:00", "-05:30", "+13:00", "SYSTEM")


class Storm:
    """Schemas with random tables and everything that happens to them.

    `create` makes the first tables; `with storm:` runs the sessions. The source may go away and come back while they run.
    `structure_gate` is held while a statement changes structures: whoever kills the source takes it first, because servers
    do not promise that such a statement is in the binlog and in the tables, or in neither. `counts` says what has been done.
    """

    def __init__(self, server, seed, *, allow_keyless, sessions=3):
        self.server = server
        self.random = random.Random(f"{seed}/storm")
        self.schemas = [f"s{seed}_{name}" for name in ("a", "b", "C d")][:self.random.randint(1, 3)]
        self.allow_keyless = allow_keyless
        self.allow_generated = server.kind.name != "mysql5.6"
        self.structure_gate = threading.Lock()
        self.counts = collections.Counter()
        self.tables = {}
        self._number = 0
        self._parts = [RowSession(self, f"{seed}/rows/{n}") for n in range(sessions)]
        self._parts.append(StructureSession(self, f"{seed}/structures"))

    def new_name(self):
        self._number += 1
        return self.random.choice(["t{}", "Tab{}", "t {}", "t\u00fc{}"]).format(self._number)

    def create(self, tables=6, rows=120):
        rows_of = RowSession(self, self.random.random())
        with self.server.connect() as connection, connection.cursor() as cursor:
            for schema in self.schemas:
                cursor.execute(f"CREATE DATABASE `{schema}`")
            for _ in range(tables):
                quoted = f"`{self.random.choice(self.schemas)}`.`{self.new_name()}`"
                cursor.execute(create_table(self.random, quoted, self.allow_keyless, self.allow_generated))
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


class _Session(Background):
    """One connection to the source; it survives what the source refuses, and the source's death."""

    def __init__(self, storm, seed):
        super().__init__()
        self.storm = storm
        self.random = random.Random(seed)
        self._connection = None

    @contextlib.contextmanager
    def session(self):
        yield None
        self._close()

    def _close(self):
        if self._connection:
            with contextlib.suppress(pymysql.Error, OSError):
                self._connection.rollback()
                self._connection.close()
        self._connection = None

    def _connect(self):
        if self._connection is None:
            self._connection = self.storm.server.connect(read_timeout=30)
            with self._connection.cursor() as cursor:
                cursor.execute(f"SET SESSION sql_mode = '{self.random.choice(_SQL_MODES)}', lock_wait_timeout = 3, "
                               f"innodb_lock_wait_timeout = 3, time_zone = '{self.random.choice(_ZONES)}'")
        return self._connection

    def step(self, _):
        try:
            connection = self._connect()
            with connection.cursor() as cursor:
                self.statements(connection, cursor)
        except pymysql.Error as error:
            self.storm.counts[f"error {error.args[0]}"] += 1
            self._after_error(error)
        if self.random.random() < 0.01:
            self._close()  # the next one has another sql_mode and zone

    def _after_error(self, error):
        try:
            self._connection.rollback()
        except (pymysql.Error, OSError, AttributeError):
            self._close()
        if error.args[0] in (2003, 2006, 2013, 0):
            self.stopping.wait(0.2)

    def statements(self, connection, cursor):
        raise NotImplementedError

    def attempt(self, action):
        """Runs it; a refusal of the statement leaves the transaction as it was."""
        try:
            action()
            self.storm.counts["rows"] += 1
        except pymysql.Error as error:
            self.storm.counts[f"error {error.args[0]}"] += 1
            if error.args[0] in (0, 1205, 1213, 1412, 2003, 2006, 2013):
                raise

    def any_table(self):
        tables = list(self.storm.tables.values())
        return self.random.choice(tables) if tables else None


class RowSession(_Session):
    """Transactions on rows."""

    interval = 0.004

    def statements(self, connection, cursor):
        if not self.storm.tables:
            self.stopping.wait(0.1)
            return
        if self.random.random() < 0.4:
            self._one(cursor)
            return
        connection.begin()
        savepoint = None
        for _ in range(self.random.randint(2, 14)):
            self._one(cursor)
            if self.random.random() < 0.12:
                savepoint = "sp"
                cursor.execute("SAVEPOINT sp")
            elif savepoint and self.random.random() < 0.2:
                cursor.execute("ROLLBACK TO SAVEPOINT sp")
        if self.random.random() < 0.12:
            connection.rollback()
            self.storm.counts["rollback"] += 1
        else:
            connection.commit()
            self.storm.counts["commit"] += 1

    def _one(self, cursor):
        table = self.any_table()
        action = self.random.choice([self.insert, self.insert, self.update, self.update, self.update, self.shift, self.swap,
                                     self.respell, self.delete, self.copy_rows])
        self.attempt(lambda: action(cursor, table))

    def insert(self, cursor, table, most=8):
        columns = [c for c in table.writable if not c.nullable or self.random.random() < 0.85]
        rows = [[random_value(self.random, c) for c in columns] for _ in range(self.random.randint(1, most))]
        verb = self.random.choice(["INSERT", "INSERT", "INSERT", "INSERT IGNORE", "REPLACE"])
        places = ", ".join(["(" + ", ".join(["%s"] * len(columns)) + ")"] * len(rows))
        names = ", ".join(f"`{c.name}`" for c in columns)
        text = f"{verb} INTO {table.quoted} ({names}) VALUES {places}"
        if verb == "INSERT" and self.random.random() < 0.3:
            column = self.random.choice(table.writable)
            text += f" ON DUPLICATE KEY UPDATE `{column.name}` = VALUES(`{column.name}`)"
        cursor.execute(text, [value for row in rows for value in row])

    def update(self, cursor, table):
        columns = self.random.sample(table.writable, min(len(table.writable), self.random.randint(1, 3)))
        sets = ", ".join(f"`{c.name}` = %s" for c in columns)
        ignore = self.random.choice(["", "", "IGNORE "])
        cursor.execute(f"UPDATE {ignore}{table.quoted} SET {sets} WHERE {self._where(table)} LIMIT {self.random.choice([1, 1, 5])}",
                       [random_value(self.random, c) for c in columns])

    def shift(self, cursor, table):
        """Moves the values of a unique key from row to row within one statement."""
        numbers = [c for c in table.writable if c.is_integer and c.in_key]
        if numbers:
            column = self.random.choice(numbers).name
            step, order = self.random.choice([("+ 1", "DESC"), ("- 1", "ASC")])
            cursor.execute(f"UPDATE {table.quoted} SET `{column}` = `{column}` {step} WHERE `{column}` BETWEEN 3 AND "
                           f"{self.random.randint(5, 40)} ORDER BY `{column}` {order}")

    def swap(self, cursor, table):
        """Two rows exchange a unique value, by way of a third one."""
        single = [parts[0] for parts in table.uniques.values() if len(parts) == 1]
        column = next((c for c in table.writable if c.name in single), None)
        if column is None:
            return
        cursor.execute(f"SELECT `{column.name}` FROM {table.quoted} WHERE `{column.name}` IS NOT NULL "
                       f"ORDER BY `{column.name}` LIMIT 2 OFFSET {self.random.randint(0, 25)}")
        values = [row[0] for row in cursor.fetchall()]
        if len(values) < 2 or not (column.is_integer or column.is_text):
            return
        free = 119 if column.is_integer else "zz"
        cursor.execute("SAVEPOINT swapping")
        try:
            for new, old in ((free, values[0]), (values[0], values[1]), (values[1], free)):
                cursor.execute(f"UPDATE {table.quoted} SET `{column.name}` = %s WHERE `{column.name}` = %s", (new, old))
        except pymysql.err.IntegrityError:
            with contextlib.suppress(pymysql.err.OperationalError):  # outside of a transaction there is no savepoint
                cursor.execute("ROLLBACK TO SAVEPOINT swapping")
            raise

    def respell(self, cursor, table):
        """Changes a key to one that its collation calls the same, or nearly."""
        texts = [c for c in table.writable if c.is_text and c.in_key]
        if texts:
            name = self.random.choice(texts).name
            form = self.random.choice(["UPPER(`{}`)", "LOWER(`{}`)", "CONCAT(`{}`, ' ')", "RTRIM(`{}`)", "REVERSE(`{}`)"])
            cursor.execute(f"UPDATE IGNORE {table.quoted} SET `{name}` = {form.format(name)} ORDER BY RAND() LIMIT 6")

    def delete(self, cursor, table):
        cursor.execute(f"DELETE FROM {table.quoted} WHERE {self._where(table)} LIMIT {self.random.choice([1, 3, 20])}")

    def copy_rows(self, cursor, table):
        """Rows that are like others, all over again: what unique keys allow of it."""
        names = ", ".join(f"`{c.name}`" for c in table.writable if not c.is_auto)
        verb = self.random.choice(["INSERT IGNORE", "REPLACE"])
        if names:
            cursor.execute(f"{verb} INTO {table.quoted} ({names}) SELECT {names} FROM {table.quoted} "
                           f"ORDER BY RAND() LIMIT {self.random.choice([2, 40])}")

    def _where(self, table):
        column = self.random.choice(table.columns)
        kind = self.random.random()
        if column.is_integer and kind < 0.6:
            return f"MOD(`{column.name}`, 13) = {self.random.randint(0, 12)}"
        if kind < 0.7:
            return f"`{column.name}` IS {self.random.choice(['', 'NOT '])}NULL"
        return f"RAND() < {self.random.choice([0.02, 0.2])}"


class StructureSession(_Session):
    """One statement after another that changes structures."""

    interval = 0.12

    def statements(self, connection, cursor):
        if self.random.random() < 0.3:
            self.stopping.wait(self.random.random())
        with self.storm.structure_gate:
            for text in self.random.choices(list(_ACTIONS), list(_ACTIONS.values()))[0](self):
                try:
                    cursor.execute(text)
                finally:
                    self.storm.refresh(connection)
                self.storm.counts["structures"] += 1

    def new_quoted(self):
        return f"`{self.random.choice(self.storm.schemas)}`.`{self.storm.new_name()}`"

    def create(self):
        if len(self.storm.tables) >= _MOST_TABLES:
            return self.drop()
        return [create_table(self.random, self.new_quoted(), self.storm.allow_keyless, self.storm.allow_generated)]

    def create_alike(self):
        table = self.any_table()
        if table is None or len(self.storm.tables) >= _MOST_TABLES:
            return []
        texts = [f"CREATE TABLE {self.new_quoted()} LIKE {table.quoted}"]
        if self.storm.server.kind.name != "mysql5.6" and table.has_key:
            names = ", ".join(f"`{c.name}`" for c in table.columns)
            keys = next(parts for parts in table.uniques.values())
            key = "" if self.storm.allow_keyless else " (PRIMARY KEY (`no`))"
            number = "" if self.storm.allow_keyless else "@no := @no + 1 AS `no`, "
            if not self.storm.allow_keyless or self.random.random() < 0.5:
                order = ", ".join(f"`{k}`" for k in keys)
                texts = ["SET @no = 0", f"CREATE TABLE {self.new_quoted()}{key} DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci "
                         f"SELECT {number}{names} FROM {table.quoted} "
                         f"ORDER BY {order} LIMIT 500"]
        return texts

    def drop(self):
        tables = [t for t in self.storm.tables.values() if t.name != "big"]
        chosen = self.random.sample(tables, min(len(tables), self.random.choice([1, 1, 2])))
        if len(tables) < 4 or not chosen:
            return self.create()
        texts = [f"DROP TABLE {', '.join(t.quoted for t in chosen)}"]
        if self.random.random() < 0.5:  # and back under the same name, in another shape
            texts.append(create_table(self.random, chosen[0].quoted, self.storm.allow_keyless, self.storm.allow_generated))
        return texts

    def truncate(self):
        table = self.any_table()
        return [f"TRUNCATE TABLE {table.quoted}"] if table and table.name != "big" else []

    def rename(self):
        table = self.any_table()
        if table is None:
            return []
        if self.random.random() < 0.5:
            return [f"ALTER TABLE {table.quoted} RENAME TO {self.new_quoted()}"]
        return [f"RENAME TABLE {table.quoted} TO {self.new_quoted()}"]

    def swap_tables(self):
        tables = self.random.sample(list(self.storm.tables.values()), min(2, len(self.storm.tables)))
        if len(tables) < 2:
            return []
        one, two, free = tables[0].quoted, tables[1].quoted, self.new_quoted()
        return [f"RENAME TABLE {one} TO {free}, {two} TO {one}, {free} TO {two}"]

    def schema(self):
        name = f"{self.storm.schemas[0]}x"
        texts = [f"CREATE DATABASE `{name}`", create_table(self.random, f"`{name}`.`t`", False, False),
                 f"INSERT IGNORE INTO `{name}`.`t` VALUES ()", f"ALTER DATABASE `{name}` CHARACTER SET latin1",
                 f"CREATE TABLE `{name}`.`u` (k1 INT PRIMARY KEY, v VARCHAR(9))", f"DROP DATABASE `{name}`"]
        return texts

    def alter(self):
        """One to three actions in one statement."""
        table = self.any_table()
        if table is None:
            return []
        touched = set()
        parts = []
        for _ in range(self.random.choice([1, 1, 1, 2, 3])):
            part = self.random.choice([self._add, self._add, self._drop_column, self._modify, self._change, self._index,
                                       self._unique, self._drop_index, self._default])(table, touched)
            if part:
                parts.append(part)
        # MariaDB (10.11.19, 11.8.6) keeps the old table beside the new one, rows and all, if it copies the table and the old
        # name has characters that it writes otherwise in names of files: rows of a table follow that the binlog has renamed.
        is_renamed_well = not self.storm.server.kind.is_mariadb or re.fullmatch(r"\w+", table.name, re.ASCII)
        if parts and self.random.random() < 0.08 and is_renamed_well:
            parts.append(f"RENAME TO {self.new_quoted()}")
        return [f"ALTER TABLE {table.quoted} {', '.join(parts)}"] if parts else []

    def convert(self):
        table = self.any_table()
        # Amid writes that statement leaves MariaDB (10.11 and 11.8) with doubles in unique keys that a text is part of,
        # and CHECK TABLE calls these keys corrupted: nobody could follow such a binlog.
        if table is None or (self.storm.server.kind.is_mariadb and any(c.is_text and c.in_key for c in table.columns)):
            return []
        return [f"ALTER TABLE {table.quoted} CONVERT TO CHARACTER SET utf8mb4 COLLATE "
                + self.random.choice(["utf8mb4_bin", "utf8mb4_general_ci", "utf8mb4_unicode_ci"])]

    def standalone_index(self):
        table = self.any_table()
        column = table and self._plain_column(table, set())
        if not column or column.data_type in ("text", "blob"):
            return []
        name = f"x{self.random.randint(1, 9)}"
        return [f"CREATE INDEX `{name}` ON {table.quoted} (`{column.name}`)", f"DROP INDEX `{name}` ON {table.quoted}"]

    def _fresh(self, table, letter="c"):
        names = {c.name for c in table.columns}
        return next(n for n in iter(lambda: f"{letter}{self.random.randint(1, 99)}", None) if n not in names)

    def _place(self, table):
        if self.random.random() < 0.6:
            return ""
        return self.random.choice([" FIRST", f" AFTER `{self.random.choice(table.columns).name}`"])

    def _plain_column(self, table, touched):
        columns = [c for c in table.columns if not c.in_key and not c.is_generated and c.name not in touched]
        if not columns:
            return None
        column = self.random.choice(columns)
        touched.add(column.name)
        return column

    def _add(self, table, touched):
        if len(table.columns) > 18:
            return self._drop_column(table, touched)
        name = self._fresh(table)
        if name in touched:
            return None
        touched.add(name)
        default = self.random.choice(["NULL", "NULL", "INT NOT NULL DEFAULT 7", "VARCHAR(30) NOT NULL DEFAULT 'it''s'",
                                      "TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3)",
                                      "DATETIME NULL DEFAULT CURRENT_TIMESTAMP", "DECIMAL(9,3) NOT NULL"])
        definition = f"{random_type(self.random)} NULL" if default == "NULL" else default
        return f"ADD COLUMN `{name}` {definition}{self._place(table)}"

    def _drop_column(self, table, touched):
        column = self._plain_column(table, touched)
        return f"DROP COLUMN `{column.name}`" if column and len(table.columns) > 2 else None

    def _wider(self, column):
        if column.data_type == "varchar":
            if column.in_key or (column.length or 0) > 400:
                return None
            charset = column.charset or "utf8mb4"
            text = f"VARCHAR({(column.length or 1) + self.random.choice([0, 7, 250])}) CHARACTER SET {charset}"
            # What MySQL chooses by itself does not exist in MariaDB.
            chooses_its_own = self.storm.server.kind.name == "mysql9.7" and charset == "utf8mb4"
            return f"{text} COLLATE utf8mb4_general_ci" if chooses_its_own else text
        if column.data_type in ("tinyint", "smallint", "mediumint", "int"):
            return "BIGINT" + (" UNSIGNED" if "unsigned" in column.column_type else "")
        return None

    def _modify(self, table, touched):
        candidates = [c for c in table.columns if c.name not in touched and not c.is_auto and not c.is_generated
                      and self._wider(c)]
        if not candidates:
            return None
        column = self.random.choice(candidates)
        touched.add(column.name)
        return (f"MODIFY COLUMN `{column.name}` {self._wider(column)} {'NULL' if column.nullable else 'NOT NULL'}"
                f"{self._place_of_other(table, column)}")

    def _place_of_other(self, table, column):
        if self.random.random() < 0.5:
            return ""
        others = [c.name for c in table.columns if c.name != column.name]
        return self.random.choice([" FIRST", f" AFTER `{self.random.choice(others)}`"]) if others else " FIRST"

    def _change(self, table, touched):
        if any(c.is_generated for c in table.columns):
            return None  # MySQL does not rename what a generated column is made of
        candidates = [c for c in table.columns if c.name not in touched and not c.is_auto and not c.is_generated
                      and self._wider(c)]
        if not candidates:
            return None
        column = self.random.choice(candidates)
        touched.add(column.name)
        name = self._fresh(table, "u" if column.in_key else "c")
        if self.storm.server.kind.name != "mysql5.6" and self.random.random() < 0.5:
            return f"RENAME COLUMN `{column.name}` TO `{name}`"
        return f"CHANGE COLUMN `{column.name}` `{name}` {self._wider(column)} {'NULL' if column.nullable else 'NOT NULL'}"

    def _index(self, table, touched):
        column = self._plain_column(table, touched)
        if column is None:
            return None
        prefix = "(10)" if column.data_type in ("text", "blob") or (column.length or 0) > 190 else ""
        return f"ADD KEY `{self._fresh(table, 'i')}{self.random.randint(0, 99)}` (`{column.name}`{prefix})"

    def _unique(self, table, touched):
        if self.random.random() < 0.5:
            name = self._fresh(table, "u")
            if name not in touched:
                touched.add(name)
                return f"ADD COLUMN `{name}` {key_type(self.random)} NULL, ADD UNIQUE KEY `{name}k` (`{name}`)"
        return None

    def _drop_index(self, table, touched):
        names = [n for n in table.indexes if n not in ("PRIMARY", "uk") and n not in touched]
        if not self.storm.allow_keyless and len(table.uniques) < 2:
            names = [n for n in names if n not in table.uniques]
        if not names:
            return None
        name = self.random.choice(names)
        touched.add(name)
        return f"DROP INDEX `{name}`"

    def _default(self, table, touched):
        numbers = [c for c in table.columns if c.is_integer and not c.is_auto and not c.is_generated and c.name not in touched]
        if not numbers:
            return None
        column = self.random.choice(numbers)
        touched.add(column.name)
        return f"ALTER COLUMN `{column.name}` SET DEFAULT {self.random.randint(0, 99)}"


_ACTIONS = {
    StructureSession.create: 3, StructureSession.create_alike: 2, StructureSession.drop: 2, StructureSession.truncate: 2,
    StructureSession.rename: 2, StructureSession.swap_tables: 2, StructureSession.schema: 1, StructureSession.alter: 12,
    StructureSession.convert: 1, StructureSession.standalone_index: 2,
}
