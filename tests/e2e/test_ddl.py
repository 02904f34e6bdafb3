"""Changes of structure follow, in order with the rows around them."""

import pytest

from .workload import Workload


@pytest.fixture
def running(cluster, upstream, downstream):
    """A task in unit Sync with one table d.t of three rows."""
    upstream.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY, v VARCHAR(20))",
                     "INSERT INTO d.t VALUES (1, 'one'), (2, 'two'), (3, 'three')")
    cluster.create_source("s1", upstream)
    cluster.start_task("t", downstream, ["s1"])
    cluster.wait_unit("t", "Sync")
    return cluster


def test_each_statement_with_rows_around_it(running, upstream, downstream, assert_same):
    upstream.execute(
        # columns come, change, move and go while rows are written
        "ALTER TABLE t ADD COLUMN n INT NOT NULL DEFAULT 7, ADD COLUMN first_one DATETIME(3) NULL FIRST",
        "INSERT INTO t VALUES ('2024-05-06 07:08:09.123', 4, 'four', 4)",
        "ALTER TABLE t MODIFY COLUMN v VARCHAR(200) NOT NULL DEFAULT 'none', CHANGE COLUMN n number BIGINT UNSIGNED",
        "INSERT INTO t (id, number) VALUES (5, 18446744073709551615)",
        "ALTER TABLE t DROP COLUMN first_one", "UPDATE t SET v = CONCAT(v, '!') WHERE id > 2",
        "ALTER TABLE t ADD UNIQUE KEY by_value (v), ADD KEY (number)", "CREATE INDEX by_both ON t (number, v)",
        "DROP INDEX by_both ON t", "DELETE FROM t WHERE id = 1",
        # tables come, are renamed, emptied and go
        "CREATE TABLE made (id INT AUTO_INCREMENT PRIMARY KEY, t TEXT)", "INSERT INTO made (t) VALUES ('a'), ('b')",
        "CREATE TABLE alike LIKE made", "INSERT INTO alike SELECT * FROM made",
        "RENAME TABLE made TO renamed", "INSERT INTO renamed (t) VALUES ('c')",
        "ALTER TABLE renamed RENAME TO again", "INSERT INTO again (t) VALUES ('d')",
        "CREATE TABLE emptied (id INT PRIMARY KEY)", "INSERT INTO emptied VALUES (1), (2)",
        "TRUNCATE TABLE emptied", "INSERT INTO emptied VALUES (3)",
        "CREATE TABLE gone (id INT PRIMARY KEY)", "INSERT INTO gone VALUES (1)", "DROP TABLE gone",
        "CREATE TABLE gone (name VARCHAR(5) PRIMARY KEY)", "INSERT INTO gone VALUES ('back')",
        "CREATE TABLE one (id INT PRIMARY KEY)", "CREATE TABLE two (id INT PRIMARY KEY)",
        "INSERT INTO one VALUES (1)", "RENAME TABLE one TO three, two TO one, three TO two",
        "INSERT INTO two VALUES (2)", "DROP TABLE IF EXISTS one, never_was",
        database="d")
    running.wait_synced("t")
    results = assert_same(upstream, downstream, "d")
    assert {r.left[1]: r.left_rows for r in results} == {
        "t": 4, "again": 4, "alike": 2, "emptied": 1, "gone": 1, "two": 2}
    keys = "SELECT DISTINCT index_name FROM information_schema.statistics WHERE table_schema = 'd' AND table_name = 't'"
    assert {k for (k,) in downstream.query(keys)} == {"PRIMARY", "by_value", "number"}


