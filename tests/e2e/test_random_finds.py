"""What the random workload has found, as short stories."""

import threading

import pymysql
import pytest


@pytest.fixture
def maria(servers):
    return servers.get("mariadb10.11", "up")


def restart(cluster, meanwhile=lambda: None):
    worker = cluster.workers["worker-1"]
    worker.kill9()
    meanwhile()
    worker.start()
    cluster.wait(lambda: cluster.worker_of("s1"), 20, "the source to be bound again")
    cluster.wait_unit("t", "Sync")


def test_rows_are_found_by_keys_of_generated_columns(running, maria, downstream, assert_same):
    maria.execute(
        "CREATE DATABASE d",
        "CREATE TABLE d.alone (n INT, v INT, g BIGINT GENERATED ALWAYS AS (n * 3) VIRTUAL, UNIQUE KEY (g))",
        "CREATE TABLE d.pair (a INT NOT NULL, n INT NOT NULL, g BIGINT GENERATED ALWAYS AS (n * 3) STORED, v INT, UNIQUE KEY (a, g))",
        "INSERT INTO d.alone (n, v) VALUES (1, 1), (2, 2), (3, 3), (NULL, 4)",
        "INSERT INTO d.pair (a, n, v) VALUES (1, 1, 1), (1, 2, 2), (1, 3, 3)")
    cluster = running(maria, downstream)
    maria.execute("DELETE FROM alone WHERE n IN (1, 2)", "UPDATE alone SET v = 9", "UPDATE pair SET v = 7 WHERE n = 3",
                  "DELETE FROM pair WHERE n = 2", "INSERT INTO alone (n, v) VALUES (8, 8)", database="d")
    cluster.wait_synced("t")
    assert_same(maria, downstream, "d")


def test_updates_and_deletes_are_logged_without_generated_columns(running, servers, downstream, assert_same):
    """MariaDB 11.8 does so, whatever binlog_row_image says."""
    maria = servers.get("mariadb11.8", "up")
    keys = {"plain": "PRIMARY KEY (id)", "unique": "PRIMARY KEY (id), UNIQUE KEY (g)", "only": "UNIQUE KEY (g)", "none": "KEY (n)"}
    columns = "id INT NOT NULL, n INT, v INT, g BIGINT GENERATED ALWAYS AS (n * 3)"
    maria.execute("CREATE DATABASE d", "CREATE TABLE d.long_key (id INT PRIMARY KEY, v INT, t TEXT, UNIQUE KEY (t))",
                  "INSERT INTO d.long_key VALUES (1, 1, 'a'), (2, 2, 'b'), (3, 3, NULL)")
    tables = [f"{name}_{how}" for name in keys for how in ("virtual", "stored")]
    for name in tables:
        key, how = name.split("_")
        maria.execute(f"CREATE TABLE {name} ({columns} {how.upper()}, {keys[key]})",
                      f"INSERT INTO {name} (id, n) SELECT seq, seq FROM seq_1_to_40", database="d")
    cluster = running(maria, downstream)
    for name in tables:
        maria.execute(f"INSERT INTO {name} (id, n) VALUES (50, 50), (51, 51), (52, NULL)",
                      f"UPDATE {name} SET n = -n WHERE n BETWEEN 3 AND 15 ORDER BY n DESC",
                      f"DELETE FROM {name} WHERE id = 20", f"UPDATE {name} SET n = n - 1 WHERE n BETWEEN 21 AND 51 ORDER BY n",
                      f"UPDATE {name} SET v = 5 WHERE id > 45", f"INSERT INTO {name} (id, n) VALUES (60, 51)", f"DELETE FROM {name} WHERE n < 2",
                      database="d")
    maria.execute("UPDATE long_key SET v = 9", "UPDATE long_key SET t = 'c' WHERE id = 2", "DELETE FROM long_key WHERE id = 1",
                  "INSERT INTO long_key VALUES (4, 4, 'b')", database="d")
    cluster.wait_synced("t")
    assert_same(maria, downstream, "d")


def test_statements_of_sessions_that_quote_otherwise(running, maria, downstream, assert_same):
    maria.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY)", "INSERT INTO d.t VALUES (1)")
    cluster = running(maria, downstream)
    maria.execute("SET sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES'",
                  """ALTER TABLE d.t ADD COLUMN "a""b" VARCHAR(30) NOT NULL DEFAULT 'it''s \\', ADD COLUMN e ENUM('x\\', 'y''') NULL""",
                  "INSERT INTO d.t (id, e) VALUES (2, 2)", "SET sql_mode = ''", "INSERT INTO d.t (id, e) VALUES (3, 1)")
    cluster.wait_synced("t")
    assert_same(maria, downstream, "d")
    assert downstream.value("SELECT `a\"b` FROM d.t WHERE id = 2") == "it's \\"


