"""Statements mean in the target what they meant to the session that gave them; what differs nevertheless is said."""

import pytest

from .test_types_round_trip import _ZONE, add_zone


@pytest.fixture
def running(running):
    """The same for a source that has a table d.t."""
    def start(upstream, downstream, **changes):
        upstream.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY, v BIGINT)",
                         "INSERT INTO d.t VALUES (1, 1), (2, 2)")
        return running(upstream, downstream, **changes)

    return start


@pytest.fixture
def maria(servers):
    return servers.get("mariadb10.11", "up")


def noticed(cluster):
    """Kind and place of what replication has said."""
    return [(item["kind"], item["where"]) for item in cluster.subtask("t", "s1")["sync"].get("noticed", [])]


def test_statements_in_a_zone_with_summer_time(running, maria, downstream, assert_same):
    add_zone(maria)
    add_zone(downstream)
    cluster = running(maria, downstream)
    maria.execute(
        f"SET time_zone = '{_ZONE}'", "CREATE TABLE d.converted (id INT PRIMARY KEY, v DATETIME)",
        "INSERT INTO d.converted VALUES (1, '2024-01-15 12:00:00'), (2, '2024-07-15 12:00:00')",
        "ALTER TABLE d.converted MODIFY v TIMESTAMP NULL",
        "ALTER TABLE d.t ADD a TIMESTAMP NOT NULL DEFAULT '2024-01-15 12:00:00', "
        "ADD b TIMESTAMP NOT NULL DEFAULT '2024-07-15 12:00:00'",
        "CREATE TABLE d.p (ts TIMESTAMP NOT NULL, v INT) PARTITION BY RANGE (UNIX_TIMESTAMP(ts)) (PARTITION a VALUES "
        "LESS THAN (UNIX_TIMESTAMP('2024-07-01 00:00:00')), PARTITION b VALUES LESS THAN MAXVALUE)",
        "INSERT INTO d.p VALUES ('2024-06-30 23:30:00', 1), ('2024-07-01 00:30:00', 2)",
        "ALTER TABLE d.p DROP PARTITION a", "SET time_zone = DEFAULT")
    cluster.wait_synced("t")
    assert_same(maria, downstream, "d")
    assert not noticed(cluster)


def test_a_strict_task_waits_until_the_target_knows_the_zone(running, maria, downstream, assert_same):
    zone, learn = "Test/Strange", "REPLACE INTO mysql.time_zone_name (Name, Time_zone_id) VALUES ('Test/Strange', 7001)"
    add_zone(maria)
    add_zone(downstream)
    maria.execute("SET sql_log_bin = 0", learn, "SET sql_log_bin = 1")
    cluster = running(maria, downstream, strict=True)
    maria.execute(f"SET time_zone = '{zone}'", "ALTER TABLE d.t ADD x INT",
                  "ALTER TABLE d.t ADD a TIMESTAMP NOT NULL DEFAULT '2024-01-15 12:00:00', "
                  "ADD b TIMESTAMP NOT NULL DEFAULT '2024-07-15 12:00:00'", "SET time_zone = DEFAULT")
    cluster.wait_stage("t", "Paused")
    assert "zone" in str(cluster.subtask("t", "s1")["result"])
    downstream.execute(learn)
    cluster.ctl_ok("resume-task", "t")
    cluster.wait_stage("t", "Running")
    cluster.wait_synced("t")
    assert_same(maria, downstream, "d")


