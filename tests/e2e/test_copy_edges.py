"""What tables can look like, and what the target may not know: every odd shape is copied, or its loss is said."""

import pytest

MANY = 1000
BOTH_WAYS = [("mysql9.7", "mariadb10.11"), ("mariadb10.11", "mysql9.7")]


def noticed(cluster, task="t", source="s1"):
    """What the copy passed over, as the log of the worker says: kind -> where."""
    found = {}
    for worker in cluster.workers.values():
        for line in (worker.log.read_text(encoding="utf-8", errors="replace")).splitlines():
            if "[notice_book.cc" in line:
                kind = line.split('["', 1)[1].split('"]', 1)[0]
                found.setdefault(kind, []).append(line.split("[where=", 1)[1])
    return found


def copy_all(cluster, source, target, **changes):
    cluster.create_source("s1", source)
    cluster.start_task("t", target, ["s1"], **{"task-mode": "full", **changes})
    cluster.wait_stage("t", "Finished", 90)


@pytest.mark.parametrize("kinds", [("mysql5.6", "mariadb10.11"), ("mariadb11.8", "mysql9.7")], ids="-".join)
def test_names_and_widths(kinds, cluster, servers, assert_same):
    source, target = servers.get(kinds[0], "up"), servers.get(kinds[1], "down")
    columns = ", ".join(f"c{i} INT NULL" for i in range(MANY - 1))
    source.execute(
        "CREATE DATABASE `select`", "CREATE DATABASE `größe 語`",
        "CREATE TABLE `select`.`from` (`order` INT PRIMARY KEY, `group by` VARCHAR(20), `a``b` INT, KEY `key` (`a``b`))",
        "INSERT INTO `select`.`from` VALUES (1, 'x', 2), (2, NULL, NULL)",
        "CREATE TABLE `größe 語`.`таблица` (`ключ` VARCHAR(20) CHARACTER SET utf8mb4 PRIMARY KEY, `значение 1` TEXT)",
        "INSERT INTO `größe 語`.`таблица` VALUES ('a', 'ä'), ('日本', 'x\\'y'), ('', '')",
        "CREATE TABLE `größe 語`.`empty one` (id INT PRIMARY KEY)",
        f"CREATE TABLE `select`.wide (id INT PRIMARY KEY, {columns})",
        *[f"INSERT INTO `select`.wide (id, c0, c{MANY - 2}) VALUES ({i}, {i}, -{i})" for i in range(20)])
    copy_all(cluster, source, target)
    results = assert_same(source, target, "select", "größe 語")
    assert len(results) == 4
    assert target.value("SELECT COUNT(*) FROM information_schema.columns WHERE table_name = 'wide'") == MANY