def test_a_schema_that_comes_back_has_nothing_of_its_former_self(running, maria, downstream, assert_same):
    maria.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY)", "INSERT INTO d.t VALUES (1)")
    cluster = running(maria, downstream)
    maria.execute("CREATE DATABASE e", "CREATE TABLE e.t (id INT PRIMARY KEY, a INT, b INT)", "INSERT INTO e.t VALUES (1, 2, 3)",
                  "DROP DATABASE e")
    cluster.wait_synced("t")
    restart(cluster)
    maria.execute("CREATE DATABASE e", "CREATE TABLE e.t (id VARCHAR(9) PRIMARY KEY, c BLOB, d YEAR)",
                  "INSERT INTO e.t VALUES ('x', 'y', 2024)")
    cluster.wait_synced("t")
    assert_same(maria, downstream, "d", "e")


def test_tables_that_come_and_go_while_others_are_copied(new_cluster, maria, downstream, assert_same):
    """Whatever was renamed, dropped or made anew between the first look and a table's own copy."""
    maria.execute("CREATE DATABASE d", "CREATE DATABASE e")
    maria.execute(*[f"CREATE TABLE {name} (id INT PRIMARY KEY, v VARCHAR(200))" for name in ("a", "b", "c", "dropped", "swapped")],
                  database="d")
    maria.execute("INSERT INTO d.a SELECT seq, REPEAT('x', 200) FROM seq_1_to_60000")
    maria.execute(*[f"INSERT INTO {name} SELECT seq, '{name}' FROM seq_1_to_100" for name in ("b", "c", "dropped", "swapped")], database="d")
    maria.execute("CREATE TABLE e.t LIKE d.b", "INSERT INTO e.t SELECT * FROM d.b")
    cluster = new_cluster(workers=1)
    cluster.create_source("s1", maria)
    cluster.start_task("t", downstream, ["s1"])
    maria.execute("UPDATE dropped SET v = 'gone'", "ALTER TABLE dropped ADD w INT", "TRUNCATE TABLE dropped", "DROP TABLE dropped",
                  "CREATE TABLE made (id INT PRIMARY KEY)", "INSERT INTO made VALUES (1)", "RENAME TABLE made TO moved",
                  "RENAME TABLE swapped TO free, b TO swapped, free TO b", "UPDATE b SET v = 'after' WHERE id < 9",
                  "ALTER TABLE c ADD x INT FIRST, RENAME TO c2", "INSERT INTO c2 VALUES (5, 500, 'new')",
                  "DROP DATABASE e", "CREATE DATABASE e", "CREATE TABLE e.t (n YEAR PRIMARY KEY)", "INSERT INTO e.t VALUES (2024)", database="d")
    cluster.wait_unit("t", "Sync")
    cluster.wait_synced("t")
    assert_same(maria, downstream, "d", "e")
    assert cluster.subtask("t", "s1")["stage"] == "Running"


def test_what_a_failed_drop_left_in_place(running, servers, downstream, assert_same):
    """MySQL 5.6 drops some tables of the list, and logs the list with its error."""
    source = servers.get("mysql5.6", "up")
    source.execute("CREATE DATABASE d", "CREATE TABLE d.parent (id INT PRIMARY KEY)", "CREATE TABLE d.other (id INT)",
                   "CREATE TABLE d.child (id INT PRIMARY KEY, n INT, FOREIGN KEY (n) REFERENCES d.parent (id))",
                   "INSERT INTO d.parent VALUES (1), (2)", "INSERT INTO d.child VALUES (1, 1)")
    cluster = running(source, downstream)
    with pytest.raises(pymysql.Error, match="1217"):
        source.execute("DROP TABLE d.parent, d.other")
    source.execute("INSERT INTO d.parent VALUES (3)", "INSERT INTO d.child VALUES (2, 3)")
    with pytest.raises(pymysql.Error, match="1051"):
        source.execute("DROP TABLE d.child, d.missing")
    source.execute("INSERT INTO d.parent VALUES (4)")
    cluster.wait_synced("t")
    assert_same(source, downstream, "d")
    assert [row[0] for row in downstream.query("SHOW TABLES IN d")] == ["parent"]


