"""Statements that change structures: a stop does not wait for them, and a crash does not execute them twice."""

import contextlib

import pytest


def index_count(server, table):
    schema, name = table.split(".")
    return server.value("SELECT COUNT(*) FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s",
                        (schema, name))


@contextlib.contextmanager
def in_use(server, table):
    """A session that has read the table and keeps its transaction: no ALTER gets past it."""
    connection = server.connect(autocommit=False)
    try:
        connection.cursor().execute(f"SELECT * FROM {table}")
        yield connection
    finally:
        connection.close()


def waiting_statements(server, word):
    return server.query("SELECT ID FROM information_schema.PROCESSLIST WHERE INFO LIKE %s AND ID <> CONNECTION_ID()",
                        (f"{word}%",))


def first_error(cluster):
    cluster.wait(lambda: (cluster.subtask("t", "s1")["result"] or {}).get("errors"), 30, "the subtask to fail")
    return cluster.subtask("t", "s1")["result"]["errors"][0]


@pytest.fixture(params=["mariadb10.11", "mysql9.7"])
def target(request, servers):
    return servers.get(request.param, "down")


@pytest.fixture
def running(cluster, servers, target):
    source = servers.get("mariadb10.11", "up")
    source.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY, v INT)", "INSERT INTO d.t VALUES (1, 1)",
                   "CREATE TABLE d.u LIKE d.t", "INSERT INTO d.u VALUES (5, 5)")
    cluster.create_source("s1", source)
    cluster.start_task("t", target, ["s1"])
    cluster.wait_synced("t")
    return source


def test_pause_does_not_wait_for_a_long_statement(cluster, running, target, assert_same):
    with in_use(target, "d.t"):
        running.execute("ALTER TABLE d.t ADD INDEX (v)", "INSERT INTO d.t VALUES (2, 2)")
        cluster.wait(lambda: waiting_statements(target, "ALTER TABLE"), 20, "the statement to wait for the lock")
        cluster.ctl_ok("pause-task", "t")
        cluster.wait_stage("t", "Paused")
        assert not (cluster.subtask("t", "s1")["result"] or {}).get("errors")
        cluster.wait(lambda: not waiting_statements(target, "ALTER TABLE"), 10, "the statement to be ended")
    cluster.ctl_ok("resume-task", "t")
    cluster.wait_synced("t")
    assert_same(running, target, "d")
    assert index_count(target, "d.t") == 2


def test_pause_does_not_wait_for_a_locked_row(cluster, running, target, assert_same):
    connection = target.connect(autocommit=False)
    connection.cursor().execute("SELECT * FROM d.t WHERE id = 1 FOR UPDATE")
    running.execute("UPDATE d.t SET v = 7 WHERE id = 1")
    cluster.wait(lambda: waiting_statements(target, "UPDATE"), 20, "the change to wait for the lock")
    cluster.ctl_ok("pause-task", "t")
    cluster.wait_stage("t", "Paused")
    cluster.wait(lambda: not waiting_statements(target, "UPDATE"), 10, "the change to be ended")
    connection.close()
    assert target.value("SELECT v FROM d.t WHERE id = 1") == 1
    cluster.ctl_ok("resume-task", "t")
    cluster.wait_synced("t")
    assert_same(running, target, "d")


def crash_after(cluster, source, target, table, statements, changed):
    """Kills the worker when the target has executed the statements, before it can record that."""
    with in_use(target, table) as reader:
        source.execute(*statements)
        word = statements[0].split()[0]
        cluster.wait(lambda: waiting_statements(target, word), 20, "the statement to wait for the lock")
        keeper = target.connect()
        keeper.cursor().execute("LOCK TABLES dm_meta.t_syncer_checkpoint READ")
        reader.rollback()
        cluster.wait(lambda: target.value(changed), 20, "the statement to be executed")
        cluster.workers[cluster.worker_of("s1")].kill9()
        keeper.close()


