"""Random tables for the storm: their shapes, and values that fit their columns.

Only what all servers of the testbed agree on: the comparison shall find our mistakes, not their differences.
"""

import datetime
import json
import struct
import uuid
from dataclasses import dataclass, field

_TEXT_TYPES = ("varchar", "char", "text", "tinytext", "mediumtext", "longtext")
# Of schemas: what tables and columns without a character set of their own get, whatever the server's default is.
SCHEMA_DEFAULTS = ("utf8mb4 COLLATE utf8mb4_general_ci", "utf8mb4 COLLATE utf8mb4_unicode_ci", "latin1", "gbk")
_INTEGER_BITS = {"tinyint": 8, "smallint": 16, "mediumint": 24, "int": 32, "bigint": 64}

COLLATIONS = ("utf8mb4_general_ci", "utf8mb4_bin", "utf8mb4_unicode_ci", "latin1_swedish_ci", "latin1_bin", "gbk_chinese_ci", "gbk_bin")

# Words that collations join or keep apart: case, accents, trailing spaces, expansions.
_WORDS = ("", " ", "a", "A", "a ", "A  ", "\u00e4", "\u00c4", "ae", "ss", "\u00df", "b", "B", "ab", "aB ", "Ab", "c'c",
          'd"d', "e\\e", "f%_", "\u00e9", "E", "n\u00f1", "N", "z\n", "z", "0", "00", "1e1")
_WIDE_WORDS = ("\u20ac", "\u4e2d", "\U0001f42c", "\U0001f42c ", "\u0107", "\u00e4\u0323")


@dataclass
class Column:
    """A column as information_schema shows it."""

    name: str
    data_type: str
    column_type: str
    nullable: bool
    length: int | None
    charset: str | None
    collation: str | None
    extra: str
    in_key: bool

    @property
    def is_generated(self):
        return "generated" in self.extra.lower()

    @property
    def is_auto(self):
        return "auto_increment" in self.extra.lower()

    @property
    def is_text(self):
        return self.data_type in _TEXT_TYPES

    @property
    def is_integer(self):
        return self.data_type in _INTEGER_BITS


@dataclass
class Table:
    """A table as information_schema shows it; `uniques` are the column lists of its unique keys, primary key too."""

    schema: str
    name: str
    columns: list = field(default_factory=list)
    uniques: dict = field(default_factory=dict)
    indexes: list = field(default_factory=list)
    prefixed: set = field(default_factory=set)  # names of indexes with a part of a column
    partitioning: str = ""  # as in RANGE or LINEAR HASH
    partitions: list = field(default_factory=list)  # names, in order

    @property
    def quoted(self):
        return f"`{self.schema}`.`{self.name}`"

    @property
    def writable(self):
        return [c for c in self.columns if not c.is_generated]

    @property
    def has_key(self):
        """Whether it has a key that tells every row from every other."""
        nullable = {c.name for c in self.columns if c.nullable}
        return any(not nullable & set(parts) for name, parts in self.uniques.items() if name not in self.prefixed)


