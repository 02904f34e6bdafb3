"""The case files of tests/cases/schema against real servers.

Every case is run on an empty server of each kind; what information_schema shows afterwards must be what the committed
`<file>.<kind>.expected` says; `<file>.<kind>.show` holds SHOW CREATE TABLE. The schema tracker's test reads the same files,
so tracker and servers are compared.
`DM_UPDATE_CASES=1` writes the files anew (and the test passes): review the difference.
A case that a kind refuses reads "refused" there: such a statement never reaches a binlog.
"""

import os
import re
from pathlib import Path

import pymysql
import pytest

from testbed import Server

_CASES = Path(__file__).resolve().parents[1] / "cases" / "schema"
_KINDS = ["mariadb10.11", "mariadb11.8", "mysql9.7", "mysql5.6"]
_SYSTEM = ("mysql", "sys", "information_schema", "performance_schema", "test")
# The testbed gives all kinds the same collation; here each shows its own.
_OPTIONS = {"collation-server": False, "character-set-server": False, "default-storage-engine": "InnoDB"}


def read_cases(path):
    """Title, sql_mode and statements of each case."""
    cases = []
    for block in re.split(r"(?m)^== ", path.read_text())[1:]:
        title, _, body = block.partition("\n")
        modes = re.findall(r"(?m)^@mode (.*)\n", body)
        body = re.sub(r"(?m)^@.*\n", "", body)
        statements = [text.strip() for text in re.split(r"(?m);$", body) if text.strip()]
        cases.append((title, ",".join(modes), statements))
    return cases


def read_expected(path):
    """Dump of each case by title."""
    blocks = re.split(r"(?m)^== ", path.read_text())[1:] if path.exists() else []
    return {title: body.strip("\n") for title, _, body in (block.partition("\n") for block in blocks)}


class Inspector:
    """Describes all user tables of a server in the form the tracker's test prints."""

    def __init__(self, connection, kind):
        self._connection = connection
        self._is_mariadb = kind.startswith("mariadb")
        self._columns = None

    def rows(self, sql):
        with self._connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    def _has(self, view, column):
        return bool(self.rows("SELECT 1 FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'information_schema' "
                              f"AND TABLE_NAME = '{view}' AND COLUMN_NAME = '{column}'"))

    def dump(self):
        systems = ",".join(f"'{name}'" for name in _SYSTEM)
        tables = self.rows("SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_COLLATION, (SELECT COUNT(*) FROM information_schema.PARTITIONS p "
                           "WHERE p.TABLE_SCHEMA = t.TABLE_SCHEMA AND p.TABLE_NAME = t.TABLE_NAME AND PARTITION_NAME IS NOT NULL) "
                           f"FROM information_schema.TABLES t WHERE TABLE_SCHEMA NOT IN ({systems}) "
                           "AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')")
        lines = []
        for schema, table, collation, partitions in sorted(tables, key=lambda row: (row[0].encode(), row[1].encode())):
            partitioned = " partitioned" if partitions else ""
            lines.append(f"table {schema}.{table} {_charset(collation)}{partitioned}")
            lines += self._describe_columns(schema, table)
            lines += self._describe_keys(schema, table)
            lines += self._describe_parents(schema, table)
        return "\n".join(lines)

    def show(self):
        """SHOW CREATE TABLE of all user tables, each behind a line with its name."""
        systems = ",".join(f"'{name}'" for name in _SYSTEM)
        tables = self.rows("SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA NOT IN "
                           f"({systems}) AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')")
        texts = []
        for schema, table in sorted(tables):
            quoted = f"`{schema}`.`{table.replace('`', '``')}`"
            texts.append(f"# {schema}.{table}\n{self.rows(f'SHOW CREATE TABLE {quoted}')[0][1]};")
        return "\n".join(texts)

    def _describe_columns(self, schema, table):
        for name, column_type, is_nullable, collation, extra in self.rows(
                "SELECT COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE, COLLATION_NAME, EXTRA FROM information_schema.COLUMNS "
                f"WHERE TABLE_SCHEMA = {_quoted(schema)} AND TABLE_NAME = {_quoted(table)} ORDER BY ORDINAL_POSITION"):
            words = [f"  {name} {_type(column_type)}", "NULL" if is_nullable == "YES" else "NOT NULL"]
            if collation and collation != "binary":
                words.append(_charset(collation))
            extra = extra.upper()
            for mark, word in (("AUTO_INCREMENT", "auto_increment"), ("VIRTUAL GENERATED", "virtual"),
                               ("STORED GENERATED", "stored"), ("INVISIBLE", "invisible"), ("ON UPDATE", "on_update")):
                if mark in extra:
                    words.append(word)
            yield " ".join(words)

    def _describe_keys(self, schema, table):
        expression = "EXPRESSION" if self._has("STATISTICS", "EXPRESSION") else "NULL"
        hidden = "0"
        if self._has("STATISTICS", "IS_VISIBLE"):
            hidden = "IS_VISIBLE = 'NO'"
        elif self._has("STATISTICS", "IGNORED"):
            hidden = "IGNORED = 'YES'"
        keys = {}
        for name, non_unique, kind, column, part, order, text, is_hidden in self.rows(
                f"SELECT INDEX_NAME, NON_UNIQUE, INDEX_TYPE, COLUMN_NAME, SUB_PART, COLLATION, {expression}, {hidden} "
                f"FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = {_quoted(schema)} "
                f"AND TABLE_NAME = {_quoted(table)} ORDER BY INDEX_NAME, SEQ_IN_INDEX"):
            kind = {"FULLTEXT": "fulltext", "SPATIAL": "spatial"}.get(kind, "key" if non_unique else "unique")
            text = column if text is None else "(expression)"
            if part is not None and kind != "spatial":
                text += f"({part})"
            if order == "D":
                text += " desc"
            keys.setdefault((name, kind, bool(is_hidden)), []).append(text)
        for (name, kind, is_hidden), parts in sorted(keys.items(), key=lambda item: item[0][0].encode()):
            yield f"  {kind} {name} ({', '.join(parts)})" + (" invisible" if is_hidden else "")

    def _describe_parents(self, schema, table):
        keys = {}
        for name, column, parent_schema, parent, parent_column in self.rows(
                "SELECT CONSTRAINT_NAME, COLUMN_NAME, REFERENCED_TABLE_SCHEMA, REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME "
                f"FROM information_schema.KEY_COLUMN_USAGE WHERE TABLE_SCHEMA = {_quoted(schema)} "
                f"AND TABLE_NAME = {_quoted(table)} AND REFERENCED_TABLE_NAME IS NOT NULL "
                "ORDER BY CONSTRAINT_NAME, ORDINAL_POSITION"):
            keys.setdefault((name, f"{parent_schema}.{parent}"), []).append((column, parent_column))
        for (name, parent), pairs in sorted(keys.items()):
            yield (f"  foreign {name} ({', '.join(pair[0] for pair in pairs)}) -> {parent} "
                   f"({', '.join(pair[1] for pair in pairs)})")