@pytest.mark.parametrize("statements,changed", [
    (["ALTER TABLE d.t ADD INDEX (v)"], "SELECT COUNT(*) = 2 FROM information_schema.STATISTICS WHERE "
                                        "TABLE_SCHEMA = 'd' AND TABLE_NAME = 't'"),
    (["ALTER TABLE d.t ADD COLUMN first_ INT FIRST, DROP COLUMN v, ADD COLUMN v BIGINT DEFAULT 3"],
     "SELECT COUNT(*) = 3 FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'd' AND TABLE_NAME = 't'"),
    (["RENAME TABLE d.t TO d.spare, d.u TO d.t, d.spare TO d.u"], "SELECT COUNT(*) = 1 FROM d.t WHERE id = 5"),
], ids=["index", "columns", "swap"])
def test_a_crash_between_statement_and_checkpoint(cluster, running, target, assert_same, statements, changed):
    crash_after(cluster, running, target, "d.t", statements, changed)
    running.execute("INSERT INTO d.t (id) VALUES (20)", "DELETE FROM d.u")
    cluster.wait_synced("t", 90)
    assert_same(running, target, "d")
    assert index_count(target, "d.t") == index_count(running, "d.t")


def test_a_crash_before_the_statement(cluster, running, target, assert_same):
    with in_use(target, "d.t"):
        running.execute("ALTER TABLE d.t ADD INDEX (v), ADD COLUMN c INT", "INSERT INTO d.t VALUES (2, 2, 2)")
        cluster.wait(lambda: waiting_statements(target, "ALTER TABLE"), 20, "the statement to wait for the lock")
        cluster.workers[cluster.worker_of("s1")].kill9()
        cluster.wait(lambda: not waiting_statements(target, "ALTER TABLE"), 60, "the successor to end it")
    cluster.wait_synced("t", 90)
    assert_same(running, target, "d")
    assert index_count(target, "d.t") == index_count(running, "d.t")


def test_a_crash_does_not_exchange_a_partition_back(cluster, running, target, assert_same):
    running.execute("CREATE TABLE p (id INT PRIMARY KEY, v INT) PARTITION BY RANGE (id) (PARTITION low VALUES LESS THAN (10), "
                    "PARTITION high VALUES LESS THAN MAXVALUE)", "INSERT INTO p VALUES (1, 1), (2, 2), (20, 20)",
                    "CREATE TABLE q (id INT PRIMARY KEY, v INT)", "INSERT INTO q VALUES (1, 10), (3, 30), (4, 40)", database="d")
    cluster.wait_synced("t")
    crash_after(cluster, running, target, "d.p", ["ALTER TABLE d.p EXCHANGE PARTITION low WITH TABLE d.q"],
                "SELECT COUNT(*) = 1 FROM d.p WHERE id = 4")
    running.execute("INSERT INTO d.q VALUES (5, 5)", "UPDATE d.p SET v = -v")
    cluster.wait_synced("t", 90)
    assert_same(running, target, "d")


def test_a_refused_statement_is_executed_when_the_table_is_mended(cluster, running, target, assert_same):
    target.execute("INSERT INTO d.t VALUES (99, 1)")
    running.execute("ALTER TABLE d.t ADD UNIQUE KEY by_value (v)", "INSERT INTO d.t VALUES (2, 2)")
    error = first_error(cluster)
    assert "Error 1062" in error["RawCause"], error
    target.execute("DELETE FROM d.t WHERE id = 99", "ALTER TABLE d.t ADD KEY mended (v, id)", "ALTER TABLE d.t COMMENT 'mended'")
    cluster.ctl_ok("resume-task", "t")
    cluster.wait_synced("t")
    assert_same(running, target, "d")
    assert {row[2] for row in target.query("SHOW KEYS FROM d.t")} == {"PRIMARY", "by_value", "mended"}


def test_several_actions_on_a_table_that_two_sources_share(cluster, servers, assert_same):
    sources = [servers.get("mariadb10.11", "up"), servers.get("mysql9.7", "up")]
    target = servers.get("mariadb10.11", "down")
    for number, source in enumerate(sources):
        source.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY, v INT)", f"INSERT INTO d.t VALUES ({number}, 1)")
        cluster.create_source(f"s{number}", source)
    cluster.start_task("t", target, ["s0", "s1"], **{"ignore-checking-items": ["all"]})
    cluster.wait_synced("t")
    for number, source in enumerate(sources):
        source.execute("ALTER TABLE d.t ADD COLUMN a INT DEFAULT 3, ADD COLUMN b INT, ADD INDEX by_value (v), MODIFY v BIGINT",
                       f"INSERT INTO d.t VALUES (1{number}, 5000000000, 1, 2)")
        cluster.wait_synced("t")
    rows = [row for source in sources for row in source.query("SELECT * FROM d.t")]
    assert sorted(target.query("SELECT * FROM d.t")) == sorted(rows)
    assert index_count(target, "d.t") == 2
    noticed = {n["kind"] for n in cluster.subtask("t", "s1")["sync"]["noticed"]}
    assert noticed == {"statement that the target had no need of"}