@pytest.mark.parametrize("again", ["apart", "parts"])
def test_rows_exchanged_between_a_table_copied_before_and_one_after(running, maria, downstream, assert_same, again):
    """What the target has of the two when replication comes to the statement is of different times."""
    ranges = "PARTITION BY RANGE (id) (PARTITION low VALUES LESS THAN (10), PARTITION high VALUES LESS THAN MAXVALUE)"
    maria.execute("CREATE DATABASE d", f"CREATE TABLE d.parts (id INT PRIMARY KEY, v INT) {ranges}",
                  "CREATE TABLE d.apart (id INT PRIMARY KEY, v INT)", "INSERT INTO d.parts VALUES (1, 1), (2, 2), (30, 3)",
                  "INSERT INTO d.apart VALUES (5, 5), (6, 6)")
    cluster = running(maria, downstream)

    def exchange():
        maria.execute("UPDATE parts SET v = v + 10", "UPDATE apart SET v = v + 20",
                      "ALTER TABLE parts EXCHANGE PARTITION low WITH TABLE apart",
                      "UPDATE parts SET v = v + 100", "DELETE FROM apart WHERE id = 1", database="d")
        downstream.execute(f"UPDATE dm_meta.t_copy_checkpoint SET state = 'void' WHERE cp_table = '{again}' AND chunk = 0")

    restart(cluster, exchange)
    cluster.wait_synced("t")
    assert_same(maria, downstream, "d")
    assert cluster.subtask("t", "s1")["stage"] == "Running"


def test_tables_that_the_target_changed_without_a_rebuild_are_exchanged(running, maria, servers, assert_same):
    target = servers.get("mysql9.7", "down")
    ranges = "PARTITION BY RANGE (id) (PARTITION low VALUES LESS THAN (10), PARTITION high VALUES LESS THAN MAXVALUE)"
    maria.execute("CREATE DATABASE d", f"CREATE TABLE d.parts (id INT PRIMARY KEY) {ranges}",
                  "CREATE TABLE d.apart (id INT PRIMARY KEY, v INT)", "INSERT INTO d.parts VALUES (1), (30)",
                  "INSERT INTO d.apart VALUES (5, 5)")
    cluster = running(maria, target)
    maria.execute("ALTER TABLE parts ADD COLUMN v INT", "UPDATE parts SET v = 7",
                  "ALTER TABLE parts EXCHANGE PARTITION low WITH TABLE apart", "INSERT INTO apart VALUES (2, 2)", database="d")
    cluster.wait_synced("t")
    assert_same(maria, target, "d")
    noticed = {entry["kind"]: entry["count"] for entry in cluster.subtask("t", "s1")["sync"]["noticed"]}
    assert int(noticed["table rebuilt for EXCHANGE PARTITION"]) == 2, noticed


def test_a_target_busy_with_wide_characters_is_taken_over(running, servers, maria, assert_same):
    target = servers.get("mysql9.7", "down")
    maria.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY)", "INSERT INTO d.t VALUES (1)")
    with target.connect() as busy:
        cursor = busy.cursor()
        thread = threading.Thread(target=lambda: cursor.execute("SELECT GET_LOCK('hold', 60), '\U0001f42c'"), daemon=True)
        with target.connect() as holder, holder.cursor() as held:
            held.execute("SELECT GET_LOCK('hold', 0)")
            thread.start()
            cluster = running(maria, target)
            maria.execute("INSERT INTO d.t VALUES (2)")
            cluster.wait_synced("t")
            assert_same(maria, target, "d")
            assert thread.is_alive(), "the statement ended before the fence was taken"
            held.execute("SELECT RELEASE_LOCK('hold')")
        thread.join(20)


def test_schemas_without_tables_are_there_for_what_comes(running, maria, downstream, assert_same):
    maria.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY)", "INSERT INTO d.t VALUES (1)",
                  "CREATE DATABASE e CHARACTER SET latin1")
    cluster = running(maria, downstream)
    maria.execute("CREATE TABLE e.new (id INT PRIMARY KEY, v VARCHAR(9))", "RENAME TABLE d.t TO e.moved", "INSERT INTO e.moved VALUES (2)")
    cluster.wait_synced("t")
    assert_same(maria, downstream, "e")


