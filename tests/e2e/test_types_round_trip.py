"""Every column type of every upstream arrives unchanged in both kinds of target: by the copy, and by the binlog."""

import contextlib

import pytest

from testbed import compare_tables, list_tables

from .types_table import create_table, families, insert_rows, rows_of

_UPSTREAMS = ["mysql5.6", "mysql9.7", "mariadb10.11", "mariadb11.8"]
_TARGETS = {"to_maria": "mariadb10.11", "to_mysql": "mysql9.7"}
_ZONE = "Test/Summer"  # goes forward at 2024-03-31 01:00 UTC and back at 2024-10-27 01:00 UTC, like Berlin
_SESSIONS = ["time_zone = '+00:00'", "time_zone = '-09:30'", f"time_zone = '{_ZONE}'",
             "time_zone = '+13:00', sql_mode = 'NO_BACKSLASH_ESCAPES'", "sql_mode = 'ANSI_QUOTES'",
             "sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES,PIPES_AS_CONCAT,NO_ZERO_IN_DATE'"]


def missing_on(target, table):
    """Families that a target of this kind has no types for."""
    return table.startswith("vectors") and target == "mariadb10.11"


@contextlib.contextmanager
def session(server, settings):
    with server.connect() as connection:
        with connection.cursor() as cursor:
            cursor.execute(f"SET sql_mode = '', {settings}")
        connection.ping()  # so that the client knows the server's new way to read backslashes
        yield connection


def add_zone(server):
    """A zone with summer time, in the tables that hold named zones."""
    server.execute(
        "SET sql_log_bin = 0", "DELETE FROM mysql.time_zone_name WHERE Name LIKE 'Test/%'",
        "REPLACE INTO mysql.time_zone (Time_zone_id, Use_leap_seconds) VALUES (7001, 'N')",
        f"REPLACE INTO mysql.time_zone_name (Name, Time_zone_id) VALUES ('{_ZONE}', 7001)",
        "REPLACE INTO mysql.time_zone_transition_type (Time_zone_id, Transition_type_id, `Offset`, Is_DST, Abbreviation) "
        "VALUES (7001, 0, 3600, 0, 'CET'), (7001, 1, 7200, 1, 'CEST')",
        "REPLACE INTO mysql.time_zone_transition (Time_zone_id, Transition_time, Transition_type_id) "
        "VALUES (7001, 1711846800, 1), (7001, 1729990800, 0)", "SET sql_log_bin = 1")


def fill(server, suffix, tables, seed):
    """Rows of every family, each row by another session."""
    for number, settings in enumerate(_SESSIONS):
        with session(server, settings) as connection:
            for name, columns in tables.items():
                insert_rows(connection, "kinds", name + suffix, columns, rows_of(columns, seed)[number::len(_SESSIONS)])


def change(server, suffix, tables):
    """Every value of every column once more, moved to another row; some rows go."""
    with session(server, "time_zone = '-03:00'") as connection, connection.cursor() as cursor:
        for name, columns in tables.items():
            for column in columns:
                cursor.execute(f"UPDATE kinds.`{name}{suffix}` a JOIN kinds.`{name}{suffix}` b ON a.id = b.id + 1 "
                               f"SET a.`{column.name}` = b.`{column.name}` WHERE MOD(a.id, 2) = 0")
            cursor.execute(f"DELETE FROM kinds.`{name}{suffix}` WHERE MOD(id, 5) = 3")
            cursor.execute(f"UPDATE kinds.`{name}{suffix}` SET id = id + 100000 WHERE MOD(id, 7) = 1")


def assert_equal(upstream, targets):
    wrong = []
    for name, server in targets.items():
        tables = [t for t in list_tables(upstream, "kinds") if not missing_on(server.kind.name, t[1])]
        results = compare_tables(upstream, server, tables)
        assert all(r.left_rows > 3 for r in results)
        wrong += [f"{name}: {r}" for r in results if r.differences]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("kind", _UPSTREAMS)