GH_OST = [
    "create /* gh-ost */ table `d`.`_t_ghc` (id bigint unsigned auto_increment primary key, hint varchar(64) not null unique)",
    "insert /* gh-ost */ into `d`.`_t_ghc` (hint) values ('state')", "create /* gh-ost */ table `d`.`_t_gho` like `d`.`t`",
    "alter /* gh-ost */ table `d`.`_t_gho` add column n int not null default 7, add key by_value (v)",
    "insert /* gh-ost */ ignore into `d`.`_t_gho` (id, v) (select id, v from `d`.`t` force index (`PRIMARY`) lock in share mode)",
    "UPDATE d.t SET v = 20 WHERE id = 2", "replace /* gh-ost */ into `d`.`_t_gho` (id, v) values (2, 20)",
    "create /* gh-ost */ table `d`.`_t_del` (id int auto_increment primary key) comment='ghost-cut-over-sentry'",
    "drop /* gh-ost */ table if exists `d`.`_t_del`",
    "rename /* gh-ost */ table `d`.`t` to `d`.`_t_del`, `d`.`_t_gho` to `d`.`t`", "INSERT INTO d.t VALUES (9, 9, 9)",
    "drop /* gh-ost */ table if exists `d`.`_t_ghc`", "drop /* gh-ost */ table if exists `d`.`_t_del`"]
PT = [
    "CREATE TABLE `d`.`_t_new` LIKE `d`.`t`", "ALTER TABLE `d`.`_t_new` ADD COLUMN n INT NOT NULL DEFAULT 7, ADD KEY by_value (v)",
    "CREATE TRIGGER `d`.`pt_osc_d_t_upd` AFTER UPDATE ON `d`.`t` FOR EACH ROW REPLACE INTO `d`.`_t_new` (id, v) VALUES (NEW.id, NEW.v)",
    "INSERT LOW_PRIORITY IGNORE INTO `d`.`_t_new` (id, v) SELECT id, v FROM `d`.`t` LOCK IN SHARE MODE",
    "UPDATE d.t SET v = 20 WHERE id = 2", "ANALYZE TABLE `d`.`_t_new`",
    "RENAME TABLE `d`.`t` TO `d`.`_t_old`, `d`.`_t_new` TO `d`.`t`", "INSERT INTO d.t VALUES (9, 9, 9)",
    "DROP TABLE IF EXISTS `d`.`_t_old`", "DROP TRIGGER IF EXISTS `d`.`pt_osc_d_t_upd`"]


def start_listed(cluster, target, *tables):
    lists = {"l": {"do-tables": [{"db-name": "d", "tbl-name": table} for table in tables]}}
    cluster.start_task("t", target, [{"source-id": "s1", "block-allow-list": "l"}], **{"block-allow-list": lists})


@pytest.mark.parametrize("steps,kind", [(GH_OST, "mysql9.7"), (PT, "mariadb10.11")], ids=["gh-ost", "pt-osc"])
def test_online_schema_changes_of_a_listed_table(cluster, servers, assert_same, steps, kind):
    source, target = servers.get(kind, "up"), servers.get("mariadb10.11", "down")
    source.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY, v INT)",
                   "INSERT INTO d.t VALUES (1, 1), (2, 2), (3, 3)", "CREATE TABLE d.other LIKE d.t")
    cluster.create_source("s1", source)
    start_listed(cluster, target, "t")
    cluster.wait_synced("t")
    source.execute(*steps, "INSERT INTO d.other VALUES (1, 1)", "CREATE TABLE d._other_gho LIKE d.other")
    cluster.wait_synced("t")
    assert_same(source, target, ("d", "t"))
    assert [name for (name,) in target.query("SHOW TABLES FROM d")] == ["t"]
    assert index_count(target, "d.t") == 2


def test_a_table_that_leaves_the_lists_is_not_left_behind(cluster, servers, assert_same):
    source, target = servers.get("mysql9.7", "up"), servers.get("mariadb10.11", "down")
    source.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY)", "INSERT INTO d.t VALUES (1)")
    cluster.create_source("s1", source)
    start_listed(cluster, target, "t")
    cluster.wait_synced("t")
    source.execute("RENAME TABLE d.t TO d.kept", "INSERT INTO d.kept VALUES (2)")
    error = first_error(cluster)
    assert error["ErrCode"] == 36067 and "`d`.`kept`" in error["Message"] and "accept both" in error["Workaround"], error
    cluster.ctl_ok("stop-task", "t")
    start_listed(cluster, target, "t", "kept")
    cluster.wait_synced("t")
    assert_same(source, target, "d")


