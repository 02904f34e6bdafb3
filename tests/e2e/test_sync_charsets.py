"""Statements of clients that do not speak utf8mb4."""


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
