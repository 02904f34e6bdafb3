"""Reading binlogs of every kind of server, in both modes, through everything that may happen to them."""

import pytest

KINDS = ["mysql5.6", "mysql9.7", "mariadb10.11", "mariadb11.8"]


def status_of(server):
    """File, position and GTID set the server stands at."""
    statement = "SHOW BINARY LOG STATUS" if server.kind.name == "mysql9.7" else "SHOW MASTER STATUS"
    row = server.query(statement)[0]
    gtids = server.value("SELECT @@global.gtid_binlog_pos") if server.kind.is_mariadb else row[4]
    return row[0], row[1], gtids.replace("\n", "")


def checkpoint(downstream, task="t"):
    return downstream.query(f"SELECT binlog_name, binlog_pos, binlog_gtid FROM dm_meta.{task}_syncer_checkpoint "
                            "WHERE is_global")[0]


def wait_recorded(cluster, source, downstream, by_gtid, task="t"):
    """Waits until the checkpoint says what the source says, with nobody writing."""
    part = slice(2, 3) if by_gtid else slice(0, 2)
    cluster.wait(lambda: checkpoint(downstream, task)[part] == status_of(source)[part], 45,
                 f"the checkpoint {checkpoint(downstream, task)} to be {status_of(source)}")


def table(source, name="b"):
    source.execute(f"CREATE DATABASE {name}",
                   f"CREATE TABLE {name}.t (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(500), n INT UNIQUE)",
                   f"INSERT INTO {name}.t (v, n) VALUES ('one', 1), ('two', 2)")


def change(source, name="b", count=10):
    with source.connect(database=name) as connection, connection.cursor() as cursor:
        for number in range(count):
            cursor.execute("BEGIN")
            cursor.execute("INSERT INTO t (v) VALUES (REPEAT('x', %s))", (100 + number,))
            cursor.execute("UPDATE t SET v = CONCAT(v, 'y'), n = NULL WHERE id %% 7 = %s", (number % 7,))
            cursor.execute("DELETE FROM t WHERE id + 5 = LAST_INSERT_ID()")
            cursor.execute("COMMIT")