@pytest.mark.parametrize("kinds", BOTH_WAYS, ids="-".join)
def test_computed_hidden_and_partitioned(kinds, cluster, servers, assert_same):
    source, target = servers.get(kinds[0], "up"), servers.get(kinds[1], "down")
    source.execute(
        "CREATE DATABASE d",
        "CREATE TABLE d.computed (id INT PRIMARY KEY, a INT, v INT GENERATED ALWAYS AS (a + 1) VIRTUAL, "
        "s VARCHAR(20) GENERATED ALWAYS AS (CONCAT('n', a)) STORED, UNIQUE KEY s (s))",
        "INSERT INTO d.computed (id, a) VALUES (1, 10), (2, NULL), (3, 12)",
        "CREATE TABLE d.hidden (id INT PRIMARY KEY, seen INT, unseen INT NOT NULL DEFAULT 5 INVISIBLE)",
        "INSERT INTO d.hidden (id, seen, unseen) VALUES (1, 2, 3), (4, 5, 6)",
        "CREATE TABLE d.parts (id INT, y INT, PRIMARY KEY (id, y)) PARTITION BY RANGE (y) "
        "(PARTITION p0 VALUES LESS THAN (2000), PARTITION p1 VALUES LESS THAN MAXVALUE)",
        "INSERT INTO d.parts VALUES (1, 1999), (1, 2001), (2, 1990)",
        "CREATE TABLE d.z_parent (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(10)) AUTO_INCREMENT = 500",
        "CREATE TABLE d.a_child (id INT PRIMARY KEY, p INT, CONSTRAINT fk FOREIGN KEY (p) REFERENCES d.z_parent (id))",
        "INSERT INTO d.z_parent (name) VALUES ('x'), ('y')", "INSERT INTO d.a_child VALUES (1, 500), (2, 501), (3, NULL)")
    copy_all(cluster, source, target)
    assert_same(source, target, "d")
    assert target.value("SELECT MAX(id) FROM d.z_parent") == 501
    target.execute("INSERT INTO d.z_parent (name) VALUES ('z')")
    assert target.value("SELECT MAX(id) FROM d.z_parent") == 502, "AUTO_INCREMENT goes on where it was"
    assert target.value("SELECT COUNT(*) FROM information_schema.partitions WHERE table_name = 'parts' "
                        "AND partition_name IS NOT NULL") == 2
    assert target.value("SELECT COUNT(*) FROM information_schema.referential_constraints "
                        "WHERE constraint_schema = 'd'") == 1
    hidden = target.query("SHOW CREATE TABLE d.hidden")[0][1]
    assert "INVISIBLE" in hidden or any("adapted" in kind for kind in noticed(cluster)), hidden


@pytest.mark.parametrize("kinds", BOTH_WAYS, ids="-".join)
def test_counters_formats_and_indexes_of_their_own_kind(kinds, cluster, servers, assert_same):
    source, target = servers.get(kinds[0], "up"), servers.get(kinds[1], "down")
    source.execute(
        "CREATE DATABASE d",
        "CREATE TABLE d.counted (id INT AUTO_INCREMENT PRIMARY KEY, v INT) AUTO_INCREMENT = 777",
        "CREATE TABLE d.trimmed (id INT AUTO_INCREMENT PRIMARY KEY, v INT)",
        "INSERT INTO d.trimmed VALUES (1, 1), (2000, 2)", "DELETE FROM d.trimmed WHERE id = 2000",
        *[f"CREATE TABLE d.{row_format} (id INT PRIMARY KEY, v TEXT) ROW_FORMAT={row_format}"
          for row_format in ("redundant", "compact", "dynamic")],
        "CREATE TABLE d.places (id INT PRIMARY KEY, g GEOMETRY NOT NULL, SPATIAL KEY at (g))",
        "INSERT INTO d.places VALUES (1, ST_GeomFromText('POINT(1 2)')), "
        "(2, ST_GeomFromText('POLYGON((0 0, 10 0, 10 10, 0 10, 0 0))')), (3, ST_GeomFromText('POINT(70 80)'))",
        "CREATE TABLE d.texts (id INT PRIMARY KEY, v TEXT, FULLTEXT KEY words (v))",
        "INSERT INTO d.texts VALUES (1, 'replication without locks'), (2, 'Ärger über größere Dinge'), (3, NULL)",
        "CREATE VIEW d.seen AS SELECT * FROM d.texts", "CREATE VIEW d.also AS SELECT 1",
        *[f"CREATE TRIGGER d.tr{when} {when} INSERT ON d.counted FOR EACH ROW SET @x = 1"
          for when in ("BEFORE", "AFTER")])
    copy_all(cluster, source, target)
    assert_same(source, target, *[("d", table) for table in ("trimmed", "redundant", "places", "texts")])
    for table, counter in (("counted", 777), ("trimmed", 2001)):
        assert f"AUTO_INCREMENT={counter} " in target.query(f"SHOW CREATE TABLE d.{table}")[0][1]
    for row_format in ("redundant", "compact", "dynamic"):
        assert f"ROW_FORMAT={row_format.upper()}" in target.query(f"SHOW CREATE TABLE d.{row_format}")[0][1]
    box = "ST_GeomFromText('POLYGON((0 0, 5 0, 5 5, 0 5, 0 0))')"
    assert target.query(f"SELECT id FROM d.places FORCE INDEX (at) WHERE MBRContains({box}, g)") == [(1,)]
    assert target.query("SELECT id FROM d.texts WHERE MATCH (v) AGAINST ('größere' IN BOOLEAN MODE)") == [(2,)]
    said = noticed(cluster)
    assert set(said) == {"view not copied", "trigger not copied"}, "nothing else was lost"
    assert len(said["view not copied"]) == 2 and "count=2]" in said["trigger not copied"][0], said
    assert target.query("SHOW TRIGGERS IN d") == []


