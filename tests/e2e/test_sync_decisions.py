"""Statements that may not be executed as they are: merged targets, filters of single changes, rows whose order or values are
each server's own, names and structures that both sides read differently."""

import pytest


@pytest.fixture
def source(servers):
    return servers.get("mariadb10.11", "up")


def noticed(cluster):
    """Kinds and places of what replication has noticed."""
    return {item["kind"]: item["where"] for item in cluster.subtask("t", "s1")["sync"].get("noticed") or []}


def wait_paused(cluster, *words):
    cluster.wait_stage("t", "Paused")
    said = str(cluster.subtask("t", "s1"))
    assert all(word in said for word in words), said


def rules(**blocks):
    """Blocks of rules that the source is to follow: routes={...} or filters={...}."""
    keys = {"routes": "route-rules", "filters": "filter-rules"}
    instance = {"source-id": "s1", **{keys[block]: list(named) for block, named in blocks.items()}}
    return {**blocks, "mysql-instances": [instance]}


@pytest.mark.parametrize("statement", ["TRUNCATE TABLE d1.t1", "DROP TABLE d1.t1", "DROP DATABASE d1"])
def test_what_others_are_merged_into_is_not_emptied(running, source, downstream, statement):
    source.execute("CREATE DATABASE d1", "CREATE DATABASE d2", "CREATE TABLE d1.t1 (id INT PRIMARY KEY)",
                   "CREATE TABLE d1.t2 LIKE d1.t1", "CREATE TABLE d2.u LIKE d1.t1", "INSERT INTO d1.t1 VALUES (1)",
                   "INSERT INTO d1.t2 VALUES (2)", "INSERT INTO d2.u VALUES (3)")
    cluster = running(source, downstream, **rules(routes={
        "tables": {"schema-pattern": "d1", "table-pattern": "t?", "target-schema": "d", "target-table": "t"},
        "schemas": {"schema-pattern": "d?", "target-schema": "d"}}))
    source.execute(statement)
    wait_paused(cluster, "36067", "where the rows of")
    assert downstream.query("SELECT id FROM d.t ORDER BY id") == [(1,), (2,)]
    assert downstream.query("SELECT id FROM d.u") == [(3,)]


def test_single_changes_are_filtered(running, source, downstream):
    source.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY, v INT, w INT) PARTITION BY RANGE (id) "
                   "(PARTITION a VALUES LESS THAN (10), PARTITION b VALUES LESS THAN (20))",
                   "INSERT INTO d.t VALUES (1, 1, 1), (11, 1, 1)")
    pattern = {"schema-pattern": "d", "table-pattern": "t"}
    cluster = running(source, downstream, **rules(filters={
        "ignored": {**pattern, "events": ["drop column", "truncate table partition"], "action": "Ignore"},
        "stopped": {**pattern, "events": ["precision decrease", "value range decrease"], "action": "Error"}}))
    source.execute("ALTER TABLE d.t ADD x INT", "ALTER TABLE d.t ADD y INT, DROP COLUMN v",
                   "ALTER TABLE d.t TRUNCATE PARTITION b", "ALTER TABLE d.t MODIFY w BIGINT",
                   "INSERT INTO d.t VALUES (2, 2, 2, 2)")
    cluster.wait_synced("t")
    assert downstream.query("SELECT id, v, w, x, y FROM d.t ORDER BY id") == [
        (1, 1, 1, None, None), (2, None, 2, 2, 2), (11, 1, 1, None, None)]
    source.execute("ALTER TABLE d.t MODIFY w SMALLINT")
    wait_paused(cluster, "36015")


@pytest.mark.parametrize("events", [["incompatible ddl changes"], ["drop column"]])
def test_a_filter_stops_single_changes(running, source, downstream, events):
    source.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY, v INT)", "INSERT INTO d.t VALUES (1, 1)")
    cluster = running(source, downstream, **rules(filters={
        "f": {"schema-pattern": "d", "table-pattern": "t", "events": events, "action": "Error"}}))
    source.execute("ALTER TABLE d.t ADD w INT", "ALTER TABLE d.t DROP COLUMN v")
    wait_paused(cluster, "36015")
    assert downstream.query("SELECT * FROM d.t") == [(1, 1, None)]