@pytest.mark.parametrize("kind", ["mysql9.7", "mariadb11.8"])
def test_what_only_mariadb_knows(cluster, servers, assert_same, kind):
    source, target = servers.get("mariadb10.11", "up"), servers.get(kind, "down")
    source.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY, v INT)", "INSERT INTO d.t VALUES (1, 1)",
                   "CREATE TABLE d.x (id INT PRIMARY KEY)", "CREATE TABLE d.y (id INT PRIMARY KEY)")
    cluster.create_source("s1", source)
    cluster.start_task("t", target, ["s1"])
    cluster.wait_synced("t")
    source.execute("ALTER TABLE d.t WAIT 10 ADD COLUMN IF NOT EXISTS a INT", "INSERT INTO d.t VALUES (2, 2, 2)",
                   "ALTER TABLE d.t NOWAIT DROP COLUMN IF EXISTS v", "ALTER TABLE d.t ADD INDEX IF NOT EXISTS i (a)",
                   "ALTER TABLE IF EXISTS d.t MODIFY COLUMN IF EXISTS a BIGINT", "DROP INDEX IF EXISTS i ON d.t",
                   "CREATE INDEX IF NOT EXISTS j ON d.t (a)", "RENAME TABLE d.x NOWAIT TO d.z, d.y TO d.x, d.z TO d.y",
                   "INSERT INTO d.x VALUES (7)", "TRUNCATE TABLE d.t WAIT 5", "INSERT INTO d.t VALUES (9, 9)",
                   "CREATE TABLE d.w (id INT PRIMARY KEY)", "DROP TABLE d.w, d.y", "CREATE SEQUENCE d.s",
                   "SELECT NEXTVAL(d.s)")
    cluster.wait_synced("t")
    assert_same(source, target, ("d", "t"), ("d", "x"))
    assert [row[0] for row in target.query("SHOW TABLES FROM d")] == ["t", "x"]
    kinds = {notice["kind"] for notice in cluster.subtask("t", "s1")["sync"]["noticed"]}
    assert kinds == {"skipped statement on a sequence", "rows of a sequence"}


FOREIGN_WORDS = {
    "mysql9.7": ["CREATE DATABASE e COLLATE utf8mb4_0900_ai_ci", "CREATE DATABASE f CHARACTER SET utf8mb4",
                 "CREATE TABLE e.a (id INT PRIMARY KEY, v VARCHAR(20) UNIQUE)",
                 "CREATE TABLE f.b (id INT PRIMARY KEY, v VARCHAR(20) CHARACTER SET utf8mb4 UNIQUE) ROW_FORMAT=DYNAMIC",
                 "ALTER DATABASE d DEFAULT COLLATE utf8mb4_0900_as_cs", "CREATE TABLE d.c LIKE d.t",
                 "CREATE TABLE d.e (id INT PRIMARY KEY, v VARCHAR(20), KEY (v) /*!80000 INVISIBLE */, "
                 "h INT /*!80023 INVISIBLE */) ENCRYPTION='N'",
                 "ALTER TABLE d.t ADD COLUMN w VARCHAR(9) COLLATE utf8mb4_0900_as_cs DEFAULT 'Ä'",
                 "ALTER TABLE d.u CONVERT TO CHARACTER SET utf8mb4",
                 "ALTER TABLE d.e COLLATE = utf8mb4_0900_bin, ADD COLUMN g GEOMCOLLECTION"],
    "mariadb11.8": ["CREATE DATABASE e COLLATE utf8mb4_uca1400_ai_ci", "CREATE DATABASE f CHARACTER SET utf8mb4",
                    "CREATE TABLE e.a (id INT PRIMARY KEY, v VARCHAR(20) UNIQUE)",
                    "CREATE TABLE f.b (id INT PRIMARY KEY, v VARCHAR(20) CHARACTER SET utf8mb4 UNIQUE) "
                    "PAGE_COMPRESSED=1", "ALTER DATABASE d COLLATE uca1400_as_cs", "CREATE TABLE d.c LIKE d.t",
                    "CREATE TABLE d.e (id INT PRIMARY KEY, v VARCHAR(20), KEY (v), uuid UUID DEFAULT UUID(), "
                    "i INET6, j INET4 INVISIBLE) ENGINE = Aria TRANSACTIONAL=1",
                    "ALTER TABLE d.t ADD COLUMN w VARCHAR(9) COLLATE utf8mb4_uca1400_nopad_as_cs DEFAULT 'Ä'",
                    "ALTER TABLE d.u CONVERT TO CHARACTER SET utf8mb4",
                    "ALTER TABLE d.e ROW_FORMAT=PAGE, CHANGE i six INET6 AFTER v, ADD COLUMN u UUID"],
}