def test_statements_behind_set_statement(running, maria, downstream, assert_same):
    maria.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY, a INT)", "INSERT INTO d.t VALUES (1, 1)")
    cluster = running(maria, downstream)
    wait = "SET STATEMENT max_statement_time = 30, lock_wait_timeout = 2 FOR"
    maria.execute(f"{wait} ALTER TABLE t ADD COLUMN b INT DEFAULT 4", "INSERT INTO t VALUES (2, 2, 2)", f"{wait} CREATE TABLE u LIKE t",
                  f"{wait} INSERT INTO u SELECT * FROM t", f"{wait} RENAME TABLE t TO w", f"{wait} CREATE INDEX i ON w (b)", database="d")
    cluster.wait_synced("t")
    assert_same(maria, downstream, "d")
    assert downstream.value("SELECT COUNT(*) FROM information_schema.statistics WHERE table_schema = 'd' AND index_name = 'i'") == 1


@pytest.mark.parametrize("kind", ["mariadb10.11", "mariadb11.8"])
def test_what_a_transaction_with_temporary_tables_has_undone(running, servers, downstream, assert_same, kind):
    """Servers that cannot cut it out of the binlog log the changes, and that they were undone."""
    maria = servers.get(kind, "up")
    maria.execute("FLUSH BINARY LOGS",  # the statements of other tests may not be UTF-8
                  "CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY, u INT UNIQUE, v VARCHAR(9))",
                  "CREATE TABLE d.keyless (v INT)", "CREATE TABLE d.untouched (id INT PRIMARY KEY) ENGINE=MyISAM",
                  "USE d", "INSERT INTO t SELECT seq, seq, 'old' FROM seq_1_to_50", "INSERT INTO keyless VALUES (1), (1), (2)")
    cluster = running(maria, downstream)
    maria.execute("BEGIN", "UPDATE t SET v = 'undone' WHERE id < 9", "DELETE FROM keyless",
                  "CREATE TEMPORARY TABLE tmp (id INT)", "INSERT INTO tmp VALUES (1)", "UPDATE t SET u = u + 1 ORDER BY u DESC", "INSERT INTO untouched VALUES (1)",
                  "DROP TEMPORARY TABLE tmp", "ROLLBACK", "BEGIN", "DELETE FROM t WHERE id = 1", "SAVEPOINT a", "UPDATE t SET id = id + 100 WHERE id > 40",
                  "INSERT INTO untouched VALUES (2)", "INSERT INTO keyless VALUES (3)", "ROLLBACK TO SAVEPOINT a",
                  "INSERT INTO t VALUES (1, 1, 'new')", "COMMIT", database="d")
    assert any(row[5].endswith("ROLLBACK") for row in maria.query(f"SHOW BINLOG EVENTS IN '{last_log(maria)}'"))
    cluster.wait_synced("t")
    assert_same(maria, downstream, "d")
    assert "noticed" not in cluster.subtask("t", "s1")["sync"]


def test_what_is_undone_does_not_undo_what_others_did(running, servers, downstream, assert_same):
    """What ROLLBACK TO took back is free for others at once; MariaDB logs it behind their changes nevertheless."""
    maria = servers.get("mariadb11.8", "up")
    maria.execute("FLUSH BINARY LOGS", "CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY, v VARCHAR(9))")
    cluster = running(maria, downstream, **{"syncers": {"safe": {"safe-mode": True}},
                                            "mysql-instances": [{"source-id": "s1", "syncer-config-name": "safe"}]})
    session = maria.connect(database="d", autocommit=False)
    with session.cursor() as cursor:
        for statement in ["CREATE TEMPORARY TABLE tmp (id INT)", "INSERT INTO t VALUES (1, 'kept')", "SAVEPOINT a",
                          "INSERT INTO t VALUES (2, 'undone'), (3, 'undone')", "ROLLBACK TO SAVEPOINT a"]:
            cursor.execute(statement)
        maria.execute("INSERT INTO d.t VALUES (2, 'other'), (4, 'other')", "INSERT INTO d.t VALUES (3, 'gone')",
                      "DELETE FROM d.t WHERE id = 3")
        cursor.execute("DROP TEMPORARY TABLE tmp")
        session.commit()
    session.close()
    texts = [row[5] for row in maria.query(f"SHOW BINLOG EVENTS IN '{last_log(maria)}'")]
    assert texts.index("ROLLBACK TO `a`") > max(i for i, text in enumerate(texts) if "DELETE FROM" in text)
    cluster.wait_synced("t")
    assert_same(maria, downstream, "d")
    assert "noticed" not in cluster.subtask("t", "s1")["sync"]