@pytest.mark.parametrize("kind", ["mariadb10.11", "mysql9.7"])
def test_the_sql_mode_of_the_session(running, servers, assert_same, tmp_path, kind):
    """The server's own mode has what the sessions have not, and the other way round."""
    source, target = servers.get(kind, "up"), servers.get(kind, "down")
    mode = source.value("SELECT @@GLOBAL.sql_mode")
    source.execute("SET GLOBAL sql_mode = 'REAL_AS_FLOAT,PIPES_AS_CONCAT'")
    try:
        cluster = running(source, target)
        source.execute(
            "SET sql_mode = ''", "CREATE TABLE d.u (id INT PRIMARY KEY, r REAL, g INT AS (id || 0) STORED)",
            "INSERT INTO d.u (id, r) VALUES (1, 0.1), (2, 123456789.123)",
            "SET sql_mode = 'HIGH_NOT_PRECEDENCE'",
            "CREATE TABLE d.n (id INT PRIMARY KEY, g INT AS (NOT id BETWEEN -5 AND 5) STORED)",
            "INSERT INTO d.n (id) VALUES (1), (20)", "SET sql_mode = 'PAD_CHAR_TO_FULL_LENGTH'",
            "CREATE TABLE d.c (id INT PRIMARY KEY, v CHAR(5))", "INSERT INTO d.c VALUES (1, 'a')",
            "ALTER TABLE d.c MODIFY v VARCHAR(10)", "SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO'",
            "CREATE TABLE d.z (id INT PRIMARY KEY, v INT)", "INSERT INTO d.z VALUES (0, 0), (5, 5)",
            "CREATE TABLE d.kept LIKE d.z", "INSERT INTO d.kept SELECT * FROM d.z",
            "ALTER TABLE d.kept MODIFY id INT AUTO_INCREMENT", "SET sql_mode = ''",
            "ALTER TABLE d.z MODIFY id INT AUTO_INCREMENT", "UPDATE d.z SET v = 7 WHERE v = 0")
        if kind.startswith("maria"):
            folder = tmp_path / "elsewhere"
            folder.mkdir()
            source.execute("SET sql_mode = 'ORACLE'", "CREATE TABLE d.o (id NUMBER(9) PRIMARY KEY, d DATE, v VARCHAR2(9))",
                           "INSERT INTO d.o (id, d) VALUES (1, '2024-01-01 10:11:12')", "ALTER TABLE d.o ADD e DATE",
                           "UPDATE d.o SET e = d", "SET sql_mode = ''")
            source.execute(f"CREATE TABLE d.placed (id INT PRIMARY KEY) DATA DIRECTORY = '{folder}'",
                           "INSERT INTO d.placed VALUES (1)")
        source.execute("SET sql_mode = DEFAULT")
        cluster.wait_synced("t")
        assert_same(source, target, "d")
        assert target.query("SELECT id FROM d.kept ORDER BY id") == [(0,), (5,)]
        assert not noticed(cluster)
    finally:
        source.execute(f"SET GLOBAL sql_mode = '{mode}'")


COMMENTS = {"mysql5.6": "/*!50600 DEFAULT 5 */", "mysql9.7": "/*!80000 DEFAULT 5 */",
            "mariadb10.11": "/*M!100301 DEFAULT 5 */"}


@pytest.mark.parametrize("kind,target_kind", [("mysql9.7", "mariadb10.11"), ("mariadb10.11", "mysql9.7"),
                                              ("mysql5.6", "mariadb10.11"), ("mysql9.7", "mysql5.6")])
def test_statements_between_unlike_servers(running, servers, assert_same, kind, target_kind):
    source, target = servers.get(kind, "up"), servers.get(target_kind, "down")
    cluster = running(source, target, **{"ignore-checking-items": ["all"]})
    source.execute(
        # what a comment says to one of them alone
        f"ALTER TABLE d.t ADD w INT {COMMENTS[kind]}, ADD /*!99999 x INT, ADD */ y INT", "INSERT INTO d.t (id) VALUES (3)",
        # how it is done
        "ALTER TABLE d.t ADD a INT, ALGORITHM=COPY, LOCK=SHARED", "ALTER TABLE d.t ALGORITHM=COPY",
        "CREATE INDEX i ON d.t (v) ALGORITHM=INPLACE LOCK=NONE", "DROP INDEX i ON d.t",
        # fractions of a second
        "SET sql_mode = ''", "CREATE TABLE d.f (id INT PRIMARY KEY, v DATETIME(3), t TIME(3), s DATETIME(4))",
        "INSERT INTO d.f VALUES (1, '2024-01-01 23:59:59.900', '10:00:00.500', '2024-01-01 10:00:00.9996'), "
        "(2, '2024-01-01 00:00:00.499', '-10:00:00.999', '2024-01-01 10:00:00.0004')",
        "ALTER TABLE d.f MODIFY v DATETIME, MODIFY t TIME, MODIFY s DATETIME(3), "
        "ADD w DATETIME DEFAULT '2024-01-01 00:00:00.9'", "SET sql_mode = DEFAULT")
    if kind == "mariadb10.11":
        source.execute("ALTER TABLE d.t ADD m INT /*!100301 DEFAULT 6 */, ALGORITHM=NOCOPY",
                       "ALTER ONLINE TABLE d.t ADD o INT", "ALTER TABLE d.t DROP COLUMN a, ALGORITHM=INSTANT, LOCK=NONE")
    if kind == "mysql9.7":
        source.execute("ALTER TABLE d.t ADD m INT, ALGORITHM=INSTANT", "CREATE INDEX i ON d.t (v)",
                       "DROP INDEX i ON d.t LOCK=NONE ALGORITHM=INPLACE")
    cluster.wait_synced("t")
    assert_same(source, target, "d")
    assert not [said for said in noticed(cluster) if "adapted" not in said[0]]