@pytest.fixture(params=[("mysql9.7", "mariadb10.11"), ("mariadb11.8", "mysql9.7"), ("mariadb11.8", "mariadb10.11")],
                ids="-".join)
def foreign(request, cluster, servers):
    """A source and a target that do not know each other's words, replicating d."""
    source, target = servers.get(request.param[0], "up"), servers.get(request.param[1], "down")
    source.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY, v VARCHAR(20))",
                   "CREATE TABLE d.u (id INT PRIMARY KEY, v VARCHAR(20) UNIQUE)",
                   "INSERT INTO d.t VALUES (1, 'ä'), (2, 'Ä')", "INSERT INTO d.u VALUES (1, 'ä'), (2, 'b')")
    return request.param[0], source, target


def test_words_the_target_does_not_know(cluster, foreign, assert_same):
    kind, source, target = foreign
    cluster.create_source("s1", source)
    cluster.start_task("t", target, ["s1"])
    cluster.wait_synced("t")
    with contextlib.closing(source.connect()) as connection:
        newest = "utf8mb4_0900_ai_ci" if kind == "mysql9.7" else "utf8mb4_uca1400_ai_ci"
        with connection.cursor() as cursor:
            cursor.execute(f"SET collation_server = {newest}")
            cursor.execute("CREATE DATABASE g")
            cursor.execute("CREATE TABLE g.h (id INT PRIMARY KEY, v VARCHAR(9) UNIQUE)")
    source.execute(*FOREIGN_WORDS[kind])
    for table in ("e.a", "f.b", "g.h"):
        source.execute(f"INSERT INTO {table} (id, v) VALUES (1, 'ss'), (2, 'a'), (3, 'b '), (4, 'z'), (5, 'b')"
                       if kind == "mysql9.7" else f"INSERT INTO {table} (id, v) VALUES (1, 'ss'), (2, 'a'), (3, 'b')",
                       f"UPDATE {table} SET v = 'ä' WHERE v = 'a'")
    source.execute("INSERT INTO d.c (id, v) VALUES (1, 'x')", "INSERT INTO d.t (id, v) VALUES (3, 'ß')",
                   "INSERT INTO d.u VALUES (3, 'ß')", "DELETE FROM d.u WHERE v = 'B'",
                   "INSERT INTO d.e (id, v) VALUES (1, 'x'), (2, 'y')", "UPDATE d.e SET v = 'z' WHERE id = 2")
    if kind == "mariadb11.8":
        source.execute("UPDATE d.e SET six = '2001:db8::1', j = '10.0.0.1', u = UUID() WHERE id = 1")
    cluster.wait_synced("t")
    for schema in "defg":
        assert_same(source, target, schema)
    adapted = [notice["where"] for notice in cluster.subtask("t", "s1")["sync"].get("noticed", [])
               if notice["kind"] == "structure adapted to the target"]
    is_same_kind = kind[:5] == target.kind.name[:5]
    assert not adapted if is_same_kind else newest in adapted[0], adapted
    if is_same_kind:
        assert newest in target.query("SHOW CREATE TABLE d.u")[0][1], "the character set means what it means upstream"


def test_strict_collations_stop_at_what_the_target_does_not_know(cluster, servers, assert_same):
    source, target = servers.get("mysql9.7", "up"), servers.get("mariadb10.11", "down")
    source.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY)", "INSERT INTO d.t VALUES (1)")
    cluster.create_source("s1", source)
    cluster.start_task("t", target, ["s1"], collation_compatible="strict")
    cluster.wait_synced("t")
    source.execute("ALTER TABLE d.t ADD COLUMN v VARCHAR(9) CHARACTER SET utf8mb4", "INSERT INTO d.t VALUES (2, 'b')")
    error = first_error(cluster)
    assert error["ErrCode"] == 36067 and "utf8mb4_0900_ai_ci" in error["Message"], error
    assert not target.query("SHOW COLUMNS FROM d.t LIKE 'v'")
    cluster.ctl_ok("stop-task", "t")
    cluster.start_task("t", target, ["s1"])
    cluster.wait_synced("t")
    assert_same(source, target, "d")


