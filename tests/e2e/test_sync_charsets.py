"""Character sets that no statement names: the defaults of schemas and servers, and statements of clients that do not
speak utf8mb4."""

import pytest

KINDS = ["mysql5.6", "mysql9.7", "mariadb10.11", "mariadb11.8"]
WORDS = "ä€ß"


@pytest.fixture(params=KINDS)
def source(request, servers):
    """An upstream whose default charset is that of no schema."""
    upstream = servers.get(request.param, "up")
    upstream.execute("SET GLOBAL character_set_server = latin2",
                     "CREATE DATABASE wide CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci",
                     "CREATE DATABASE narrow CHARACTER SET latin1", "CREATE DATABASE other CHARACTER SET latin1")
    yield upstream
    upstream.execute("SET GLOBAL collation_server = utf8mb4_general_ci")


def fill(source, table):
    for schema in ("wide", "narrow", "other"):
        source.execute(f"CREATE TABLE {schema}.{table} (id INT PRIMARY KEY, v TEXT, c CHAR(3), e ENUM('ß', '€'))",
                       f"INSERT INTO {schema}.{table} VALUES (1, '{WORDS}', 'ä', '€'), (2, 'plain', '', 'ß')",
                       f"UPDATE {schema}.{table} SET v = CONCAT(v, 'ö') WHERE id = 2")


def assert_words(downstream, table):
    for schema in ("wide", "narrow", "other"):
        rows = downstream.query(f"SELECT v, c, e FROM {schema}.{table} ORDER BY id")
        assert rows == [(WORDS, "ä", "€"), ("plainö", "", "ß")], (schema, rows)


def test_tables_take_the_charset_of_their_schema(cluster, source, downstream, assert_same):
    cluster.create_source("s1", source)
    cluster.start_task("t", downstream, ["s1"])
    cluster.wait_synced("t")
    fill(source, "a")
    source.execute("ALTER DATABASE other CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
    fill(source, "b")
    cluster.wait_synced("t")
    cluster.ctl_ok("pause-task", "t")
    cluster.wait_stage("t", "Paused")
    # What the next run reads was written before the schema changed again.
    fill(source, "c")
    source.execute("ALTER DATABASE wide CHARACTER SET latin1")
    cluster.ctl_ok("resume-task", "t")
    cluster.wait_synced("t")
    for table in "abc":
        assert_words(downstream, table)
    assert_same(source, downstream, "wide", "narrow", "other")


def test_statements_of_clients_in_other_charsets(cluster, upstream, downstream, assert_same):
    upstream.execute("CREATE DATABASE d CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci",
                     "CREATE TABLE d.t (id INT PRIMARY KEY)")
    cluster.create_source("s1", upstream)
    cluster.start_task("t", downstream, ["s1"])
    cluster.wait_synced("t")
    for charset, word in (("gbk", "誠表"), ("latin1", "ä€"), ("cp1251", "ключ")):
        with upstream.connect(database="d", charset=charset) as connection, connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE t ADD COLUMN {charset} ENUM('{word}', 'x') DEFAULT '{word}' COMMENT '{word}'")
    upstream.execute("INSERT INTO d.t (id) VALUES (1)", "INSERT INTO d.t (id, gbk) VALUES (2, 'x')")
    cluster.wait_synced("t")
    comments = downstream.query("SELECT COLUMN_COMMENT FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'd' "
                                "AND COLUMN_COMMENT <> '' ORDER BY ORDINAL_POSITION")
    assert comments == [("誠表",), ("ä€",), ("ключ",)]
    assert downstream.query("SELECT gbk, latin1, cp1251 FROM d.t WHERE id = 1") == [("誠表", "ä€", "ключ")]
    assert_same(upstream, downstream, "d")
