"""Row-by-row comparison of tables on two servers, sharing nothing with the product.

Values are compared as the bytes the server sends: text as utf8mb4, binary, BLOB and spatial values untouched, BIT as
a number, times in UTC. FLOAT and DOUBLE are read as doubles in full precision; JSON is compared by meaning. Rows
stream in key order and are matched by key, so sort orders that differ between servers do no harm; tables without a
key are compared as multisets.
"""

import collections
import contextlib
import itertools
import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

import pymysql.cursors

_BATCH = 1000
_FLOATS = {"float", "double"}


@dataclass
class TableResult:
    """What comparing one pair of tables gave. `differences` counts rows, or 1 if the columns differ."""

    left: tuple
    right: tuple
    left_rows: int = 0
    right_rows: int = 0
    differences: int = 0
    examples: list = field(default_factory=list)

    def add(self, text, limit=5):
        self.differences += 1
        if len(self.examples) < limit:
            self.examples.append(text)

    def __str__(self):
        name = ".".join(self.left) + ("" if self.left == self.right else " -> " + ".".join(self.right))
        if not self.differences:
            return f"{name}: {self.left_rows} rows, equal"
        return "\n    ".join(
            [f"{name}: {self.left_rows} / {self.right_rows} rows, {self.differences} differences:", *self.examples])


@dataclass
class _Column:
    name: str
    left_type: str
    right_type: str

    def expression(self):
        quoted = "`" + self.name.replace("`", "``") + "`"
        types = {self.left_type, self.right_type}
        if "bit" in types:
            return f"{quoted} + 0"
        if types & _FLOATS:
            return f"{quoted} + 0e0"
        return quoted

    def equal(self, left, right):
        if left == right:
            return True
        if left is None or right is None:
            return False
        types = {self.left_type, self.right_type}
        if types & _FLOATS:
            return float(left) == float(right)
        if "json" in types:
            return _meaning(left) == _meaning(right)
        return False


def _meaning(text):
    try:
        return json.loads(text)
    except ValueError:
        return text


def list_tables(server, schema):
    """The base tables of a schema, as (schema, table)."""
    return [(schema, row[0]) for row in server.query(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = %s AND table_type = 'BASE TABLE' "
        "ORDER BY table_name", (schema,))]


def compare_tables(left, right, pairs, processes=1):
    """Compares each ((schema, table), (schema, table)) of `pairs`; a single (schema, table) has the same name on both.

    `left` and `right` are Servers. Returns one TableResult per pair, in order.
    """
    pairs = [pair if isinstance(pair[0], tuple) else (pair, pair) for pair in pairs]
    if processes > 1 and len(pairs) > 1:
        sides = [_Side(server.port, server.password) for server in (left, right)]
        with ProcessPoolExecutor(processes) as pool:
            return list(pool.map(_compare_pair, *([side] * len(pairs) for side in sides), pairs))
    return [_compare_pair(left, right, pair) for pair in pairs]


class _Side:
    """What a worker process needs to know of a Server."""

    def __init__(self, port, password):
        self.port, self.password = port, password

    def connect(self, **options):
        return pymysql.connect(host="127.0.0.1", port=self.port, user="root", password=self.password, **options)


def _open(server):
    connection = server.connect(charset="utf8mb4", use_unicode=False, conv={}, cursorclass=pymysql.cursors.SSCursor)
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION time_zone = '+00:00', sql_mode = ''")
    return connection


def _ask(connection, sql, *names):
    with connection.cursor() as cursor:
        cursor.execute(sql.format(*("'" + n.replace("\\", "\\\\").replace("'", "''") + "'" for n in names)))
        return [tuple(v if v is None else v.decode() for v in row) for row in cursor.fetchall()]


def _column_types(connection, table):
    rows = _ask(connection, "SELECT column_name, data_type FROM information_schema.columns "
                "WHERE table_schema = {} AND table_name = {} ORDER BY ordinal_position", *table)
    return {name: kind.lower() for name, kind in rows}