NO_WAY_OUT = [("mysql9.7", "mariadb10.11", "VARBINARY(16) DEFAULT (UUID_TO_BIN(UUID()))"),
              ("mariadb10.11", "mysql9.7", "VARCHAR(50) DEFAULT (JSON_COMPACT('{}'))")]


@pytest.mark.parametrize("case", NO_WAY_OUT, ids=lambda case: "-".join(case[:2]))
def test_what_cannot_be_made_is_said_and_may_be_made_by_hand(case, cluster, servers, assert_same):
    source, target, column = servers.get(case[0], "up"), servers.get(case[1], "down"), case[2]
    source.execute("CREATE DATABASE d", f"CREATE TABLE d.t (id INT PRIMARY KEY, v {column})",
                   "INSERT INTO d.t VALUES (1, 'x'), (2, DEFAULT)")
    cluster.create_source("s1", source)
    cluster.ctl("start-task", cluster.write_task("t", target, ["s1"], **{"task-mode": "full"}))
    cluster.wait_stage("t", "Paused")
    (error,) = cluster.subtask("t", "s1")["result"]["errors"]
    assert error["ErrCode"] == 34101 and "the target refuses to create `d`.`t`" in error["Message"], error
    assert error["RawCause"].startswith("Error ") and "by hand" in error["Workaround"], error
    target.execute(f"CREATE TABLE d.t (id INT PRIMARY KEY, v {column.split(' DEFAULT')[0]})")
    cluster.ctl_ok("resume-task", "t")
    cluster.wait_stage("t", "Finished", 60)
    assert_same(source, target, "d")


def test_children_may_come_before_their_parents(cluster, upstream, downstream, assert_same):
    """Whatever the task's sessions check."""
    upstream.execute(
        "CREATE DATABASE d", "CREATE TABLE d.z_parent (id INT PRIMARY KEY)",
        "CREATE TABLE d.a_child (id INT PRIMARY KEY, p INT, up INT, pad CHAR(250), FOREIGN KEY (p) REFERENCES "
        "d.z_parent (id), FOREIGN KEY (up) REFERENCES d.a_child (id))",
        *[f"INSERT INTO d.z_parent VALUES ({i})" for i in range(20)], "SET foreign_key_checks = 0",
        "INSERT INTO d.a_child VALUES " + ", ".join(f"({i}, {i % 20}, {i + 1}, 'p')" for i in range(1999)),
        "INSERT INTO d.a_child VALUES (1999, NULL, NULL, 'p')", "SET foreign_key_checks = 1", "ANALYZE TABLE d.a_child")
    cluster.create_source("s1", upstream)
    config = cluster.task_config("t", downstream, ["s1"])
    config["target-database"]["session"] = {"foreign_key_checks": "1"}
    cluster.ctl_ok("start-task", cluster.write("t.yaml", config))
    cluster.wait_synced("t")
    upstream.execute("DELETE FROM d.a_child WHERE id < 10", "INSERT INTO d.z_parent VALUES (99)",
                     "INSERT INTO d.a_child VALUES (5, 99, 1999, 'q')")
    cluster.wait_synced("t")
    assert_same(upstream, downstream, "d")