def test_rows_that_would_become_others_are_copied_again(running, source, downstream, assert_same):
    """Numbers and survivors follow the order of rows, which without a key each server has for itself."""
    source.execute("CREATE DATABASE d", "CREATE TABLE d.numbered (v INT UNIQUE)", "INSERT INTO d.numbered VALUES (1)",
                   "CREATE TABLE d.thinned (v INT, n INT, p VARCHAR(100))",
                   "INSERT INTO d.thinned SELECT seq MOD 2000, seq, REPEAT('x', 100) FROM d.seq_1_to_9000",
                   "CREATE TABLE d.filled (id INT PRIMARY KEY)", "INSERT INTO d.filled VALUES (1), (2), (3)",
                   "CREATE TABLE d.exchanged (id INT PRIMARY KEY)", "INSERT INTO d.exchanged VALUES (1)",
                   "CREATE TABLE d.other (id INT PRIMARY KEY)")
    cluster = running(source, downstream)
    source.execute(*[f"INSERT INTO d.numbered VALUES ({i})" for i in range(1500, 1000, -1)])
    cluster.wait_synced("t")
    source.execute("ALTER TABLE d.exchanged DISCARD TABLESPACE", "INSERT INTO d.other VALUES (1)")
    cluster.wait_synced("t")
    assert downstream.query("SELECT * FROM d.exchanged") == [(1,)]
    assert "skipped DISCARD TABLESPACE" in noticed(cluster)
    source.execute("DROP TABLE d.exchanged", "INSERT INTO d.other VALUES (2)",
                   "ALTER TABLE d.numbered ADD id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY FIRST",
                   "INSERT INTO d.numbered (v) VALUES (7)", "INSERT INTO d.other VALUES (3)",
                   "SET old_alter_table = 1", "ALTER IGNORE TABLE d.thinned ADD UNIQUE (v)", "SET old_alter_table = DEFAULT",
                   "ALTER TABLE d.filled ADD u CHAR(36) DEFAULT (UUID()), ADD r DOUBLE DEFAULT (RAND())",
                   "INSERT INTO d.filled (id) VALUES (4)", "CREATE TABLE d.empty (v INT)",
                   "ALTER TABLE d.empty ADD id INT AUTO_INCREMENT PRIMARY KEY", "INSERT INTO d.empty (v) VALUES (1)")
    cluster.wait_synced("t", 60)
    assert_same(source, downstream, "d")
    assert "table copied again, as a statement could not be repeated" in noticed(cluster)
    # What has no copy of its own is the user's affair.
    source.execute("CREATE TABLE d.made (v INT)", "INSERT INTO d.made VALUES (2), (1)",
                   "ALTER TABLE d.made ADD id INT AUTO_INCREMENT PRIMARY KEY")
    wait_paused(cluster, "36067", "without a key")


def test_a_structure_that_changed_without_the_binlog(running, source, downstream):
    source.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY, a INT, b VARCHAR(20))",
                   "INSERT INTO d.t VALUES (1, 1, '1')")
    cluster = running(source, downstream)
    source.execute("INSERT INTO d.t VALUES (2, 2, '20')")
    cluster.wait_synced("t")
    source.execute("SET sql_log_bin = 0", "ALTER TABLE d.t MODIFY a INT AFTER b", "SET sql_log_bin = 1",
                   "INSERT INTO d.t (id, a, b) VALUES (3, 3, '30')")
    wait_paused(cluster, "36027", "without its binlog")
    assert downstream.query("SELECT id, a, b FROM d.t") == [(1, 1, "1"), (2, 2, "20")]