@pytest.mark.parametrize("kind,setting,target_kind", [
    ("mysql9.7", "default_collation_for_utf8mb4 = utf8mb4_general_ci", "mysql9.7"),
    ("mariadb11.8", "character_set_collations = 'utf8mb4=utf8mb4_bin'", "mariadb11.8"),
    ("mariadb11.8", "character_set_collations = 'utf8mb4=utf8mb4_bin'", "mariadb10.11"),
])
def test_a_charset_without_a_collation_means_what_the_session_meant(running, servers, kind, setting, target_kind):
    source, target = servers.get(kind, "up"), servers.get(target_kind, "down")
    cluster = running(source, target)
    source.execute(
        f"SET SESSION {setting}", "CREATE TABLE d.u (id INT PRIMARY KEY, v VARCHAR(9), w VARCHAR(9) CHARACTER SET utf8) "
        "CHARSET utf8mb4", "ALTER TABLE d.t ADD x VARCHAR(9) CHARACTER SET utf8mb4, ADD w VARCHAR(9) CHARACTER SET utf8",
        f"SET SESSION {setting.split(' ')[0]} = DEFAULT", "INSERT INTO d.u VALUES (1, 'a', 'a'), (2, 'A', 'b')",
        "ALTER TABLE d.u ADD UNIQUE KEY (v, id)", "UPDATE d.u SET w = 'c'")
    cluster.wait_synced("t")
    sql = ("SELECT TABLE_NAME, COLUMN_NAME, COLLATION_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'd' "
           "AND COLLATION_NAME IS NOT NULL ORDER BY 1, 2")
    assert source.query(sql) == target.query(sql)


def test_what_a_statement_did_to_the_target_alone_is_said(running, maria, downstream, servers):
    cluster = running(maria, downstream)
    cluster.wait_synced("t")
    downstream.execute("INSERT INTO d.t VALUES (77, 3000000000)", "CREATE TABLE d.u (id INT, v TINYINT)",
                       "CREATE TABLE d.same (id INT NOT NULL, v VARCHAR(9) DEFAULT 'x', n DECIMAL(5,1), PRIMARY KEY (id))")
    maria.execute("ALTER TABLE d.t MODIFY v INT", "CREATE TABLE d.u (id INT PRIMARY KEY, v INT)",
                  "CREATE TABLE d.same (id INT PRIMARY KEY, v VARCHAR(9) DEFAULT 'x', n DECIMAL(5, 1))",
                  "CREATE TABLE d.twice (id INT PRIMARY KEY, v JSON, KEY a (id), KEY b (id))",
                  "DROP TABLE IF EXISTS d.never")
    cluster.wait_synced("t")
    assert sorted(noticed(cluster)) == [("table that the target had, of another structure", "`d`.`u`"),
                                        ("value changed by the target (warning 1264)", "`d`.`t`")]


def test_a_key_too_long_for_the_target_is_said(running, servers, maria):
    """Without strict mode a server shortens a plain index and warns."""
    cluster = running(maria, servers.get("mysql5.6", "down"), **{"ignore-checking-items": ["all"]})
    maria.execute("CREATE TABLE d.u (id INT PRIMARY KEY, v VARCHAR(300), KEY (v))")
    cluster.wait_synced("t")
    assert noticed(cluster) == [("warning 1071 of the target", "`d`.`u`")]