def test_a_name_that_is_not_ascii_is_left_by_a_rename(running, servers, downstream, assert_same):
    """MariaDB keeps the table under its old name, too, if ALTER TABLE copies it and gives it another one."""
    mysql = servers.get("mysql9.7", "up")
    mysql.execute("CREATE DATABASE d", "CREATE DATABASE e", "CREATE TABLE d.`t\u00fc` (id INT PRIMARY KEY, v CHAR(9))",
                  "INSERT INTO d.`t\u00fc` VALUES (1, 'a'), (2, 'b')", "CREATE TABLE d.u (id INT PRIMARY KEY)")
    cluster = running(mysql, downstream)
    mysql.execute("ALTER TABLE d.`t\u00fc` MODIFY v CHAR(9) CHARACTER SET latin1, RENAME TO e.u, ADD n TEXT",
                  "CREATE TABLE d.`t\u00fc` (id INT PRIMARY KEY)", "INSERT INTO d.`t\u00fc` VALUES (7)",
                  "INSERT INTO e.u VALUES (3, 'c', 'n')")
    cluster.wait_synced("t")
    assert_same(mysql, downstream, "d", "e")


def last_log(server):
    return server.query("SHOW BINARY LOGS")[-1][0]


def test_expressions_with_quotes_on_mariadb(running, servers, downstream, assert_same):
    """SHOW CREATE TABLE of MySQL names the character set of each text; MariaDB cannot read its own notes of such an expression."""
    source = servers.get("mysql9.7", "up")
    columns = r"""id INT PRIMARY KEY, a TEXT DEFAULT ('it''s'), b VARCHAR(20) DEFAULT (CONCAT('\\', 'x')), c VARCHAR(9),
                  g VARCHAR(20) AS (CONCAT(c, '"')) STORED, CHECK (c <> 'd''e')"""
    source.execute("CREATE DATABASE d CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci", f"CREATE TABLE d.copied ({columns})",
                   "INSERT INTO d.copied (id, c) VALUES (1, 'x')")
    cluster = running(source, downstream)
    source.execute("CREATE TABLE d.made LIKE d.copied", f"CREATE TABLE d.other ({columns})", "INSERT INTO d.copied (id, c) VALUES (2, 'y')",
                   "INSERT INTO d.made (id, c) VALUES (2, 'y')", "INSERT INTO d.other (id, c) VALUES (2, 'y')")
    cluster.wait_synced("t")
    assert_same(source, downstream, "d")
    downstream.execute("INSERT INTO d.copied (id) VALUES (9)")
    assert downstream.query("SELECT a, b FROM d.copied WHERE id = 9") == [("it's", "\\x")]


def test_a_table_renamed_behind_a_list_of_columns(new_cluster, maria, downstream, assert_same):
    maria.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY)", "INSERT INTO d.t VALUES (1)")
    cluster = new_cluster(workers=1)
    cluster.create_source("s1", maria)
    instance = {"source-id": "s1", "route-rules": ["r"]}
    cluster.start_task("t", downstream, [instance], routes={"r": {"schema-pattern": "d", "target-schema": "e"}})
    cluster.wait_unit("t", "Sync")
    maria.execute("ALTER TABLE t ADD COLUMN (a INT DEFAULT 3, b INT), RENAME TO u, ADD c INT DEFAULT 5", "INSERT INTO u VALUES (2, 2, 2, 2)",
                  database="d")
    cluster.wait_synced("t")
    assert downstream.query("SELECT id, a, b, c FROM e.u ORDER BY id") == [(1, 3, None, 5), (2, 2, 2, 2)]


def test_a_sequence_that_is_gone(running, maria, downstream, assert_same):
    maria.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY)", "INSERT INTO d.t VALUES (1)")
    cluster = running(maria, downstream)
    maria.execute("INSERT INTO d.t VALUES (2)")
    cluster.wait_synced("t")
    for number in range(3):
        maria.execute(f"CREATE SEQUENCE d.s{number}", f"SELECT NEXTVAL(d.s{number})", f"DROP SEQUENCE d.s{number}")
    cluster.wait_synced("t")
    assert_same(maria, downstream, "d")
    noticed = {entry["kind"]: int(entry["count"]) for entry in cluster.subtask("t", "s1")["sync"]["noticed"]}
    assert noticed["rows of a sequence"] >= 3 and noticed["skipped statement on a sequence"] == 6
