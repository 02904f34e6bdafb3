"""The sessions of a storm that change rows, and what all its sessions have in common."""

import contextlib
import random

import pymysql

from testbed import Background

from .random_tables import random_value
from .storm_joins import FORMS

_SQL_MODES = ("", "STRICT_ALL_TABLES", "NO_BACKSLASH_ESCAPES", "ANSI_QUOTES", "NO_AUTO_VALUE_ON_ZERO")
_ZONES = ("+00:00", "-05:30", "+13:00", "SYSTEM")


class Session(Background):
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
            self._connection = self.storm.server.connect(database=self.storm.schemas[0], read_timeout=30)
            with self._connection.cursor() as cursor:
                cursor.execute(f"SET SESSION sql_mode = '{self.random.choice(_SQL_MODES)}', lock_wait_timeout = 3, "
                               f"innodb_lock_wait_timeout = 3, time_zone = '{self.random.choice(_ZONES)}', "
                               f"foreign_key_checks = {self.random.choice([1, 1, 0])}")
                if self.storm.server.kind.name == "mysql9.7":
                    cursor.execute(f"SET SESSION binlog_transaction_compression = {self.random.randint(0, 1)}, "
                                   f"binlog_row_value_options = '{self.random.choice(['', 'PARTIAL_JSON'])}'")
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

    def end_left(self, connection):
        """Ends what would outlive the session."""

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


class RowSession(Session):
    """Transactions on rows; `name` is that of its XA transactions."""

    interval = 0.004

    def __init__(self, storm, seed, name):
        super().__init__(storm, seed)
        self._name = name
        self._xa_number = 0

    def _connect(self):
        is_new = self._connection is None
        connection = super()._connect()
        if is_new:
            self.end_left(connection)
            with connection.cursor() as cursor:  # a join of large tables would hold everything up
                cursor.execute("SET SESSION max_join_size = 300000")
        return connection

    @property
    def _uses_xa(self):
        # 5.6 rolls back what is prepared when its session ends, and logs nothing of it before the commit.
        return self.storm.server.kind.name != "mysql5.6"

    def end_left(self, connection):
        """A transaction that was prepared outlives its session."""
        if not self._uses_xa:
            return
        with connection.cursor() as cursor:
            cursor.execute("XA RECOVER")
            for _, length, _, data in cursor.fetchall():
                name = _text(data)[:length]
                if not name.startswith(f"{self._name}/"):
                    continue
                # MariaDB may answer COMMIT with 1402, roll back, and log the commit all the same.
                ends = ["ROLLBACK"] if self.storm.server.kind.is_mariadb else ["COMMIT", "ROLLBACK"]
                try:
                    cursor.execute(f"XA {self.random.choice(ends)} '{name}'")
                except pymysql.Error as error:
                    if error.args[0] != 1402:  # MariaDB has rolled it back itself, for others that waited
                        raise

    def _distributed(self, cursor):
        """A source that dies amid it may have the end in its binlog and the transaction still prepared (MariaDB)."""
        self._xa_number += 1
        name = f"'{self._name}/{self._xa_number}'"
        cursor.execute(f"XA START {name}")
        for _ in range(self.random.randint(1, 6)):
            action = self.random.choice([self.insert, self.update, self.delete])
            self.attempt(lambda action=action: action(cursor, self.any_table()))
        cursor.execute(f"XA END {name}")
        cursor.execute(f"XA PREPARE {name}")
        if self.random.random() < 0.1:
            self._close()  # the next session ends it
            return
        end = self.random.choice(["COMMIT", "COMMIT", "COMMIT", "ROLLBACK"])
        cursor.execute(f"XA {end} {name}")
        self.storm.counts[f"XA {end}"] += 1

    def statements(self, connection, cursor):
        if not self.storm.tables:
            self.stopping.wait(0.1)
            return
        if self.random.random() < 0.4:
            self._one(cursor)
            return
        if self.random.random() < 0.005:
            cursor.execute("FLUSH BINARY LOGS")
        if self._uses_xa and self.random.random() < 0.04:
            self._distributed(cursor)
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
        if self.random.random() < 0.25:
            form = self.random.choice(FORMS)
            self.attempt(lambda: form(self, cursor, table))
        else:
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
        texts = [c for c in table.writable if c.is_text and c.in_key and not c.name.startswith("j")]
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


def _text(value):
    return value.decode() if isinstance(value, bytes) else value
