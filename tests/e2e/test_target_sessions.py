"""What a task's own session variables may not change, and values that a session could."""

import pytest

from .test_target_keys import noticed

_SESSION = {"sql_mode": "ANSI_QUOTES,NO_ZERO_IN_DATE,NO_ZERO_DATE", "character_set_client": "latin1",
            "character_set_results": "latin1", "autocommit": 0}


@pytest.mark.parametrize("kind", ["mariadb10.11", "mysql9.7"])
def test_the_users_session_changes_no_rows(running, servers, assert_same, tmp_path, kind):
    """A sql_mode without NO_AUTO_VALUE_ON_ZERO, with quotes of another meaning; another encoding; no commits."""
    source, target = servers.get(kind, "up"), servers.get(kind, "down")
    source.execute("CREATE DATABASE d", "SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO'",
                   "CREATE TABLE d.t (id INT PRIMARY KEY AUTO_INCREMENT, v VARCHAR(20))",
                   "INSERT INTO d.t VALUES (0, '\u00e4'), (5, '\u4e2d')",
                   "CREATE TABLE d.k (v VARCHAR(20), n INT CHECK (n > 0))", "INSERT INTO d.k VALUES ('b', 1), ('\u00fc', 2)")
    if kind.startswith("mariadb"):
        folder = tmp_path / "elsewhere"
        folder.mkdir()
        source.execute("SET check_constraint_checks = 0", "INSERT INTO d.k VALUES ('none checked', -1)",
                       "SET check_constraint_checks = 1", f"CREATE TABLE d.f (id INT PRIMARY KEY) DATA DIRECTORY = '{folder}'",
                       "INSERT INTO d.f VALUES (1)")
    database = {"host": "127.0.0.1", "port": target.port, "user": "root", "password": "", "session": _SESSION}
    cluster = running(source, target, **{"target-database": database})
    source.execute("INSERT INTO d.t VALUES (7, '\u00f6')", "UPDATE d.t SET v = '\u20ac' WHERE id = 0",
                   "DELETE FROM d.k WHERE v = 'b'", 'ALTER TABLE d.t ADD w VARCHAR(10) NOT NULL DEFAULT "\u00df" COMMENT "y"',
                   "INSERT INTO d.t VALUES (9, '\u00fc', 'x')", "DELETE FROM d.t WHERE id = 0",
                   "INSERT INTO d.t VALUES (0, 'back', 'z')", "SET sql_mode = DEFAULT")
    cluster.wait_synced("t", 30)
    assert_same(source, target, "d")
    log = (cluster.folder / "worker-1.log").read_text(encoding="utf-8")
    for name in "character_set_client", "autocommit":
        assert any("has no effect" in line and name in line for line in log.splitlines()), name


@pytest.mark.parametrize("kind", ["mysql9.7", "mariadb10.11"])
def test_values_that_have_two_readings(running, servers, kind):
    """-0 is not 0, and the error value of an ENUM not its empty member; neither is a change to a strict task."""
    source, target = servers.get(kind, "up"), servers.get("mysql9.7", "down")
    source.execute("CREATE DATABASE d", "CREATE TABLE d.n (id INT PRIMARY KEY, v DOUBLE, f FLOAT)",
                   "INSERT INTO d.n VALUES (1, -0e0, -0e0), (3, 0, 0)", "SET sql_mode = ''",
                   "CREATE TABLE d.e (id INT PRIMARY KEY, e ENUM('a', ''), o ENUM('b'))",
                   "INSERT INTO d.e VALUES (1, 'no', 'no'), (2, '', 'b'), (3, NULL, NULL)")
    cluster = running(source, target, strict=True)
    source.execute("INSERT INTO d.n VALUES (2, -0e0, -0e0)", "INSERT INTO d.e VALUES (4, 'no', 'no'), (5, '', 'b')",
                   "UPDATE d.e SET e = 'no', o = 'no' WHERE id = 2", "UPDATE d.e SET e = '', o = 'b' WHERE id = 1",
                   f"INSERT INTO d.e VALUES {', '.join(f'({i}, 0, 0)' for i in range(100, 200))}",
                   "DELETE FROM d.e WHERE id = 150", "SET sql_mode = DEFAULT")
    cluster.wait_synced("t")
    for sql in ("SELECT id, CONCAT(v), CONCAT(f) FROM d.n ORDER BY id", "SELECT id, e + 0, o + 0 FROM d.e ORDER BY id"):
        assert source.query(sql) == target.query(sql)


def test_what_is_computed_in_a_time_zone_is_said(running, servers, downstream):
    maria = servers.get("mariadb10.11", "up")
    maria.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY, ts TIMESTAMP NULL, g DATE AS (DATE(ts)) STORED)",
                  "CREATE TABLE d.v (id INT PRIMARY KEY, ts TIMESTAMP NULL, g DATE AS (DATE(ts)) VIRTUAL)",
                  "INSERT INTO d.t (id, ts) VALUES (1, '2024-05-05 03:00:00')")
    cluster = running(maria, downstream)
    cluster.wait_synced("t")
    assert "`d`.`t`" in noticed(cluster)["generated column that depends on a time zone, computed in UTC"]
    cluster.ctl_ok("pause-task", "t")
    cluster.wait_stage("t", "Paused")
    cluster.ctl_ok("resume-task", "t")
    cluster.wait_synced("t")
    assert "generated column that depends on a time zone, computed in UTC" in noticed(cluster)