OWN_PERIOD = ("x TIMESTAMP(6) GENERATED ALWAYS AS ROW START {0}, y TIMESTAMP(6) GENERATED ALWAYS AS ROW END {0}, "
              "PERIOD FOR SYSTEM_TIME (x, y)")


@pytest.mark.parametrize("period", ["", ", " + OWN_PERIOD.format(""), ", " + OWN_PERIOD.format("INVISIBLE")],
                         ids=["implicit", "visible", "invisible"])
def test_a_system_versioned_table_is_refused_by_name(cluster, servers, period):
    source, target = servers.get("mariadb10.11", "up"), servers.get("mariadb11.8", "down")
    source.execute("CREATE DATABASE d",
                   f"CREATE TABLE d.t (id INT PRIMARY KEY{period}) WITH SYSTEM VERSIONING")
    cluster.create_source("s1", source)
    cluster.start_task("t", target, ["s1"])
    cluster.wait_unit("t", "Sync")
    source.execute("INSERT INTO d.t (id) VALUES (1)")
    error = first_error(cluster)
    assert error["ErrCode"] == 36016 and "`d`.`t` is system-versioned" in error["Message"], error


@pytest.mark.parametrize("kind", ["mariadb10.11", "mysql9.7"])
def test_periods_of_an_application(cluster, servers, assert_same, kind):
    source, target = servers.get("mariadb10.11", "up"), servers.get(kind, "down")
    table = "(id INT PRIMARY KEY AUTO_INCREMENT, v INT, s DATE, e DATE, PERIOD FOR p (s, e))"
    rows = "(v, s, e) VALUES (1, '2020-01-01', '2021-01-01'), (2, '2020-01-01', '2020-07-01'), (3, '2022-01-01', '2023-01-01')"
    source.execute("CREATE DATABASE d", f"CREATE TABLE d.t {table}", f"INSERT INTO d.t {rows}",
                   "DELETE FROM d.t FOR PORTION OF p FROM '2020-02-01' TO '2020-03-01'")
    cluster.create_source("s1", source)
    cluster.start_task("t", target, ["s1"])
    cluster.wait_synced("t")
    source.execute(f"CREATE TABLE d.u {table}", f"INSERT INTO d.u {rows}", f"INSERT INTO d.t {rows}")
    for name in "tu":
        source.execute(f"DELETE FROM d.{name} FOR PORTION OF p FROM '2020-04-01' TO '2020-05-01'",
                       f"UPDATE d.{name} FOR PORTION OF p FROM '2020-06-01' TO '2020-09-01' SET v = v + 10",
                       f"DELETE FROM d.{name} FOR PORTION OF p FROM '2022-01-01' TO '2024-01-01'")
    cluster.wait_synced("t")
    assert_same(source, target, "d")
    assert source.value("SELECT COUNT(*) FROM d.u") > 4, "portions leave rows on both sides"


def test_a_key_without_overlaps_is_refused_by_name(cluster, servers, assert_same):
    source, target = servers.get("mariadb10.11", "up"), servers.get("mariadb11.8", "down")
    columns = "id INT, v INT, s DATE, e DATE, PERIOD FOR p (s, e), PRIMARY KEY (id, {})"
    table = f"d.t ({columns.format('p WITHOUT OVERLAPS')})"
    source.execute("CREATE DATABASE d", f"CREATE TABLE {table}", "INSERT INTO d.t VALUES (1, 1, '2020-01-01', '2021-01-01')")
    cluster.create_source("s1", source)
    # The refusal may be there before the command has its answer.
    cluster.ctl("start-task", cluster.write_task("t", target, ["s1"]))
    error = first_error(cluster)
    assert error["ErrCode"] == 34101 and "`d`.`t` has a key WITHOUT OVERLAPS" in error["Message"], error
    target.execute(f"CREATE TABLE d.t ({columns.format('s, e')})")
    cluster.ctl_ok("resume-task", "t")
    cluster.wait_synced("t")
    source.execute("DELETE FROM d.t FOR PORTION OF p FROM '2020-03-01' TO '2020-04-01'",
                   "UPDATE d.t FOR PORTION OF p FROM '2020-06-01' TO '2020-07-01' SET v = 9")
    cluster.wait_synced("t")
    assert_same(source, target, "d")
    source.execute(f"CREATE TABLE {table.replace('d.t', 'd.u')}")
    error = first_error(cluster)
    assert error["ErrCode"] == 36067 and "`d`.`u` gets a key WITHOUT OVERLAPS" in error["Message"], error