def test_foreign_keys_to_what_the_target_does_not_have_so_are_left_out(cluster, upstream, downstream, assert_same):
    upstream.execute("CREATE DATABASE d", "CREATE TABLE d.parent (id INT PRIMARY KEY)", "INSERT INTO d.parent VALUES (1)",
                     "CREATE TABLE d.child (id INT PRIMARY KEY, n INT, CONSTRAINT fk FOREIGN KEY (n) REFERENCES d.parent (id))",
                     "INSERT INTO d.child VALUES (1, 1)")
    downstream.execute("CREATE DATABASE d", "CREATE TABLE d.parent (id BIGINT PRIMARY KEY)")
    cluster.create_source("s1", upstream)
    cluster.start_task("t", downstream, ["s1"], **{"task-mode": "full"})
    cluster.wait_stage("t", "Finished", 60)
    assert_same(upstream, downstream, "d")
    (said,) = noticed(cluster)["foreign keys left out that the target refuses"]
    assert "ALTER TABLE `d`.`child` ADD CONSTRAINT `fk` FOREIGN KEY (`n`)" in said, said


def test_what_is_not_copied_is_said(cluster, servers, downstream):
    source = servers.get("mysql5.6", "up")
    source.execute(
        "CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY, n INT)", "CREATE VIEW d.v AS SELECT * FROM d.t",
        "CREATE TRIGGER d.tr BEFORE INSERT ON d.t FOR EACH ROW SET NEW.n = 1",
        "CREATE PROCEDURE d.p() SELECT 1", "INSERT INTO d.t VALUES (1, 0)")
    copy_all(cluster, source, downstream)
    said = noticed(cluster)
    assert "`d`.`v`" in said["view not copied"][0]
    assert "`d`" in said["trigger not copied"][0] and "`d`" in said["routine not copied"][0]
    assert downstream.query("SHOW FULL TABLES IN d") == [("t", "BASE TABLE")]
    assert downstream.query("SELECT * FROM d.t") == [(1, 1)]


@pytest.mark.parametrize("kinds", [("mysql9.7", "mariadb10.11", "utf8mb4_0900_ai_ci"),
                                   ("mariadb11.8", "mysql9.7", "utf8mb4_uca1400_ai_ci")], ids=lambda k: "-".join(k[:2]))
def test_clauses_the_target_does_not_know(kinds, cluster, servers, assert_same):
    source, target = servers.get(kinds[0], "up"), servers.get(kinds[1], "down")
    options = "ROW_FORMAT=COMPRESSED" if kinds[0] == "mysql9.7" else "PAGE_COMPRESSED=1"
    source.execute(
        f"CREATE DATABASE d COLLATE {kinds[2]}",
        f"CREATE TABLE d.t (id INT PRIMARY KEY, v VARCHAR(20) COLLATE {kinds[2]}) {options} COLLATE={kinds[2]}",
        "INSERT INTO d.t VALUES (1, 'ä'), (2, 'Ä '), (3, '日本')")
    copy_all(cluster, source, target)
    assert_same(source, target, "d")
    (where,) = [line for line in noticed(cluster)["structure adapted to the target"] if "`d`.`t`" in line]
    assert kinds[2] in where, "what was replaced is named"
    assert kinds[2] not in target.query("SHOW CREATE TABLE d.t")[0][1]


def test_chunks_without_rows(cluster, servers, downstream):
    source = servers.get("mariadb11.8", "up")
    source.execute(
        "CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY, keep INT, pad CHAR(250))",
        "INSERT INTO d.t SELECT seq, seq > 79990, REPEAT('p', 250) FROM d.seq_1_to_80000",
        "ANALYZE TABLE d.t")
    copy_all(cluster, source, downstream, **{
        "mydumpers": {"some": {"threads": 2, "where": "keep = 1"}},
        "mysql-instances": [{"source-id": "s1", "mydumper-config-name": "some"}]})
    assert downstream.query("SELECT COUNT(*), MIN(id) FROM d.t") == [(10, 79991)]
    assert downstream.value("SELECT COUNT(*) FROM dm_meta.t_copy_checkpoint WHERE chunk > 0") == 0