def read_tables(connection, schemas):
    """The tables of the schemas as they are now, by (schema, table)."""
    names = ", ".join(f"'{schema}'" for schema in schemas)
    tables = {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_schema, table_name, column_name, data_type, column_type, is_nullable, "
                       "character_maximum_length, character_set_name, collation_name, extra, column_key "
                       f"FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name) "
                       f"WHERE table_schema IN ({names}) AND table_type = 'BASE TABLE' "
                       "ORDER BY table_schema, table_name, ordinal_position")
        for schema, name, column, kind, column_type, nullable, length, charset, collation, extra, key in cursor.fetchall():
            kind, column_type = _text(kind), _text(column_type)
            tables.setdefault((schema, name), Table(schema, name)).columns.append(
                Column(column, kind.lower(), column_type, nullable == "YES", length, charset, collation, extra or "", bool(key)))
        cursor.execute("SELECT table_schema, table_name, index_name, column_name, non_unique, sub_part "
                       f"FROM information_schema.statistics WHERE table_schema IN ({names}) "
                       "ORDER BY table_schema, table_name, index_name, seq_in_index")
        for schema, name, index, column, non_unique, prefix in cursor.fetchall():
            table = tables.get((schema, name))
            if table is None:
                continue
            if index not in table.indexes:
                table.indexes.append(index)
            if prefix is not None:
                table.prefixed.add(index)
            # information_schema.columns marks only the first column of most keys.
            for known in table.columns:
                known.in_key = known.in_key or known.name == column
            if not non_unique:
                table.uniques.setdefault(index, []).append(column)
        cursor.execute("SELECT table_schema, table_name, partition_method, partition_name FROM information_schema.partitions "
                       f"WHERE table_schema IN ({names}) AND partition_name IS NOT NULL "
                       "ORDER BY table_schema, table_name, partition_ordinal_position")
        for schema, name, method, partition in cursor.fetchall():
            table = tables.get((schema, name))
            if table is not None and partition not in table.partitions:
                table.partitioning = _text(method)
                table.partitions.append(partition)
    return tables


def _text(value):
    return value.decode() if isinstance(value, bytes) else value


def random_type(rng, longest=60):
    """A column type without NULL or DEFAULT."""
    collation = rng.choice(COLLATIONS)
    of_text = f"CHARACTER SET {collation.partition('_')[0]} COLLATE {collation}"
    return rng.choice([
        "TINYINT", "SMALLINT UNSIGNED", "MEDIUMINT", "INT", "INT UNSIGNED", "BIGINT", "BIGINT UNSIGNED",
        "DECIMAL(12,4)", "DOUBLE", "FLOAT", "DATE", "TIME(2)", "DATETIME", "DATETIME(3)", "TIMESTAMP(6)", "YEAR", "BIT(9)",
        "ENUM('x','y','Zz')", "SET('p','q','r')", f"BINARY({rng.randint(1, 12)})", f"VARBINARY({rng.randint(1, longest)})",
        f"CHAR({rng.randint(1, 20)}) {of_text}", f"VARCHAR({rng.randint(2, longest)}) {of_text}",
        f"VARCHAR({rng.randint(2, longest)}) {of_text}", f"VARCHAR(300) {of_text}", f"TEXT {of_text}", "BLOB",
        f"VARCHAR({rng.randint(2, longest)})", "TEXT",
    ])


def key_type(rng):
    collation = rng.choice(COLLATIONS)
    return rng.choice(["INT", "BIGINT UNSIGNED", "SMALLINT", "VARBINARY(12)", "DATETIME", "DECIMAL(8,2)",
                       f"VARCHAR({rng.randint(3, 30)}) COLLATE {collation}", f"CHAR({rng.randint(2, 9)}) COLLATE {collation}",
                       f"VARCHAR({rng.randint(3, 30)}) COLLATE {collation}"])