def test_partitions(running, upstream, downstream, assert_same):
    upstream.execute(
        "CREATE TABLE p (id INT, v INT, PRIMARY KEY (id)) PARTITION BY RANGE (id) "
        "(PARTITION a VALUES LESS THAN (10), PARTITION b VALUES LESS THAN (20), PARTITION c VALUES LESS THAN (30))",
        "INSERT INTO p VALUES (1, 1), (11, 11), (12, 12), (21, 21), (22, 22)",
        "ALTER TABLE p ADD PARTITION (PARTITION d VALUES LESS THAN (40), PARTITION e VALUES LESS THAN MAXVALUE)",
        "INSERT INTO p VALUES (31, 31), (99, 99)", "ALTER TABLE p TRUNCATE PARTITION b", "INSERT INTO p VALUES (13, 13)",
        "ALTER TABLE p DROP PARTITION c", "INSERT INTO p VALUES (23, 23)",
        "ALTER TABLE p REORGANIZE PARTITION d INTO (PARTITION d1 VALUES LESS THAN (25), PARTITION d2 VALUES LESS THAN (40))",
        "CREATE TABLE swapped LIKE p", "ALTER TABLE swapped REMOVE PARTITIONING", "INSERT INTO swapped VALUES (14, 140), (15, 150)",
        "ALTER TABLE p EXCHANGE PARTITION b WITH TABLE swapped", "UPDATE p SET v = v + 1", "UPDATE swapped SET v = v + 2",
        "CREATE TABLE h (id INT PRIMARY KEY, v INT) PARTITION BY HASH (id) PARTITIONS 4", "INSERT INTO h VALUES (1, 1), (2, 2), (3, 3)",
        "ALTER TABLE h COALESCE PARTITION 2", "ALTER TABLE h ADD PARTITION PARTITIONS 3", "DELETE FROM h WHERE id = 2",
        "ALTER TABLE h REBUILD PARTITION ALL", "ALTER TABLE h PARTITION BY KEY (id) PARTITIONS 2", "INSERT INTO h VALUES (4, 4)",
        database="d")
    running.wait_synced("t")
    results = assert_same(upstream, downstream, "d")
    assert {r.left[1]: r.left_rows for r in results} == {"t": 3, "p": 6, "swapped": 1, "h": 3}
    names = "SELECT DISTINCT partition_name FROM information_schema.partitions WHERE table_schema = 'd' AND table_name = 'p'"
    assert {name for (name,) in downstream.query(names)} == {"a", "b", "d1", "d2", "e"}


def test_defaults_of_a_schema_and_generated_columns(running, upstream, downstream, assert_same):
    upstream.execute(
        "ALTER DATABASE d CHARACTER SET latin1 COLLATE latin1_german1_ci", "CREATE TABLE plain (id INT PRIMARY KEY, v VARCHAR(9))",
        "INSERT INTO plain VALUES (1, 'äß')", "ALTER DATABASE d CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci",
        "ALTER TABLE plain ADD COLUMN w VARCHAR(9)", "CREATE TABLE wide (id INT PRIMARY KEY, v VARCHAR(9))",
        "INSERT INTO wide VALUES (1, '🐬')",
        "CREATE TABLE g (id INT PRIMARY KEY, n INT, doubled INT AS (n * 2) VIRTUAL, kept INT AS (n * 3) STORED)",
        "INSERT INTO g (id, n) VALUES (1, 1), (2, 2)", "ALTER TABLE g MODIFY kept BIGINT AS (n * 30) STORED",
        "ALTER TABLE g DROP COLUMN doubled, ADD COLUMN doubled BIGINT AS (n * 20) VIRTUAL AFTER n",
        "UPDATE g SET n = 5 WHERE id = 1", "INSERT INTO g (id, n) VALUES (3, 3)", "DELETE FROM g WHERE id = 2", database="d")
    running.wait_synced("t")
    assert_same(upstream, downstream, "d")
    columns = ("SELECT table_name, column_name, collation_name FROM information_schema.columns WHERE table_schema = 'd' "
               "AND table_name IN ('plain', 'wide') AND collation_name IS NOT NULL ORDER BY 1, 2")
    assert downstream.query(columns) == upstream.query(columns)
    assert downstream.query("SELECT * FROM d.g") == [(1, 5, 100, 150), (3, 3, 60, 90)]