@pytest.mark.parametrize("by_gtid", [True, False], ids=["gtid", "position"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_source_through_thick_and_thin(cluster, new_server, downstream, assert_same, kind, by_gtid):
    source = new_server(kind, "source")
    table(source)
    cluster.create_source("s1", source, **{"enable-gtid": by_gtid})
    cluster.start_task("t", downstream, ["s1"])
    cluster.wait_synced("t")
    for _ in range(10):
        source.execute("FLUSH BINARY LOGS" if kind != "mysql5.6" else "FLUSH LOGS")
        change(source, count=1)
    cluster.wait_synced("t")
    source.execute("SET GLOBAL max_binlog_size = 4096")
    change(source, count=30)
    for algorithm in ("NONE", "CRC32", "NONE"):
        source.execute(f"SET GLOBAL binlog_checksum = {algorithm}")
        change(source, count=3)
    source.execute("FLUSH LOGS")
    cluster.wait_synced("t")
    wait_recorded(cluster, source, downstream, by_gtid)
    source.restart()
    change(source)
    source.kill9()
    source.start()
    change(source)
    cluster.wait_synced("t", 90)
    wait_recorded(cluster, source, downstream, by_gtid)
    assert_same(source, downstream, "b")


@pytest.mark.parametrize("kind", KINDS)
def test_gtids_are_found_for_a_position(cluster, new_server, downstream, assert_same, kind):
    source = new_server(kind, "source")
    table(source)
    table(downstream)
    file, position, _ = status_of(source)
    change(source)
    cluster.create_source("s1", source)
    meta = {"binlog-name": file, "binlog-pos": position}
    cluster.start_task("t", downstream, [{"source-id": "s1", "meta": meta}], **{"task-mode": "incremental"})
    cluster.wait_synced("t")
    change(source)
    cluster.wait_synced("t")
    wait_recorded(cluster, source, downstream, True)
    assert_same(source, downstream, "b")


@pytest.mark.parametrize("kind", ["mariadb10.11", "mysql9.7"])
def test_a_position_amid_a_transaction_is_refused(cluster, servers, downstream, assert_same, kind):
    source = servers.get(kind, "up")
    table(source)
    table(downstream)
    file, position, _ = status_of(source)
    change(source)
    events = source.query(f"SHOW BINLOG EVENTS IN '{file}' FROM {position}")
    cluster.create_source("s1", source, **{"enable-gtid": False})
    for task, place in ("rows", next(e[1] for e in events if e[2].startswith(("Write", "Update", "Delete")))), \
                       ("end", next(e[1] for e in events if e[2] == "Xid")):
        meta = {"binlog-name": file, "binlog-pos": place}
        cluster.ctl("start-task", cluster.write_task(task, downstream, [{"source-id": "s1", "meta": meta}],
                                                     **{"task-mode": "incremental"}))
        cluster.wait_stage(task, "Paused")
        assert cluster.subtask(task, "s1")["result"]["errors"][0]["ErrCode"] == 11123
        cluster.ctl_ok("stop-task", task)
    meta = {"binlog-name": file, "binlog-pos": position}
    cluster.start_task("t", downstream, [{"source-id": "s1", "meta": meta}], **{"task-mode": "incremental"})
    cluster.wait_synced("t")
    assert_same(source, downstream, "b")


@pytest.mark.parametrize("kind", KINDS)
def test_a_start_where_a_file_begins(cluster, new_server, downstream, assert_same, kind):
    source = new_server(kind, "source")
    table(source)
    table(downstream)
    source.execute("FLUSH LOGS")
    file = status_of(source)[0]
    source.execute(f"PURGE BINARY LOGS TO '{file}'")  # whoever asks for more than follows gets an error
    change(source)
    cluster.create_source("s1", source)
    cluster.start_task("t", downstream, [{"source-id": "s1", "meta": {"binlog-name": file, "binlog-pos": 4}}],
                       **{"task-mode": "incremental"})
    cluster.wait_synced("t")
    wait_recorded(cluster, source, downstream, True)
    assert_same(source, downstream, "b")


def test_tagged_gtids(cluster, new_server, downstream, assert_same):
    source = new_server("mysql9.7", "source")
    table(source)
    cluster.create_source("s1", source)
    cluster.start_task("t", downstream, ["s1"])
    cluster.wait_synced("t")
    for tag in ("red", "blue", "red"):
        source.execute(f"SET gtid_next = 'AUTOMATIC:{tag}'", "INSERT INTO b.t (v) VALUES ('tagged')",
                       "ALTER TABLE b.t COMMENT 'tagged'", "SET gtid_next = 'AUTOMATIC'")
        change(source, count=2)
        cluster.wait_synced("t")
        cluster.workers[cluster.worker_of("s1")].kill9()
        change(source, count=2)
        cluster.wait_synced("t", 90)
        for name, worker in cluster.workers.items():
            if not worker.is_running():
                worker.start()
                cluster.wait(lambda name=name: cluster.member(name)["stage"] != "offline", 20, f"{name} to be back")
    wait_recorded(cluster, source, downstream, True)
    assert ":red:1-" in checkpoint(downstream)[2]
    assert_same(source, downstream, "b")


@pytest.mark.parametrize("kind,options", [
    ("mysql5.6", {"log-bin-use-v1-row-events": "1", "binlog-checksum": "NONE"}),
    ("mariadb10.11", {"log-bin-compress": "ON", "log-bin-compress-min-len": "10"}),
    ("mariadb11.8", {"log-bin-compress": "ON", "log-bin-compress-min-len": "10", "binlog-row-metadata": "FULL"}),
    ("mysql9.7", {"binlog-transaction-compression": "ON"}),
    ("mysql9.7", {"binlog-row-value-options": "PARTIAL_JSON"}),
], ids=["v1-rows", "mariadb10-compressed", "mariadb11-compressed", "payloads", "partial-json"])
def test_forms_of_events(cluster, new_server, servers, assert_same, kind, options):
    target = servers.get("mysql9.7", "down")
    source = new_server(kind, "source", options=options)
    table(source)
    has_json = kind == "mysql9.7"
    if has_json:
        source.execute("CREATE TABLE b.j (id INT PRIMARY KEY, doc JSON)",
                       """INSERT INTO b.j VALUES (1, '{"a": [1, 2, {"b": "text"}], "c": 1.5}'), (2, '[]')""")
    cluster.create_source("s1", source)
    cluster.start_task("t", target, ["s1"])
    cluster.wait_synced("t")
    change(source, count=30)
    source.execute("INSERT INTO b.t (v) SELECT REPEAT('z', 400) FROM information_schema.columns LIMIT 300",
                   "ALTER TABLE b.t ADD COLUMN extra INT DEFAULT 4", "UPDATE b.t SET extra = 5 WHERE id > 10")
    if has_json:
        source.execute("UPDATE b.j SET doc = JSON_SET(doc, '$.a[2].b', 'longer text than before') WHERE id = 1",
                       "UPDATE b.j SET doc = JSON_REMOVE(doc, '$.a[0]') WHERE id = 1",
                       "UPDATE b.j SET doc = JSON_ARRAY_APPEND(doc, '$', 7)",
                       "BEGIN", "UPDATE b.j SET doc = JSON_REPLACE(doc, '$[0]', NULL)", "DELETE FROM b.t WHERE id = 3",
                       "COMMIT")
    cluster.wait_synced("t")
    assert_same(source, target, "b")


def errors_of(cluster, task="t", source="s1"):
    return (cluster.subtask(task, source)["result"] or {}).get("errors") or []


def test_incomplete_row_images_are_refused(cluster, servers, downstream):
    source = servers.get("mysql9.7", "up")
    table(source)
    cluster.create_source("s1", source)
    cluster.start_task("t", downstream, ["s1"])
    cluster.wait_synced("t")
    with source.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SET SESSION binlog_row_image = MINIMAL")
        cursor.execute("UPDATE b.t SET v = 'x' WHERE id = 1")
    cluster.wait(lambda: errors_of(cluster), 30, "the subtask to fail")
    error = errors_of(cluster)[0]
    assert error["ErrCode"] == 11126 and "`b`.`t`" in error["Message"] and "binlog_row_image" in error["Workaround"]


@pytest.mark.parametrize("by_gtid", [True, False], ids=["gtid", "position"])
@pytest.mark.parametrize("kind", ["mysql5.6", "mysql9.7", "mariadb10.11"])
def test_a_purged_binlog_is_named(cluster, new_server, downstream, kind, by_gtid):
    source = new_server(kind, "source")
    table(source)
    cluster.create_source("s1", source, **{"enable-gtid": by_gtid})
    cluster.start_task("t", downstream, ["s1"])
    cluster.wait_synced("t")
    cluster.ctl_ok("pause-task", "t")
    cluster.wait_stage("t", "Paused")
    needed = checkpoint(downstream)
    change(source)
    source.execute("FLUSH LOGS")
    change(source)

    def purged():
        # A file is kept while a connection that is gone has not been noticed to be.
        change(source, count=1)
        source.execute(f"PURGE BINARY LOGS TO '{status_of(source)[0]}'")
        return needed[0] not in [row[0] for row in source.query("SHOW BINARY LOGS")]

    cluster.wait(purged, 60, f"{needed[0]} to be purged")
    cluster.ctl("resume-task", "t")
    cluster.wait(lambda: errors_of(cluster), 30, "the subtask to fail")
    error = errors_of(cluster)[0]
    assert error["ErrCode"] == 36101, error
    assert (needed[2] if by_gtid else needed[0]) in error["Message"], error
    assert "--remove-meta" in error["Workaround"], error


@pytest.mark.parametrize("upstream", ["mysql9.7", "mariadb10.11"], indirect=True)
def test_create_table_select_survives_a_kill(cluster, upstream, downstream, assert_same):
    table(upstream)
    cluster.create_source("s1", upstream)
    cluster.start_task("t", downstream, ["s1"], syncers={"global": {"worker-count": 1, "batch": 1}},
                       **{"mysql-instances": [{"source-id": "s1", "syncer-config-name": "global"}]})
    cluster.wait_synced("t")
    digits = "(SELECT 0 AS n" + "".join(f" UNION SELECT {i}" for i in range(1, 10)) + ")"
    upstream.execute("CREATE TABLE b.made (PRIMARY KEY (id)) SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n AS id, "
                     f"REPEAT('v', 200) AS v FROM {digits} a, {digits} b, {digits} c, {digits} d")
    rows = "SELECT COUNT(*) FROM b.made"
    cluster.wait(lambda: downstream.value(rows), 30, "first rows of the new table")
    victim = cluster.worker_of("s1")
    with downstream.connect() as connection:
        connection.cursor().execute("FLUSH TABLES WITH READ LOCK")
        assert downstream.value(rows) < 10000, "the table was full before it could be held"
        cluster.workers[victim].kill9()
    change(upstream, count=3)
    cluster.wait_synced("t", 90)
    assert_same(upstream, downstream, "b")
    assert downstream.value(rows) == 10000


def test_names_in_lower_case(cluster, new_server, downstream, assert_same):
    source = new_server("mariadb10.11", "source", options={"lower-case-table-names": "1"})
    table(source)
    cluster.create_source("s1", source)
    cluster.start_task("t", downstream, ["s1"])
    cluster.wait_synced("t")
    source.execute("CREATE TABLE B.Orders (id INT PRIMARY KEY)", "INSERT INTO b.ORDERS VALUES (1)",
                   "ALTER TABLE b.orderS ADD COLUMN c INT DEFAULT 5", "RENAME TABLE b.Orders TO b.Old",
                   "INSERT INTO b.OLD VALUES (2, 3)", "CREATE DATABASE Other", "CREATE TABLE Other.X LIKE b.Old",
                   "INSERT INTO other.x VALUES (4, 4)")
    cluster.wait_synced("t")
    assert_same(source, downstream, "b", "other")
    assert [row[0] for row in downstream.query("SHOW TABLES IN b")] == ["old", "t"]


def test_timestamps_without_more_words(cluster, servers, assert_same):
    source, target = servers.get("mysql5.6", "up"), servers.get("mysql9.7", "down")
    table(source)
    cluster.create_source("s1", source)
    cluster.start_task("t", target, ["s1"])
    cluster.wait_synced("t")
    source.execute("CREATE TABLE b.ts (id INT PRIMARY KEY, a TIMESTAMP, z TIMESTAMP)",
                   "ALTER TABLE b.ts ADD COLUMN later TIMESTAMP NULL", "INSERT INTO b.ts (id) VALUES (1)",
                   "INSERT INTO b.ts VALUES (2, NULL, '2020-02-02 02:02:02', NULL)")
    cluster.wait_synced("t")
    assert_same(source, target, "b")
    columns = ("SELECT COLUMN_NAME, IS_NULLABLE, COLUMN_DEFAULT, LOWER(EXTRA) LIKE '%on update current_timestamp%' "
               "FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'b' AND TABLE_NAME = 'ts' "
               "ORDER BY ORDINAL_POSITION")
    assert target.query(columns) == source.query(columns)
