"""Rows that differ upstream stay different rows, whatever the target's keys make of them."""

import pytest

COARSER = "key that may tell apart less than upstream's"


def noticed(cluster):
    subtask = cluster.subtask("t", "s1")
    return {item["kind"]: item["where"] for item in subtask["sync" if subtask["unit"] == "Sync" else "load"].get("noticed", [])}


def wait_error(cluster, code):
    def failed():
        errors = (cluster.subtask("t", "s1")["result"] or {}).get("errors") or []
        return next((str(error) for error in errors if error["ErrCode"] == code), None)

    return cluster.wait(failed, 30, f"error {code}")


@pytest.mark.parametrize("kind,target_kind,tables", [
    ("mariadb10.11", "mysql9.7", {"utf8mb4_general_nopad_ci": ["a", "a ", "b"],
                                  "utf8mb4_uca1400_swedish_nopad_ai_ci": ["a", "\u00e4", "b"]}),
    ("mysql9.7", "mariadb10.11", {"utf8mb4_sv_0900_ai_ci": ["a", "\u00e4", "\u00f4", "o"],
                                  "utf8mb4_es_0900_ai_ci": ["ana", "a\u00f1a"], "utf8mb4_0900_ai_ci": ["a", "a "]}),
])
def test_keys_keep_rows_apart_under_an_adapted_collation(running, servers, kind, target_kind, tables):
    source, target = servers.get(kind, "up"), servers.get(target_kind, "down")
    source.execute("CREATE DATABASE d")
    for collation, values in tables.items():
        source.execute(
            f"CREATE TABLE d.p_{collation} (k VARCHAR(9) PRIMARY KEY, v INT) CHARACTER SET utf8mb4 COLLATE {collation}",
            f"CREATE TABLE d.u_{collation} (v INT PRIMARY KEY, k VARCHAR(9) CHARACTER SET utf8mb4 COLLATE {collation}, UNIQUE (k))",
            *[f"INSERT INTO d.{table}_{collation} (k, v) VALUES ('{value}', {number})"
              for table in "pu" for number, value in enumerate(values)])
    cluster = running(source, target)
    cluster.wait_synced("t")
    for collation, values in tables.items():
        for table in "pu":
            rows = target.query(f"SELECT v, k FROM d.{table}_{collation} ORDER BY v")
            assert rows == list(enumerate(values)), collation
    assert "structure adapted to the target" in noticed(cluster), "also when replication has begun"
    assert COARSER not in noticed(cluster)


@pytest.mark.parametrize("kind,column,target_kind,key", [
    ("mariadb10.11", "CHARACTER SET latin1 COLLATE latin1_swedish_nopad_ci", "mysql9.7", "PRIMARY KEY (k), KEY (v)"),
    ("mysql9.7", "CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci", "mysql5.6", "PRIMARY KEY (v), UNIQUE (k)"),
])
def test_rows_that_would_be_lost_stop_the_copy(running, servers, kind, column, target_kind, key):
    """A key of the target that takes no notice of trailing spaces: it has no other."""
    source, target = servers.get(kind, "up"), servers.get(target_kind, "down")
    source.execute("CREATE DATABASE d", f"CREATE TABLE d.t (k VARCHAR(9) {column}, v INT, {key})",
                   "INSERT INTO d.t VALUES ('a', 0), ('a ', 1), ('b', 2)")
    cluster = running(source, target, unit=None)
    error = wait_error(cluster, 34104)
    assert "differ upstream" in error and "--remove-meta" in error, error
    assert "`d`.`t`" in noticed(cluster)[COARSER]
    cluster.ctl("resume-task", "t")
    wait_error(cluster, 34104)
    source.execute("DELETE FROM d.t WHERE v = 1")
    cluster.ctl("resume-task", "t")
    cluster.wait(lambda: cluster.subtask("t", "s1")["unit"] == "Sync", 30, "the copy to be complete")
    cluster.wait_synced("t")
    assert target.query("SELECT v FROM d.t ORDER BY v") == [(0,), (2,)]


def test_rows_that_clash_in_a_table_made_by_hand(running, servers, downstream, assert_same):
    maria = servers.get("mariadb10.11", "up")
    for server, collation in (maria, "utf8mb4_bin"), (downstream, "utf8mb4_general_ci"):
        server.execute("CREATE DATABASE d", f"CREATE TABLE d.t (k VARCHAR(9) COLLATE {collation} PRIMARY KEY, v INT)",
                       "CREATE TABLE d.own (id INT PRIMARY KEY, v INT)")
    downstream.execute("ALTER TABLE d.own ADD UNIQUE (v)")
    maria.execute("INSERT INTO d.t VALUES ('a', 1), ('A', 2), ('b', 3)", "INSERT INTO d.own VALUES (1, 1), (2, 2)")
    cluster = running(maria, downstream, unit=None, **{"ignore-checking-items": ["all"]})
    wait_error(cluster, 34104)
    assert COARSER in noticed(cluster)
    downstream.execute("ALTER TABLE d.t MODIFY k VARCHAR(9) COLLATE utf8mb4_bin")
    cluster.ctl_ok("resume-task", "t")
    cluster.wait_unit("t", "Sync")
    cluster.wait_synced("t")
    assert_same(maria, downstream, "d")


def test_what_safe_mode_may_do_is_said(running, servers, downstream):
    maria = servers.get("mariadb10.11", "up")
    for server, collation, more in (maria, "utf8mb4_bin", ""), (downstream, "utf8mb4_general_ci", ", extra INT DEFAULT 7"):
        server.execute("CREATE DATABASE d", f"CREATE TABLE d.t (k VARCHAR(9) COLLATE {collation} PRIMARY KEY, v INT)",
                       f"CREATE TABLE d.x (id INT PRIMARY KEY, v INT{more})", "CREATE TABLE d.plain (id INT PRIMARY KEY)",
                       "INSERT INTO d.t VALUES ('a', 1)")
    downstream.execute("TRUNCATE TABLE d.t")
    safe = {"syncers": {"safe": {"safe-mode": True}}, "mysql-instances": [{"source-id": "s1", "syncer-config-name": "safe"}]}
    cluster = running(maria, downstream, **safe)
    maria.execute("INSERT INTO d.plain VALUES (1)", "INSERT INTO d.t VALUES ('A', 2)", "INSERT INTO d.x VALUES (1, 1)")
    cluster.wait_synced("t")
    said = noticed(cluster)
    assert "`d`.`t`" in said[COARSER]
    assert "`d`.`x`" in said["safe mode resets columns that only the target has"]
    assert "`d`.`plain`" not in str(said)