def test_a_name_that_the_target_takes_for_another(running, source, new_server):
    target = new_server("mariadb10.11", "lower", options={"lower-case-table-names": "1"})
    source.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY, v VARCHAR(9))",
                   "INSERT INTO d.t VALUES (1, 'lower')")
    cluster = running(source, target)
    source.execute("CREATE TABLE d.T (id INT PRIMARY KEY, v VARCHAR(9))", "INSERT INTO d.T VALUES (2, 'upper')", "DROP TABLE d.T")
    wait_paused(cluster, "36067", "lower_case_table_names")
    assert target.query("SELECT * FROM d.t") == [(1, "lower")]
    cluster.ctl_ok("stop-task", "t")
    source.execute("CREATE TABLE d.T (id INT PRIMARY KEY, v VARCHAR(9))", "INSERT INTO d.T VALUES (2, 'upper')")
    target.execute("DROP DATABASE d", "DROP DATABASE dm_meta")
    rules = {"task-mode": "full", "case-sensitive": True}
    answer = cluster.ctl("start-task", cluster.write_task("t", target, ["s1"], **rules))
    assert not answer["result"] and "26001" in answer["checkResult"], answer
    cluster.ctl("start-task", cluster.write_task("t", target, ["s1"], **rules, **{"ignore-checking-items": ["all"]}))
    wait_paused(cluster, "34101", "lower_case_table_names")
    assert "d" not in target.schemas()


@pytest.mark.parametrize("kind, logs", [("mariadb10.11", False), ("mysql5.6", False), ("mysql9.7", True)])
def test_rows_that_follow_their_parents(running, servers, downstream, assert_same, kind, logs):
    """Only MySQL since 9.6 logs what foreign keys take along: elsewhere the tables are named."""
    upstream = servers.get(kind, "up")
    child = "(id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES d.p (id) ON DELETE CASCADE)"
    upstream.execute("CREATE DATABASE d", "CREATE TABLE d.p (id INT PRIMARY KEY)", f"CREATE TABLE d.before {child}")
    cluster = running(upstream, downstream)
    upstream.execute(f"CREATE TABLE d.later {child}", "ALTER TABLE d.later ADD v INT", "INSERT INTO d.p VALUES (1), (2)",
                     "INSERT INTO d.later VALUES (1, 1, 1), (2, 2, 2)", "INSERT INTO d.before VALUES (1, 1)")
    if logs:
        upstream.execute("DELETE FROM d.p WHERE id = 1")
        assert not upstream.value("SELECT COUNT(*) FROM d.before")
    cluster.wait_synced("t")
    assert_same(upstream, downstream, "d")
    said = [item for item in cluster.subtask("t", "s1")["sync"].get("noticed") or [] if "with their parents" in item["kind"]]
    assert [int(item["count"]) for item in said] == ([] if logs else [2]), said


@pytest.mark.parametrize("kind", ["mariadb10.11", "mysql5.6"])
def test_load_data_by_statement(running, servers, downstream, tmp_path, kind):
    """Statement-format DML is counted; that of a table which is left out is none of ours."""
    upstream = servers.get(kind, "up")
    upstream.execute("SET GLOBAL local_infile = 1", "CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY, v INT)",
                     "CREATE DATABASE ignored", "CREATE TABLE ignored.t LIKE d.t")
    file = tmp_path / "rows"
    file.write_text("2\t2\n3\t3\n", encoding="utf-8")
    cluster = running(upstream, downstream, **{
        "block-allow-list": {"some": {"ignore-dbs": ["ignored"]}},
        "mysql-instances": [{"source-id": "s1", "block-allow-list": "some"}]})

    def load(table, number):
        with upstream.connect(local_infile=True) as connection, connection.cursor() as cursor:
            cursor.execute("SET binlog_format = 'STATEMENT'")
            cursor.execute(f"LOAD DATA LOCAL INFILE '{file}' INTO TABLE {table}")
        upstream.execute(f"INSERT INTO d.t VALUES ({number}, 1)")
        cluster.wait_synced("t")

    load("ignored.t", 8)
    assert not noticed(cluster)
    load("d.t", 9)
    assert noticed(cluster) == {"statement-format DML": "`d`.`t`"}
    assert downstream.query("SELECT id FROM d.t ORDER BY id") == [(8,), (9,)]