def create_table(rng, quoted, allow_keyless, allow_generated, engine="InnoDB"):
    """A CREATE TABLE of a random shape; key columns are called k1, k2..., unique ones u1..., others c1..."""
    parts, keys = [], []
    shape = rng.choice(["auto", "auto", "one", "pair", "unique", "keyless" if allow_keyless else "one"])
    if shape == "auto":
        parts.append("`k1` BIGINT NOT NULL AUTO_INCREMENT")
        keys.append("PRIMARY KEY (`k1`)")
    elif shape in ("one", "pair", "unique"):
        count = {"one": 1, "pair": 2, "unique": rng.randint(1, 2)}[shape]
        parts += [f"`k{n}` {key_type(rng)} NOT NULL" for n in range(1, count + 1)]
        names = ", ".join(f"`k{n}`" for n in range(1, count + 1))
        keys.append(f"UNIQUE KEY `uk` ({names})" if shape == "unique" else f"PRIMARY KEY ({names})")
    if shape != "keyless":
        for n in range(1, rng.choice([0, 0, 1, 1, 2, 3]) + 1):
            nullable = rng.random() < 0.6
            parts.append(f"`u{n}` {key_type(rng)} {'NULL' if nullable else 'NOT NULL'}")
            second = f", `u{n - 1}`" if n > 1 and rng.random() < 0.4 else ""
            keys.append(f"UNIQUE KEY `uq{n}` (`u{n}`{second})")
    columns = rng.randint(1, 6)
    for n in range(1, columns + 1):
        parts.append(f"`c{n}` {random_type(rng)} NULL")
    if allow_generated and rng.random() < 0.3:  # servers with the one have the other
        parts.append("`j1` JSON NULL")
    if allow_generated and rng.random() < 0.1:  # 5.6 takes an empty text for a point
        parts.append("`p1` POINT NOT NULL")
        keys.append(SPATIAL_KEY.lstrip(", "))
    if rng.random() < 0.6:
        parts.append("`n1` INT NULL")
        keys.append("KEY `i1` (`n1`)")
        if allow_generated and rng.random() < 0.5:
            parts.append("`g1` BIGINT GENERATED ALWAYS AS (`n1` * 3) " + rng.choice(["VIRTUAL", "STORED"]))
            if rng.random() < 0.3:
                keys.append("UNIQUE KEY `ug` (`g1`)")
    if rng.random() < 0.4:
        rng.shuffle(parts)
    charset = rng.choice(["", " DEFAULT CHARSET=latin1", " DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci"])
    return f"CREATE TABLE {quoted} ({', '.join(parts + keys)}) ENGINE={engine}{charset}"


SPATIAL_KEY = ", SPATIAL KEY `sp` (`p1`)"
LIST_VALUES = tuple(range(-3, 4))


def partitioning(rng):
    """What stands behind PARTITION BY, by the key k1; partitions by range and list are called p0 and so on."""
    ranges = ", ".join(f"PARTITION p{n} VALUES LESS THAN ({bound})" for n, bound in enumerate((10, 25, 45, "MAXVALUE")))
    halves = ", ".join(f"PARTITION p{n} VALUES IN ({', '.join(map(str, LIST_VALUES[n::2]))})" for n in (0, 1))
    many = rng.randint(2, 5)
    return rng.choice([f"RANGE (`k1`) ({ranges})", f"RANGE (`k1`) ({ranges})", f"HASH (`k1`) PARTITIONS {many}",
                       f"LINEAR HASH (`k1`) PARTITIONS {many}", f"KEY (`k1`) PARTITIONS {many}", f"LIST (MOD(`k1`, 4)) ({halves})",
                       f"RANGE COLUMNS (`k1`) ({ranges})",
                       f"RANGE (`k1`) SUBPARTITION BY HASH (`k1`) SUBPARTITIONS 2 ({ranges})"])


def create_partitioned(rng, quoted):
    """A CREATE TABLE with partitions."""
    extra = "".join(f", `c{n}` {random_type(rng)} NULL" for n in range(1, rng.randint(1, 3) + 1))
    return (f"CREATE TABLE {quoted} (`k1` INT NOT NULL PRIMARY KEY, `n1` INT NULL{extra}, KEY `i1` (`n1`)) ENGINE=InnoDB "
            f"PARTITION BY {partitioning(rng)}")


def create_family(parent, child):
    """Two tables joined by a foreign key. No cascades: servers do not log what these do."""
    return [f"CREATE TABLE {parent} (`k1` INT NOT NULL PRIMARY KEY, `c1` INT NULL) ENGINE=InnoDB",
            f"CREATE TABLE {child} (`k1` BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, `n1` INT NULL, `c1` INT NULL, KEY `i1` (`n1`), "
            f"FOREIGN KEY (`n1`) REFERENCES {parent} (`k1`)) ENGINE=InnoDB"]


