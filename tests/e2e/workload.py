"""Random writes to one upstream, the same for the same seed."""

import random
import string

import pymysql
from testbed import Background

_TABLES = {
    "account": """CREATE TABLE account (
        id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, owner VARCHAR(40) NOT NULL, balance DECIMAL(12,2) NOT NULL,
        note TEXT, changed TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
        KEY (owner))""",
    "badge": """CREATE TABLE badge (
        code VARCHAR(20) NOT NULL, place INT NOT NULL, serial INT NOT NULL, photo BLOB,
        PRIMARY KEY (code, place), UNIQUE KEY (serial))""",
    "counter": "CREATE TABLE counter (name CHAR(8) NOT NULL PRIMARY KEY, hits INT UNSIGNED NOT NULL, ratio DOUBLE)",
}

_UNDONE_BY_OTHERS = (1205, 1213, 1412)  # lock wait, deadlock, table changed under the transaction


class Workload(Background):
    """Tables account, badge and counter in `database`, and random transactions on them.

    Single statements and multi-statement transactions, rollbacks, changes of primary and unique keys. `run` does a
    number of them here and now; `start` and `stop` do them in the background.
    """

    def __init__(self, server, database, seed):
        super().__init__()
        self.server = server
        self.database = database
        self.random = random.Random(f"{seed}/{server.name}/{database}")
        self.transactions = 0
        self._serial = 0

    def create(self, rows=200):
        self.server.execute(f"CREATE DATABASE `{self.database}`")
        self.server.execute(*_TABLES.values(), database=self.database)
        with self.session() as connection, connection.cursor() as cursor:
            for _ in range(rows):
                self._insert(cursor)
        return self

    def run(self, transactions):
        with self.session() as connection:
            for _ in range(transactions):
                self.step(connection)

    def session(self):
        return self.server.connect(database=self.database)

    def step(self, connection):
        try:
            with connection.cursor() as cursor:
                self._statements(connection, cursor)
        except pymysql.err.OperationalError as error:
            if error.args[0] not in _UNDONE_BY_OTHERS:
                raise
            connection.rollback()
        self.transactions += 1

    def _statements(self, connection, cursor):
        steps = [self._insert, self._insert, self._update, self._update, self._move, self._delete]
        if self.random.random() < 0.5:
            self.random.choice(steps)(cursor)
            return
        connection.begin()
        for _ in range(self.random.randint(2, 12)):
            self.random.choice(steps)(cursor)
        if self.random.random() < 0.1:
            connection.rollback()
        else:
            connection.commit()

    def _word(self, longest=12):
        alphabet = string.ascii_letters + "äß€'\"\\%_\n🐬"
        return "".join(self.random.choices(alphabet, k=self.random.randint(0, longest)))

    def _key(self):
        return f"key-{self.random.randint(0, 400)}", self.random.randint(0, 3)

    def _insert(self, cursor):
        kind = self.random.choice(list(_TABLES))
        if kind == "account":
            rows = [(self._word(), self.random.randint(-10**6, 10**6) / 100, self.random.choice([None, self._word(300)]))
                    for _ in range(self.random.randint(1, 8))]
            cursor.executemany("INSERT INTO account (owner, balance, note) VALUES (%s, %s, %s)", rows)
        elif kind == "badge":
            self._serial += 1
            photo = self.random.choice([None, self.random.randbytes(self.random.randint(0, 200))])
            cursor.execute("INSERT INTO badge VALUES (%s, %s, %s, %s) ON DUPLICATE KEY UPDATE photo = VALUES(photo)",
                           (*self._key(), self._serial, photo))
        else:
            cursor.execute("REPLACE INTO counter VALUES (%s, %s, %s)",
                           (f"c{self.random.randint(0, 99)}", self.random.getrandbits(32), self.random.gauss(0, 1e6)))

    def _update(self, cursor):
        kind = self.random.choice(list(_TABLES))
        if kind == "account":
            cursor.execute("UPDATE account SET balance = balance + 1, note = %s WHERE id %% 97 = %s ORDER BY id LIMIT 20",
                           (self._word(40), self.random.randint(0, 96)))
        elif kind == "badge":
            cursor.execute("UPDATE badge SET photo = NULL WHERE code = %s", (self._key()[0],))
        else:
            cursor.execute("UPDATE counter SET hits = hits DIV 2, ratio = ratio / 3 WHERE name = %s",
                           (f"c{self.random.randint(0, 99)}",))

    def _move(self, cursor):
        """Changes a primary key, or swaps a unique value between two rows."""
        try:
            if self.random.random() < 0.5:
                cursor.execute("UPDATE badge SET code = %s, place = %s WHERE code = %s AND place = %s",
                               (*self._key(), *self._key()))
            else:
                cursor.execute("SELECT code, place, serial FROM badge ORDER BY serial LIMIT 2 OFFSET %s",
                               (self.random.randint(0, 30),))
                rows = cursor.fetchall()
                if len(rows) == 2:
                    (code_a, place_a, serial_a), (code_b, place_b, serial_b) = rows
                    for serial, code, place in ((-1, code_a, place_a), (serial_a, code_b, place_b),
                                                (serial_b, code_a, place_a)):
                        cursor.execute("UPDATE badge SET serial = %s WHERE code = %s AND place = %s",
                                       (serial, code, place))
        except pymysql.err.IntegrityError:
            pass  # the new key is taken: the server undid the statement

    def _delete(self, cursor):
        kind = self.random.choice(list(_TABLES))
        if kind == "account":
            cursor.execute("DELETE FROM account WHERE id %% 101 = %s ORDER BY id LIMIT 10", (self.random.randint(0, 100),))
        elif kind == "badge":
            cursor.execute("DELETE FROM badge WHERE code = %s AND place = %s", self._key())
        else:
            cursor.execute("DELETE FROM counter WHERE name = %s", (f"c{self.random.randint(0, 99)}",))