def test_objects_of_mysql_9_that_are_no_tables(running, servers, downstream, assert_same):
    upstream = servers.get("mysql9.7", "up")
    upstream.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY, v INT)", "INSERT INTO d.t VALUES (1, 1)")
    cluster = running(upstream, downstream)
    try:
        upstream.execute(
            "CREATE JSON DUALITY VIEW d.w AS SELECT JSON_DUALITY_OBJECT('_id': id, 'v': v) FROM d.t", "DROP VIEW d.w",
            "CREATE LIBRARY d.lib LANGUAGE JAVASCRIPT AS $$ export function f(n) { return n; } $$", "DROP LIBRARY d.lib",
            "CREATE SPATIAL REFERENCE SYSTEM 4120000 NAME 'x' ORGANIZATION 'o' IDENTIFIED BY 4120 DEFINITION "
            "'GEOGCS[\"Greek\",DATUM[\"Greek\",SPHEROID[\"Bessel 1841\",6377397.155,299.1528128]],"
            "PRIMEM[\"Greenwich\",0],UNIT[\"degree\",0.017453292519943278],AXIS[\"Lat\",NORTH],AXIS[\"Lon\",EAST]]'")
    finally:
        upstream.execute("DROP SPATIAL REFERENCE SYSTEM IF EXISTS 4120000")
    upstream.execute("INSERT INTO d.t VALUES (2, 2)")
    cluster.wait_synced("t")
    assert_same(upstream, downstream, "d")
    assert {"skipped statement on a view", "skipped statement on a routine",
            "skipped statement on tablespaces, servers and reference systems"} <= set(noticed(cluster))


def test_checks_of_mariadb_are_no_checks_of_mysql(running, servers, assert_same):
    """MySQL's have names of their schema, outlive MODIFY and hold columns fast; rows need none of them."""
    maria, mysql = servers.get("mariadb11.8", "up"), servers.get("mysql9.7", "down")
    shapes = ["a (id INT PRIMARY KEY, j JSON, n INT CHECK (n > 0), CHECK (n < 9))",
              "b (id INT PRIMARY KEY, j JSON, n INT, v VARCHAR(25), CONSTRAINT pos CHECK (n > 0), CHECK (n < 9))",
              "c (id INT PRIMARY KEY, n INT, CONSTRAINT pos CHECK (n > 0), CONSTRAINT u UNIQUE (n))"]
    changes = ["ALTER TABLE a CHANGE j k LONGTEXT, MODIFY n INT", "INSERT INTO a VALUES (1, 'no json', -5)",
               "ALTER TABLE b RENAME COLUMN n TO m, CHANGE j v LONGTEXT, CHANGE v j VARCHAR(25)",
               "ALTER TABLE c DROP CONSTRAINT pos", "ALTER TABLE c DROP CONSTRAINT u, ADD CONSTRAINT neg CHECK (n < 0)",
               "ALTER TABLE c DROP CONSTRAINT neg, ADD m INT CHECK (m > 0)", "INSERT INTO c VALUES (1, 7, 8), (2, 7, NULL)",
               "SET check_constraint_checks = 0", "INSERT INTO b VALUES (2, 77, NULL, 'x')", "SET check_constraint_checks = 1"]
    maria.execute("CREATE DATABASE copied", "CREATE DATABASE followed", *[f"CREATE TABLE copied.{shape}" for shape in shapes])
    cluster = running(maria, mysql)
    maria.execute(*[f"CREATE TABLE followed.{shape}" for shape in shapes])
    for schema in ["copied", "followed"]:
        maria.execute(f"USE {schema}", *changes)
    cluster.wait_synced("t")
    assert_same(maria, mysql, "copied", "followed")
    kept = "SELECT COUNT(*) FROM information_schema.table_constraints WHERE constraint_type = 'CHECK' AND table_schema IN ('copied', 'followed')"
    assert mysql.value(kept) == 0
    noticed = [n for n in cluster.subtask("t", "s1")["sync"]["noticed"] if n["kind"] == "structure adapted to the target"]
    assert len(noticed) == 1 and noticed[0]["where"].startswith("`copied`."), noticed  # the first that was created