def test_every_type_to_both_targets(kind, servers, new_cluster, seed):
    upstream = servers.get(kind, "up")
    targets = {task: servers.get(target, "down") for task, target in _TARGETS.items()}
    tables = families(kind)
    add_zone(upstream)
    upstream.execute("CREATE DATABASE kinds CHARACTER SET utf8mb4",
                     *[create_table("kinds", name + "_copied", columns) for name, columns in tables.items()])
    fill(upstream, "_copied", tables, seed)

    cluster = new_cluster(workers=1)
    cluster.create_source("s1", upstream)
    for task, target in targets.items():
        ignored = [{"db-name": "kinds", "tbl-name": f"{name}_*"} for name in tables if missing_on(target.kind.name, name)]
        lists = {"block-allow-list": {"l": {"do-dbs": ["kinds"], **({"ignore-tables": ignored} if ignored else {})}}}
        cluster.start_task(task, target, [{"source-id": "s1", "block-allow-list": "l"}], **lists)
    for task in targets:
        cluster.wait_unit(task, "Sync")
        cluster.wait_synced(task)
    assert_equal(upstream, targets)

    upstream.execute(*[f"CREATE TABLE kinds.`{name}_streamed` LIKE kinds.`{name}_copied`" for name in tables])
    fill(upstream, "_streamed", tables, seed + 1)
    for suffix in ("_copied", "_streamed"):
        change(upstream, suffix, tables)
    for task in targets:
        cluster.wait_synced(task)
    assert_equal(upstream, targets)


@pytest.mark.parametrize("kind, column, target", [
    ("mysql9.7", "VECTOR(4)", "mariadb10.11"), ("mariadb11.8", "VECTOR(4)", "mariadb10.11")])
def test_types_the_target_lacks_are_refused_by_name(kind, column, target, servers, new_cluster):
    upstream, downstream = servers.get(kind, "up"), servers.get(target, "down")
    upstream.execute("CREATE DATABASE odd", f"CREATE TABLE odd.t (id INT PRIMARY KEY, v {column})")
    cluster = new_cluster(workers=1)
    cluster.create_source("s1", upstream)
    # The refusal may be there before the command has its answer.
    cluster.ctl("start-task", cluster.write_task("t", downstream, ["s1"]))
    cluster.wait_stage("t", "Paused")
    error = cluster.subtasks("t")["s1"]["result"]["errors"][0]
    told = error["Message"] + error["RawCause"].upper()
    assert "`odd`.`t`" in told and column.partition("(")[0] in told, error


@pytest.mark.parametrize("column, value, adapted", [("UUID", "123e4567-e89b-12d3-a456-426655440000", "char(36)"),
                                                    ("INET6", "2001:db8::ff00:42:8329", "varchar(45)"),
                                                    ("INET4", "192.0.2.1", "varchar(15)")])
def test_tables_made_later_with_types_of_mariadb(column, value, adapted, servers, new_cluster):
    """They are texts in the target, as in a copy, and that is said."""
    upstream, downstream = servers.get("mariadb10.11", "up"), servers.get("mysql9.7", "down")
    upstream.execute("CREATE DATABASE odd", "CREATE TABLE odd.first (id INT PRIMARY KEY)")
    cluster = new_cluster(workers=1)
    cluster.create_source("s1", upstream)
    cluster.start_task("t", downstream, ["s1"])
    cluster.wait_unit("t", "Sync")
    upstream.execute(f"CREATE TABLE odd.t (id INT PRIMARY KEY, v {column})",
                     f"INSERT INTO odd.t VALUES (1, '{value}'), (2, NULL)")
    cluster.wait_synced("t")
    assert downstream.query("SELECT id, v FROM odd.t ORDER BY id") == [(1, value), (2, None)]
    assert downstream.value("SELECT column_type FROM information_schema.columns WHERE table_name = 't' "
                            "AND column_name = 'v'") == adapted
    assert "structure adapted to the target" in str(cluster.subtasks("t")["s1"]["sync"])
