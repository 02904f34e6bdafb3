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