def _quoted(text):
    return "'" + text.replace("'", "''") + "'"


def _charset(collation):
    """charset/collation, with utf8 under its new name."""
    collation = re.sub(r"^utf8_", "utf8mb3_", collation or "")
    return f"{collation.partition('_')[0]}/{collation}"


def _type(text):
    """Without display widths, which newer servers leave out, and comments."""
    text = re.sub(r" */\*.*?\*/", "", text)
    text = re.sub(r"^((?:tiny|small|medium|big)?int|year)\(\d+\)", r"\1", text)
    return text.replace("geomcollection", "geometrycollection")


def run_case(connection, kind, mode, statements):
    """The dump after all statements, or "refused", and the tables' SHOW CREATE TABLE."""
    inspector = Inspector(connection, kind)
    with connection.cursor() as cursor:
        cursor.execute("SET sql_mode = ''")
        for (schema,) in inspector.rows("SHOW DATABASES"):
            if schema not in _SYSTEM:
                cursor.execute("SET foreign_key_checks = 0")
                cursor.execute(f"DROP DATABASE `{schema}`")
        cursor.execute("SET foreign_key_checks = 1")
        cursor.execute("CREATE DATABASE db")
        cursor.execute("USE db")
        try:
            cursor.execute(f"SET sql_mode = '{mode}'")
            for statement in statements:
                cursor.execute(statement)
        except pymysql.Error as error:
            return f"refused: {error.args[0]}", ""
        finally:
            if connection.open:
                cursor.execute("COMMIT")
                cursor.execute("SET sql_mode = ''")
        return inspector.dump(), inspector.show()


def without_version(shown):
    """Releases of MariaDB 11.8 differ in whether they quote the values of engine attributes."""
    return {title: re.sub(r"(`\w+`)='([\w.]+)'", r"\1=\2", text) for title, text in shown.items()}


@pytest.fixture(scope="module", params=_KINDS)
def server(request, tmp_path_factory):
    server = Server(request.param, tmp_path_factory.mktemp("ddl") / request.param, options=_OPTIONS).start()
    server.kind_name = request.param
    yield server
    server.remove()


@pytest.mark.parametrize("file", sorted(path.stem for path in _CASES.glob("*.test")))
def test_servers_say_what_the_files_say(server, file):
    kind = server.kind_name
    expected_path = _CASES / f"{file}.{kind}.expected"
    show_path = _CASES / f"{file}.{kind}.show"
    actual, shown = {}, {}
    for title, mode, statements in read_cases(_CASES / f"{file}.test"):
        assert title not in actual, f"two cases are called {title}"
        connection = server.connect(charset="utf8mb4")
        try:
            actual[title], shown[title] = run_case(connection, kind, mode, statements)
        finally:
            connection.close()
    if os.environ.get("DM_UPDATE_CASES"):
        for path, texts in ((expected_path, actual), (show_path, shown)):
            path.write_text("".join(f"== {title}\n{text}\n\n" for title, text in texts.items()))
    assert actual == read_expected(expected_path)
    assert without_version(shown) == without_version(read_expected(show_path))