def random_value(rng, column):
    """A value that the column takes, or nearly: key columns get few different ones, so that they clash."""
    if column.is_auto:
        return rng.choice([None, None, None, rng.randint(1, 400)])
    if column.nullable and rng.random() < (0.3 if column.in_key else 0.15):
        return None
    if column.is_integer:
        return _integer(rng, column)
    if column.data_type == "json" or column.name.startswith("j"):  # MariaDB calls it a text
        return json.dumps(_document(rng, 3), ensure_ascii=False)
    if column.is_text:
        return _words(rng, column)
    return _OTHERS[column.data_type](rng)


def _integer(rng, column):
    bits, unsigned = _INTEGER_BITS[column.data_type], "unsigned" in column.column_type
    low, high = (0, 2**bits - 1) if unsigned else (-2**(bits - 1), 2**(bits - 1) - 1)
    if rng.random() < 0.05:
        return rng.choice([low, high])
    return rng.randint(0 if unsigned else -5, 60) if column.in_key or rng.random() < 0.5 else rng.randint(low, high)


def _words(rng, column):
    pool = _WORDS if column.charset == "latin1" else _WORDS + _WIDE_WORDS
    count = 1 if column.in_key else rng.choice([0, 1, 2, 5, 40])
    return "".join(rng.choice(pool) for _ in range(count))[:min(column.length or 10**9, 5000)]


def _document(rng, depth):
    leaf = rng.choice([None, True, False, 0, -1, 65536, 2**53, "", "a'b", "\u4e2d\n", "x" * 70])
    shape = rng.random() if depth else 0
    if shape < 0.4:
        return leaf
    if shape < 0.7:
        return [_document(rng, depth - 1) for _ in range(rng.randint(0, 4))]
    return {key: _document(rng, depth - 1) for key in rng.sample(["", "a", "b", "long key", "\u00e4"], rng.randint(0, 4))}


def _moment(rng):
    return datetime.datetime(2024, rng.randint(1, 12), rng.randint(1, 28), rng.randint(0, 23), rng.choice([0, 30]),
                             0, rng.choice([0, 0, 500000, 123456])).isoformat(" ")


def _point(rng):
    """As servers keep it: its system of reference, the order of bytes, the kind, two numbers."""
    return struct.pack("<IBIdd", 0, 1, 1, rng.randint(-3, 3), rng.choice([0.5, 1, 1e10]))


def _bytes(rng):
    return rng.choice([b"", b"a", b"A", b"a\0", b"a ", b"\xff\0", b"'\\", rng.randbytes(rng.randint(0, 12))])


_OTHERS = {
    "decimal": lambda rng: rng.randint(-30, 30) / 2,
    "double": lambda rng: rng.choice([0, -0.5, 1e300, 5e-324, rng.gauss(0, 1e9), 1 / 3]),
    "float": lambda rng: rng.choice([0, -0.5, 0.1, 3.25, 16777216, rng.randint(-10**6, 10**6) / 8]),
    "date": lambda rng: _moment(rng)[:10], "datetime": _moment, "timestamp": _moment,
    "time": lambda rng: f"{rng.choice(['', '-'])}{rng.randint(0, 838)}:{rng.randint(0, 59):02}:{rng.randint(0, 58):02}.25",
    "year": lambda rng: rng.randint(1901, 2155), "bit": lambda rng: rng.randint(0, 511),
    "enum": lambda rng: rng.choice(["x", "y", "Zz"]), "set": lambda rng: rng.choice(["", "p", "p,r", "q,r"]),
    "binary": lambda rng: rng.choice([b"", b"\0", b"a", b"z"]), "varbinary": _bytes, "blob": _bytes,
    "point": _point, "geometry": _point, "uuid": lambda rng: str(uuid.UUID(int=rng.getrandbits(128))),
    "inet6": lambda rng: rng.choice(["::", "::1", "2001:db8::ff00:42:8329", "::ffff:1.2.3.4"]),
}