def test_a_thousand_tables(cluster, servers, downstream, assert_same):
    source = servers.get("mysql9.7", "up")
    source.execute("CREATE DATABASE many")
    for i in range(1000):
        source.execute(f"CREATE TABLE many.t{i} (id INT PRIMARY KEY, v INT)")
        if i % 100:
            source.execute(f"INSERT INTO many.t{i} VALUES (1, {i}), (2, -{i})")
    cluster.create_source("s1", source)
    cluster.start_task("t", downstream, ["s1"])
    cluster.wait_unit("t", "Sync", 240)
    records = downstream.query("SELECT state, COUNT(*), COUNT(DISTINCT low_gtid) FROM dm_meta.t_copy_checkpoint "
                               "WHERE chunk = 0 AND cp_table <> '' GROUP BY state")
    assert records[0][:2] == ("complete", 1000) and len(records) == 1
    source.execute("UPDATE many.t7 SET v = 77", "INSERT INTO many.t999 VALUES (3, 3)")
    cluster.wait_synced("t")
    assert_same(source, downstream, *[(("many", f"t{i}")) for i in range(0, 1000, 37)], ("many", "t7"), ("many", "t999"))
    assert downstream.value("SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'many'") == 1000


def test_strict_collations_are_kept(cluster, servers, assert_same):
    source, target = servers.get("mysql5.6", "up"), servers.get("mysql9.7", "down")
    source.execute(
        "CREATE DATABASE d DEFAULT CHARACTER SET utf8mb4",
        "CREATE TABLE d.t (id INT PRIMARY KEY, a VARCHAR(20), b VARCHAR(20) CHARACTER SET latin1) CHARSET utf8mb4",
        "INSERT INTO d.t VALUES (1, 'ä', 'ä')")
    assert "COLLATE" not in source.query("SHOW CREATE TABLE d.t")[0][1], "the server leaves defaults out"
    copy_all(cluster, source, target, collation_compatible="strict")
    assert_same(source, target, "d")
    assert target.query("SELECT column_name, collation_name FROM information_schema.columns WHERE table_schema = 'd' "
                        "AND collation_name IS NOT NULL ORDER BY 1") == [("a", "utf8mb4_general_ci"),
                                                                         ("b", "latin1_swedish_ci")]


def test_strict_collations_the_target_does_not_know(cluster, servers, downstream, assert_same):
    source = servers.get("mysql9.7", "up")
    source.execute("CREATE DATABASE d COLLATE utf8mb4_bin",
                   "CREATE TABLE d.t (id INT PRIMARY KEY, v VARCHAR(20) COLLATE utf8mb4_0900_as_cs) "
                   "COLLATE utf8mb4_bin",
                   "INSERT INTO d.t VALUES (1, 'ä'), (2, 'Ä')")
    cluster.create_source("s1", source)
    # The refusal may be there before the command has its answer.
    cluster.ctl("start-task", cluster.write_task("t", downstream, ["s1"],
                                                 **{"task-mode": "full", "collation_compatible": "strict"}))
    cluster.wait_stage("t", "Paused")
    (error,) = cluster.subtask("t", "s1")["result"]["errors"]
    assert error["ErrCode"] == 34101 and "`d`.`t`" in error["Message"] and "utf8mb4_0900_as_cs" in error["Message"]
    assert "collation_compatible: loose" in error["Workaround"] and "by hand" in error["Workaround"]
    assert downstream.query("SHOW TABLES IN d") == []
    downstream.execute("CREATE TABLE d.t (id INT PRIMARY KEY, v VARCHAR(20) COLLATE utf8mb4_bin) COLLATE utf8mb4_bin")
    cluster.ctl_ok("resume-task", "t")
    cluster.wait_stage("t", "Finished", 60)
    assert_same(source, downstream, "d")