def _key_columns(connection, table):
    """Columns of the primary key, or of the shortest unique key without NULLs and prefixes; empty if there is none."""
    rows = _ask(connection, "SELECT index_name, column_name, sub_part, nullable FROM information_schema.statistics "
                "WHERE table_schema = {} AND table_name = {} AND non_unique = 0 "
                "ORDER BY index_name, seq_in_index", *table)
    keys = []
    for name, parts in itertools.groupby(rows, key=lambda row: row[0]):
        parts = list(parts)
        if all(column and prefix is None and nullable != "YES" for _, column, prefix, nullable in parts):
            keys.append((name != "PRIMARY", len(parts), [column for _, column, _, _ in parts]))
    return min(keys)[2] if keys else []


def _rows(connection, table, columns, key):
    order = f" ORDER BY {', '.join('`' + name.replace('`', '``') + '`' for name in key)}" if key else ""
    schema, name = (part.replace("`", "``") for part in table)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(c.expression() for c in columns)} FROM `{schema}`.`{name}`{order}")
        while batch := cursor.fetchmany(_BATCH):
            yield batch


def _compare_pair(left, right, pair):
    result = TableResult(*pair)
    with contextlib.closing(_open(left)) as a, contextlib.closing(_open(right)) as b:
        left_types, right_types = _column_types(a, pair[0]), _column_types(b, pair[1])
        if list(left_types) != list(right_types):
            result.add(f"columns differ: {list(left_types) or 'no such table'} / "
                       f"{list(right_types) or 'no such table'}")
            return result
        if not left_types:
            result.add("no such table on either side")
            return result
        columns = [_Column(name, kind, right_types[name]) for name, kind in left_types.items()]
        key = _key_columns(a, pair[0])
        streams = _rows(a, pair[0], columns, key), _rows(b, pair[1], columns, key)
        (_match_by_key if key else _match_as_multiset)(result, columns, key, *streams)
    return result


def _match_by_key(result, columns, key, left_stream, right_stream):
    places = [index for index, column in enumerate(columns) if column.name in key]
    only_left, only_right = {}, {}
    for left_batch, right_batch in itertools.zip_longest(left_stream, right_stream, fillvalue=()):
        result.left_rows += len(left_batch)
        result.right_rows += len(right_batch)
        if left_batch == right_batch and not only_left and not only_right:
            continue
        for rows, here, there in ((left_batch, only_left, only_right), (right_batch, only_right, only_left)):
            for row in rows:
                identity = tuple(row[place] for place in places)
                other = there.pop(identity, None)
                if other is None:
                    if identity in here:
                        result.add(f"key {_show(identity)} is there twice")
                    here[identity] = row
                elif other != row:
                    _compare_rows(result, columns, identity, *((row, other) if here is only_left else (other, row)))
    for rows, where in ((only_left, "left"), (only_right, "right")):
        for identity in rows:
            result.add(f"key {_show(identity)} is only on the {where}")


def _compare_rows(result, columns, identity, left, right):
    wrong = [f"{c.name}: {_show(a)} / {_show(b)}" for c, a, b in zip(columns, left, right) if not c.equal(a, b)]
    if wrong:
        result.add(f"key {_show(identity)}: " + "; ".join(wrong))


def _match_as_multiset(result, columns, _key, left_stream, right_stream):
    def canonical(row):
        return tuple(_canonical(column, value) for column, value in zip(columns, row))

    count = collections.Counter()
    for batch in left_stream:
        result.left_rows += len(batch)
        count.update(canonical(row) for row in batch)
    for batch in right_stream:
        result.right_rows += len(batch)
        count.subtract(canonical(row) for row in batch)
    for row, number in count.items():
        for _ in range(abs(number)):
            result.add(f"row {_show(row)} is only on the {'left' if number > 0 else 'right'}")


def _canonical(column, value):
    if value is None:
        return None
    types = {column.left_type, column.right_type}
    if types & _FLOATS:
        return float(value)
    if "json" in types:
        return json.dumps(_meaning(value), sort_keys=True, default=repr)
    return value


def _show(value, limit=60):
    if isinstance(value, tuple):
        return "(" + ", ".join(_show(v) for v in value) + ")"
    if isinstance(value, bytes):
        try:
            text = repr(value.decode())
        except UnicodeDecodeError:
            text = "0x" + value.hex()
    else:
        text = repr(value)
    return text if len(text) <= limit else f"{text[:limit]}... ({len(text)} characters)"
