"""Updates of several rows of one transaction reach the target as one statement: every value as if it came alone."""

import pytest

# Per column: its type, and the literals that rows 1 to 4 are set to.
_COLUMNS = {
    "u": ("BIGINT UNSIGNED", ["18446744073709551615", "5", "NULL", "0"]),
    "b": ("BIGINT", ["-9223372036854775808", "9223372036854775807", "0", "NULL"]),
    "de": ("DECIMAL(65,30)", [f"{'9' * 35}.{'9' * 30}", f"-0.{'0' * 29}1", "1", "NULL"]),
    "n": ("DECIMAL(5,2)", ["-999.99", "0.01", "100", "NULL"]),
    "ti": ("TIME(6)", ["'-838:59:59.000000'", "'838:59:58.999999'", "'00:00:00.000001'", "NULL"]),
    "da": ("DATE", ["'9999-12-31'", "'1000-01-01'", "NULL", "NULL"]),
    "dt": ("DATETIME(6)", ["'9999-12-31 23:59:59.999999'", "'1000-01-01 00:00:00.000000'", "NULL", "NULL"]),
    "ts": ("TIMESTAMP NULL", ["'2038-01-19 03:14:07'", "'1970-01-01 00:00:01'", "NULL", "'2026-03-29 01:30:00'"]),
    "l": ("TEXT CHARACTER SET latin1", ["'ä€'", "''", "'x'", "NULL"]),
    "g": ("VARCHAR(20) CHARACTER SET gbk", ["_gbk x'c4e3'", "''", "'A'", "NULL"]),
    "c": ("CHAR(5)", ["'a\\'b'", "'\\\\'", "NULL", "'z'"]),
    "bl": ("BLOB", ["x'00ff'", "''", "x'41'", "NULL"]),
    "e": ("ENUM('x','y')", ["'x'", "'y'", "NULL", "'x'"]),
    "f": ("DOUBLE", ["1e-300", "-0e0", "NULL", "0.1"]),
}


@pytest.mark.parametrize("without", [(), ("e", "f")], ids=["upserts", "cases"])
@pytest.mark.parametrize("target_kind", ["mariadb10.11", "mysql9.7"])
def test_every_value_is_as_if_it_came_alone(cluster, servers, assert_same, target_kind, without):
    source, target = servers.get("mysql9.7", "up"), servers.get(target_kind, "down")
    columns = {name: what for name, what in _COLUMNS.items() if name not in without}
    source.execute("CREATE DATABASE d",
                   f"CREATE TABLE d.t (id INT PRIMARY KEY, {', '.join(f'{c} {kind}' for c, (kind, _) in columns.items())})",
                   "INSERT INTO d.t (id) VALUES (1), (2), (3), (4)")
    cluster.create_source("s1", source)
    cluster.start_task("t", target, ["s1"], syncers={"global": {"safe-mode-duration": "0s"}},
                       **{"mysql-instances": [{"source-id": "s1", "syncer-config-name": "global"}]})
    cluster.wait_synced("t")
    target.execute("SET GLOBAL general_log = 1", "SET GLOBAL log_output = 'TABLE'", "TRUNCATE mysql.general_log")
    try:
        source.execute("BEGIN", *(f"UPDATE d.t SET {', '.join(f'{c} = {values[row]}' for c, (_, values) in columns.items())}"
                                  f" WHERE id = {row + 1}" for row in range(4)), "COMMIT")
        cluster.wait_synced("t")
        logged = [text.decode() for (text,) in target.query(
            "SELECT CAST(argument AS BINARY) FROM mysql.general_log WHERE argument LIKE '%`d`.`t`%'")]
    finally:
        target.execute("SET GLOBAL general_log = 0", "SET GLOBAL log_output = 'FILE'")
    form = "ON DUPLICATE KEY UPDATE" if not without else "=CASE `id` WHEN"
    assert any(form in text for text in logged), logged
    assert_same(source, target, "d")