def test_indexes_that_mysql_computes_or_hides(cluster, servers, assert_same):
    upstream, downstream = servers.get("mysql9.7", "up"), servers.get("mysql9.7", "down")
    upstream.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY, v VARCHAR(20), j JSON)",
                     "INSERT INTO d.t VALUES (1, 'one', '{\"a\": 1}')")
    cluster.create_source("s1", upstream)
    cluster.start_task("t", downstream, ["s1"])
    cluster.wait_unit("t", "Sync")
    upstream.execute("CREATE UNIQUE INDEX lowered ON t ((LOWER(v)))", "ALTER TABLE t ADD INDEX tenfold ((id * 10)), ADD INDEX (v)",
                     "INSERT INTO t VALUES (2, 'TWO', '[]')", "UPDATE t SET v = 'two' WHERE id = 2", "ALTER TABLE t ALTER INDEX v INVISIBLE",
                     "ALTER TABLE t DROP INDEX tenfold, ADD INDEX a ((CAST(j->'$.a' AS UNSIGNED))) INVISIBLE",
                     "INSERT INTO t VALUES (3, 'three', '{\"a\": 3}')", "DELETE FROM t WHERE id = 1",
                     "INSERT INTO t VALUES (4, 'One', NULL)", database="d")
    cluster.wait_synced("t")
    assert_same(upstream, downstream, "d")
    keys = ("SELECT index_name, expression, is_visible, non_unique FROM information_schema.statistics "
            "WHERE table_schema = 'd' ORDER BY 1, 2")
    assert downstream.query(keys) == upstream.query(keys)


def test_what_is_not_replicated_is_counted(running, upstream, downstream, assert_same):
    upstream.execute("CREATE VIEW v AS SELECT id FROM t", "RENAME TABLE v TO w", "INSERT INTO t VALUES (4, 'four')",
                     "CREATE SERVER elsewhere FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'x', DATABASE 'y')", "DROP SERVER elsewhere",
                     database="d")
    if not upstream.kind.is_mariadb:
        upstream.execute("CREATE TABLESPACE ts ADD DATAFILE 'ts.ibd'", "DROP TABLESPACE ts")
    running.wait_synced("t")
    assert_same(upstream, downstream, ("d", "t"))
    noticed = {n["kind"] for n in running.subtask("t", "s1")["sync"]["noticed"]}
    assert {"skipped statement on a view", "skipped rename of a view"} <= noticed
    assert upstream.kind.is_mariadb or "skipped statement on tablespaces, servers and reference systems" in noticed


def test_databases_come_and_go(running, upstream, downstream, assert_same):
    upstream.execute("CREATE DATABASE e", "CREATE TABLE e.t (id INT PRIMARY KEY)", "INSERT INTO e.t VALUES (1)",
                     "CREATE DATABASE f", "DROP DATABASE d")
    running.wait_synced("t")
    assert_same(upstream, downstream, "e")
    assert {"e", "f"} <= set(downstream.schemas()) and "d" not in downstream.schemas()


def test_odd_names_and_comments_survive(running, upstream, downstream, assert_same):
    upstream.execute(
        "CREATE TABLE `select``from` (`a b` INT PRIMARY KEY COMMENT 'it''s; -- a \"comment\"', `ключ` TEXT)",
        "INSERT INTO `select``from` VALUES (1, 'x')",
        "ALTER TABLE /* here */ `select``from` ADD `c;d` INT DEFAULT '5' -- there\n COMMENT '`'",
        "INSERT INTO `select``from` VALUES (2, 'y', 6)", database="d")
    running.wait_synced("t")
    assert_same(upstream, downstream, "d")
    column = "SELECT column_comment FROM information_schema.columns WHERE table_schema='d' AND column_name='a b'"
    assert downstream.value(column) == 'it\'s; -- a "comment"'


def test_structure_changes_during_the_copy(cluster, upstream, downstream, assert_same, seed):
    work = Workload(upstream, "shop", seed).create(rows=200)
    upstream.execute("INSERT INTO account (owner, balance, note) SELECT CONCAT(a.id, '-', b.id), a.id, REPEAT('n', 200) "
                     "FROM account a JOIN account b LIMIT 40000", database="shop")
    cluster.create_source("s1", upstream)
    with work:
        cluster.start_task("t", downstream, ["s1"])
        upstream.execute("ALTER TABLE account ADD COLUMN level INT NOT NULL DEFAULT 3",
                         "CREATE TABLE late (id INT PRIMARY KEY)", "INSERT INTO late VALUES (1)",
                         "ALTER TABLE account ADD KEY by_level (level)", database="shop")
        cluster.wait_unit("t", "Sync")
    cluster.wait_synced("t")
    assert_same(upstream, downstream, "shop")
