"""The session of a storm that changes structures."""

import re

from .random_tables import create_partitioned, create_table, key_type, random_type
from .storm_sessions import Session
from .storm_shapes import PARTS, STATEMENTS, decorated, in_schema

_MOST_TABLES = 14


class StructureSession(Session):
    """One statement after another that changes structures."""

    interval = 0.12

    def statements(self, connection, cursor):
        if self.random.random() < 0.3:
            self.stopping.wait(self.random.random())
        with self.storm.structure_gate:
            for text in self.random.choices(list(_ACTIONS), list(_ACTIONS.values()))[0](self):
                text, schema = in_schema(self, decorated(self, text))
                if schema:
                    connection.select_db(schema)
                try:
                    cursor.execute(text)
                finally:
                    self.storm.refresh(connection)
                self.storm.counts["structures"] += 1

    def new_quoted(self):
        return self.storm.new_quoted()

    def create(self):
        if len(self.storm.tables) >= _MOST_TABLES:
            return self.drop()
        if self.random.random() < 0.2:
            return [create_partitioned(self.random, self.new_quoted())]
        return [self.storm.new_table(self.new_quoted())]

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
                if self.random.random() < 0.3 and "k1" in names:  # rows for many events
                    keys = ["k1"]
                order = ", ".join(f"`{k}`" for k in keys)
                texts = ["SET @no = 0", f"CREATE TABLE {self.new_quoted()}{key} DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci "
                         f"SELECT {number}{names} FROM {table.quoted} "
                         f"ORDER BY {order} LIMIT {self.random.choice([500, 6000])}"]
        return texts

    def drop(self):
        tables = [t for t in self.storm.tables.values() if t.name != "big"]
        chosen = self.random.sample(tables, min(len(tables), self.random.choice([1, 1, 2])))
        if len(tables) < 4 or not chosen:
            return self.create()
        texts = [f"DROP TABLE {', '.join(t.quoted for t in chosen)}"]
        if self.random.random() < 0.5:  # and back under the same name, in another shape
            texts.append(self.storm.new_table(chosen[0].quoted))
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
            if self.random.random() < 0.5:
                part = self.random.choice(PARTS)(self, table, touched)
            else:
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

    def partitions(self):
        """What is done to the partitions of a table, or to one of them and a table of its own."""
        tables = [t for t in self.storm.tables.values() if t.partitions]
        if not tables:
            return [create_partitioned(self.random, self.new_quoted())]
        table = self.random.choice(tables)
        name = self.random.choice(table.partitions)
        alter = f"ALTER TABLE {table.quoted}"
        if table.partitioning not in ("RANGE", "LIST"):
            fewer = len(table.partitions) > 3 and self.random.random() < 0.5
            return [f"{alter} COALESCE PARTITION 1" if fewer else f"{alter} ADD PARTITION PARTITIONS 1"]
        kind = self.random.choice(["truncate", "drop", "split", "exchange", "exchange"])
        if table.partitioning == "LIST" and kind == "split":
            return []
        if kind == "truncate" or (kind == "drop" and len(table.partitions) < 3):
            return [f"{alter} TRUNCATE PARTITION `{name}`"]
        if kind == "drop" and name != table.partitions[-1]:
            return [f"{alter} DROP PARTITION `{name}`"]
        if kind != "exchange":
            number = max(int(p[1:]) for p in table.partitions)
            return [f"{alter} REORGANIZE PARTITION `{table.partitions[-1]}` INTO (PARTITION p{number + 1} VALUES LESS THAN "
                    f"({50 + number * 5}), PARTITION p{number + 2} VALUES LESS THAN MAXVALUE)"]
        if len(self.storm.tables) >= _MOST_TABLES + 2:
            return self.drop()
        apart = self.new_quoted()
        texts = [f"CREATE TABLE {apart} LIKE {table.quoted}", f"ALTER TABLE {apart} REMOVE PARTITIONING"]
        if self.random.random() < 0.6:
            texts.append(f"INSERT INTO {apart} SELECT * FROM {table.quoted} PARTITION (`{name}`) ORDER BY k1 LIMIT 5")
        return [*texts, f"{alter} EXCHANGE PARTITION `{name}` WITH TABLE {apart}"]

    def rare(self):
        return self.random.choice(STATEMENTS)(self)

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
        if not column or column.data_type in ("text", "longtext", "blob"):  # MariaDB takes some of the text by itself
            return []
        name = f"x{self.random.randint(1, 9)}"
        return [f"CREATE INDEX `{name}` ON {table.quoted} (`{column.name}`)", f"DROP INDEX `{name}` ON {table.quoted}"]

    def fresh(self, table, letter="c"):
        names = {c.name for c in table.columns}
        return next(n for n in iter(lambda: f"{letter}{self.random.randint(1, 99)}", None) if n not in names)

    def place(self, table):
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
        name = self.fresh(table)
        if name in touched:
            return None
        touched.add(name)
        default = self.random.choice(["NULL", "NULL", "INT NOT NULL DEFAULT 7", "VARCHAR(30) NOT NULL DEFAULT 'it''s'",
                                      "TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3)",
                                      "DATETIME NULL DEFAULT CURRENT_TIMESTAMP", "DECIMAL(9,3) NOT NULL"])
        definition = f"{random_type(self.random)} NULL" if default == "NULL" else default
        return f"ADD COLUMN `{name}` {definition}{self.place(table)}"

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
                      and self._wider(c) and not (table.partitioning and c.in_key)]  # MySQL does not rename those either
        if not candidates:
            return None
        column = self.random.choice(candidates)
        touched.add(column.name)
        name = self.fresh(table, "u" if column.in_key else "c")
        if self.storm.server.kind.name != "mysql5.6" and self.random.random() < 0.5:
            return f"RENAME COLUMN `{column.name}` TO `{name}`"
        return f"CHANGE COLUMN `{column.name}` `{name}` {self._wider(column)} {'NULL' if column.nullable else 'NOT NULL'}"

    def _index(self, table, touched):
        column = self._plain_column(table, touched)
        if column is None:
            return None
        prefix = "(10)" if column.data_type in ("text", "blob") or (column.length or 0) > 190 else ""
        return f"ADD KEY `{self.fresh(table, 'i')}{self.random.randint(0, 99)}` (`{column.name}`{prefix})"

    def _unique(self, table, touched):
        if self.random.random() < 0.5:
            name = self.fresh(table, "u")
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
    StructureSession.convert: 1, StructureSession.standalone_index: 2, StructureSession.partitions: 3,
    StructureSession.rare: 7,
}
