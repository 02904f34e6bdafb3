"""What check-task says of real servers: what is wrong, why, and the statement that mends it, which then does."""

import json

import pytest

from .cluster import Cluster

USER, PASSWORD = "dm user", "se'cret"
KINDS = ["mysql9.7", "mysql5.6", "mariadb10.11", "mariadb11.8"]


@pytest.fixture(scope="module")
def cluster(bin_folder, tmp_path_factory):
    started = Cluster(bin_folder, tmp_path_factory.mktemp("dm"), workers=1).start()
    yield started
    started.remove()


@pytest.fixture(params=KINDS)
def source(request, servers):
    server = servers.get(request.param, "up")
    server.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY) COLLATE utf8mb4_bin")
    return server


@pytest.fixture
def check(cluster, downstream):
    """check(server, ...): registers the server as source s1 and returns the items that found something, by name."""
    added = []

    def run(server, *arguments, user=None, target=downstream, target_user=None, source_changes=None, **changes):
        if not added:
            config = cluster.source_config("s1", server, **(source_changes or {}))
            if user:
                config["from"].update(user=USER, password=PASSWORD)
            cluster.ctl_ok("operate-source", "create", cluster.write("source-s1.yaml", config))
            added.append("s1")
        task = cluster.task_config("t", target, changes.pop("instances", ["s1"]), **changes)
        if target_user:
            task["target-database"].update(user=USER, password=PASSWORD)
        done = cluster.ctl_run("check-task", cluster.write("task-t.yaml", task), *arguments)
        return findings(done.stdout)

    yield run
    for name in added:
        cluster.ctl_ok("operate-source", "stop", name)


def findings(text):
    """The items of the detail by name; {} if all is well; the text itself if the checks could not begin."""
    if "pre-check is passed" in text or '"msg": ""' in text:
        return {}
    try:
        answer = json.loads(text)
        text = answer.get("checkResult") or answer["msg"]
    except json.JSONDecodeError:
        pass  # the detail is not escaped, as the original prints it
    begin = text.find(" detail: {")
    if begin < 0:
        return text
    detail = json.JSONDecoder().raw_decode(text, begin + len(" detail: "))[0]
    return {item["name"]: item for item in detail["results"]}


def account(server, *grants):
    """The account of the tests with these grants only."""
    server.execute("CREATE USER %s@'%%' IDENTIFIED BY '%s'" % (f"'{USER}'", PASSWORD.replace("'", "''")))
    for grant in grants:
        server.execute(f"GRANT {grant} TO '{USER}'@'%'")


def mend(server, item):
    """Runs the statements that the item gives."""
    for finding in item["errors"]:
        server.execute(*[s for s in finding["instruction"].split(";") if s.strip()])


def test_all_is_well(check, source):
    assert check(source) == {}


def test_missing_privileges_are_mended_by_the_statements_given(check, source):
    account(source, "USAGE ON *.*")
    source.execute("CREATE TABLE d.u (id INT PRIMARY KEY) COLLATE utf8mb4_bin",
                   f"GRANT INSERT ON d.* TO '{USER}'@'%'")
    items = check(source, user=USER)
    replication = items["source db replication privilege checker"]
    assert replication["state"] == "fail" and f"'{USER}'@'%'" in replication["instruction"], replication
    client = "BINLOG MONITOR" if source.kind.is_mariadb else "REPLICATION CLIENT"
    assert client in replication["errors"][0]["short_error"]
    dump = items["source db dump privilege checker"]
    assert any("`d`.`t`, `d`.`u`" in e["short_error"] for e in dump["errors"]), dump
    assert dump["extra"] == f"address of db instance - 127.0.0.1:{source.port}"

    mend(source, replication)
    mend(source, dump)
    # MariaDB creates what it may not see yet; the other items have nothing to say.
    assert check(source, user=USER) == {}


@pytest.fixture
def role():
    """role(server, grants): a role `dm_role`, gone after the test."""
    holders = []

    def make(server, grants):
        server.execute("CREATE ROLE dm_role", f"GRANT {grants} ON *.* TO dm_role")
        holders.append(server)

    yield make
    for server in holders:
        server.execute("DROP ROLE dm_role")


def test_role_that_is_not_active(check, servers, role):
    server = servers.get("mysql9.7", "up")
    server.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY) COLLATE utf8mb4_bin")
    role(server, "REPLICATION SLAVE, REPLICATION CLIENT, RELOAD")
    account(server, "dm_role", "SELECT ON d.*")
    replication = check(server, user=USER)["source db replication privilege checker"]
    assert "a role that is not active" in replication["errors"][0]["short_error"]
    mend(server, replication)
    assert check(server, user=USER) == {}


def test_role_that_is_not_active_in_mariadb(check, servers, role):
    server = servers.get("mariadb10.11", "up")
    server.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY) COLLATE utf8mb4_bin")
    role(server, "REPLICATION SLAVE, BINLOG MONITOR, REPLICATION MASTER ADMIN")
    account(server, "dm_role", "SELECT ON d.*")
    replication = check(server, user=USER)["source db replication privilege checker"]
    assert "a role that is not active" in replication["errors"][0]["short_error"]
    mend(server, replication)
    assert check(server, user=USER) == {}


def test_target_privileges(check, source, downstream):
    account(downstream, "SELECT, INSERT, UPDATE, DELETE, CREATE ON *.*")
    item = check(source, target_user=USER)["target db privilege checker"]
    assert item["state"] == "warn" and "ALTER, DROP, INDEX" in item["errors"][0]["short_error"]
    mend(downstream, item)
    assert check(source, target_user=USER) == {}


def test_binlog_variables(check, source):
    changed = {"binlog_row_image": "FULL", "binlog_format": "ROW"}
    if source.kind.name == "mysql9.7":
        del changed["binlog_format"]  # ROW is all that the newest servers should be given
    wrong = {"binlog_row_image": "MINIMAL", "binlog_format": "MIXED"}
    source.execute(*(f"SET GLOBAL {name} = '{wrong[name]}'" for name in changed))
    try:
        items = check(source)
        for name, value in changed.items():
            error = items[f"mysql_{name}"]["errors"][0]
            assert f"{name} is {wrong[name]}, and should be {value}" in error["short_error"], error
            source.execute(error["instruction"].split(";")[0])
    finally:
        source.execute(*(f"SET GLOBAL {name} = '{value}'" for name, value in changed.items()))
    assert check(source) == {}
    assert check(source, **{"task-mode": "full"}) == {}


def test_server_settings(check, new_server):
    """A binlog that leaves schemas out, few connections."""
    server = new_server("mariadb10.11", "odd", options={"binlog-do-db": "other", "max-connections": 12})
    server.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY)")
    items = check(server, mydumpers={"global": {"threads": 30}},
                  instances=[{"source-id": "s1", "mydumper-config-name": "global"}])
    filters = items["binlog_do_db/binlog_ignore_db check"]
    assert filters["state"] == "fail" and "these dbs [d] are not in binlog_do_db" in filters["errors"][0]["short_error"]
    connections = items["dumper_conn_number_checker"]
    assert connections["state"] == "fail"
    server.execute(connections["errors"][0]["instruction"].split(";")[0])
    assert "dumper_conn_number_checker" not in check(server, mydumpers={"global": {"threads": 30}},
                                                     instances=[{"source-id": "s1", "mydumper-config-name": "global"}])
    assert check(server, **{"ignore-checking-items": ["binlog_db", "conn_number"]}) == {}


def test_server_id_zero(check, new_server):
    server = new_server("mysql9.7", "zero")
    server.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY) COLLATE utf8mb4_bin",
                   "SET GLOBAL server_id = 0")
    item = check(server)["mysql_server_id"]
    assert item["state"] == "warn" and "server_id is 0" in item["errors"][0]["short_error"]
    server.execute(item["errors"][0]["instruction"].split(";")[0])
    assert "mysql_server_id" not in check(server)


def test_binlog_is_off(check, new_server):
    server = new_server("mariadb10.11", "nolog", options={"log-bin": False, "log-slave-updates": False})
    server.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY)")
    items = check(server, source_changes={"enable-gtid": False})
    assert "log_bin is OFF, and should be ON" in items["mysql_binlog_enable"]["errors"][0]["short_error"]


def test_tables(check, source, downstream):
    source.execute("CREATE TABLE d.keyless (a INT) COLLATE utf8mb4_bin",
                   "CREATE TABLE d.nullable (a INT, UNIQUE KEY (a)) COLLATE utf8mb4_bin",
                   "CREATE TABLE d.child (id INT PRIMARY KEY, t INT, FOREIGN KEY (t) REFERENCES d.t (id))",
                   "CREATE TABLE d.wide (id INT PRIMARY KEY, extra INT)",
                   "CREATE TABLE d.narrow (id INT PRIMARY KEY)",
                   "CREATE TABLE d.latin (id INT PRIMARY KEY, a CHAR(1)) COLLATE utf8mb4_bin")
    downstream.execute("CREATE DATABASE d",
                       "CREATE TABLE d.wide (id INT PRIMARY KEY)",
                       "CREATE TABLE d.narrow (id INT, must INT NOT NULL, may INT, UNIQUE KEY (must), PRIMARY KEY (id))",
                       "CREATE TABLE d.latin (id INT PRIMARY KEY, a CHAR(1)) COLLATE latin1_bin")
    item = check(source, "--warn", "100")["table structure compatibility check"]
    assert item["state"] == "warn"
    texts = [error["short_error"] for error in item["errors"]]
    for part in ("`d`.`keyless` has neither", "`d`.`nullable` has neither", "`d`.`child` has foreign keys",
                 "`d`.`wide` has columns that its target `d`.`wide` has not: `extra`",
                 "`d`.`narrow` has not, NOT NULL and without a default: `must`", "unique keys on (must)",
                 "target `d`.`latin` has latin1"):
        assert any(part in text for text in texts), (part, texts)
    assert not any("`may`" in text or "`d`.`t`" in text for text in texts), texts
    assert "neither" not in str(check(source, **{"ignore-checking-items": ["table_schema"]}))

    cut = check(source, "--warn", "2")["table structure compatibility check"]
    assert len(cut["errors"]) == 2


def test_unknown_collation(check, servers):
    server = servers.get("mysql9.7", "up")
    server.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY) COLLATE utf8mb4_0900_ai_ci")
    item = check(server)["table structure compatibility check"]
    assert "does not know collation utf8mb4_0900_ai_ci, which 1 table uses, first `d`.`t`" in item["errors"][0]["short_error"]


def test_online_ddl_under_way(check, source):
    source.execute("CREATE TABLE d._t_gho (id INT PRIMARY KEY)", "CREATE TABLE d._x_gho (id INT PRIMARY KEY)")
    lists = {"block-allow-list": {"l": {"do-tables": [{"db-name": "d", "tbl-name": "t"}]}},
             "instances": [{"source-id": "s1", "block-allow-list": "l"}]}
    item = check(source, **lists)["online ddl checker"]
    assert item["state"] == "fail" and len(item["errors"]) == 1 and "`d`.`_t_gho`" in item["errors"][0]["short_error"]
    assert check(source, **lists, **{"online-ddl": False}) == {}
    assert check(source, **lists, **{"ignore-checking-items": ["online_ddl"]}) == {}


def test_meta_position(check, source):
    name = source.query("SHOW BINARY LOGS")[-1][0]

    def at(meta):
        return check(source, **{"task-mode": "incremental", "instances": [{"source-id": "s1", "meta": meta}]},
                     source_changes={"enable-gtid": False})

    assert at({"binlog-name": name, "binlog-pos": 4}) == {}
    gone = at({"binlog-name": "bin.009999", "binlog-pos": 4})["meta position check"]
    assert gone["state"] == "fail" and "SHOW BINARY LOGS" in gone["instruction"]
    assert at({"binlog-name": name, "binlog-pos": 4_000_000_000})["meta position check"]["state"] == "fail"


def test_a_snapshot_needs_a_lock_and_no_binlog(check, source):
    """Mode full for an account that may not read the binlog: the locked snapshot has needs of its own."""
    account(source, "SELECT ON d.*")
    item = check(source, user=USER, **{"task-mode": "full"})["source db dump privilege checker"]
    assert [e["severity"] for e in item["errors"]] == ["fail"] and "RELOAD" in item["errors"][0]["short_error"], item
    source.execute(f"GRANT LOCK TABLES ON d.* TO '{USER}'@'%'")
    assert check(source, user=USER, **{"task-mode": "full"}) == {}


def test_servers_that_do_not_answer_are_all_named(check, cluster, source, downstream):
    assert check(source) == {}
    task = cluster.task_config("t", downstream, ["s1"])
    task["target-database"]["port"] = 1
    text = cluster.ctl_run("check-task", cluster.write("task-t.yaml", task)).stdout
    assert "code=26002" in text and "fail to initialize checker" in text and "127.0.0.1:1" in text


def test_start_task_runs_the_checks(check, cluster, source, downstream):
    source.execute("SET GLOBAL binlog_row_image = 'MINIMAL'")
    try:
        check(source)
        done = cluster.ctl_run("start-task", cluster.write_task("t", downstream, ["s1"]))
        assert "code=26005" in done.stdout and "binlog_row_image is MINIMAL" in done.stdout
        assert cluster.ctl("query-status")["tasks"] == []
    finally:
        source.execute("SET GLOBAL binlog_row_image = 'FULL'")


def test_whole_schemas_are_looked_at(check, servers):
    """So many tables that they are not asked for by name."""
    server = servers.get("mariadb10.11", "up")
    server.execute("CREATE DATABASE d")
    for number in range(250):
        key = "" if number == 177 else "PRIMARY KEY"
        server.execute(f"CREATE TABLE d.t{number} (id INT {key}, a VARCHAR(20), b INT, UNIQUE KEY (b))")
    item = check(server)["table structure compatibility check"]
    assert [e["short_error"].split(" has ")[0] for e in item["errors"]] == ["table `d`.`t177`"]


def without_account(server):
    """Drops the account of the tests; MySQL 5.6 has no IF EXISTS for it."""
    if server.value("SELECT COUNT(*) FROM mysql.user WHERE user = %s", (USER,)):
        server.execute(f"DROP USER '{USER}'@'%'")


def run_as_user(cluster, source, target, *, target_user=False):
    """Runs the task of the checks until it has copied d.t and followed changes and a CREATE TABLE."""
    task = cluster.task_config("t", target, [{"source-id": "s1", "block-allow-list": "l"}],
                               **{"block-allow-list": {"l": {"do-dbs": ["d"]}}})
    if target_user:
        task["target-database"].update(user=USER, password=PASSWORD)
    cluster.ctl_ok("start-task", cluster.write("task-t.yaml", task), "--remove-meta")
    try:
        cluster.wait_unit("t", "Sync")
        source.execute("INSERT INTO d.t VALUES (2)", "CREATE TABLE d.later (id INT PRIMARY KEY) COLLATE utf8mb4_bin",
                       "ALTER TABLE d.t ADD COLUMN v INT", "UPDATE d.t SET v = 3", "CREATE INDEX i ON d.t (v)",
                       "INSERT INTO d.later VALUES (1)", "TRUNCATE TABLE d.later", "DROP TABLE d.later")
        cluster.wait_synced("t")
        assert target.query("SELECT id, v FROM d.t ORDER BY id") == source.query("SELECT id, v FROM d.t ORDER BY id")
        assert target.value("SELECT COUNT(*) FROM d.t") == 2
    finally:
        cluster.ctl_ok("stop-task", "t")


def test_each_missing_privilege_of_the_source_is_mended_by_its_statement(check, cluster, source, downstream):
    """One after the other is missing. The statements printed, pasted, are all that is needed, also by the task."""
    source.execute("INSERT INTO d.t VALUES (1)")
    client = "BINLOG MONITOR" if source.kind.is_mariadb else "REPLICATION CLIENT"
    needed = ["REPLICATION SLAVE ON *.*", f"{client} ON *.*", "SELECT ON d.*"]
    # Where the copy's place cannot be had from the list of executed transactions, it takes a short lock.
    if source.kind.name == "mysql5.6":
        needed.append("RELOAD ON *.*")
    lists = {"block-allow-list": {"l": {"do-dbs": ["d"]}}, "instances": [{"source-id": "s1", "block-allow-list": "l"}]}
    for missing in needed:
        without_account(source)
        account(source, *(grant for grant in needed if grant != missing))
        items = check(source, user=USER, **lists)
        found = [error for item in items.values() for error in item["errors"]
                 if missing.partition(" ON ")[0] in error["short_error"]]
        assert found and all(error.get("instruction", "").startswith("GRANT ") for error in found), (missing, items)
        source.execute(*{error["instruction"].rstrip(";") for error in found})
        assert check(source, user=USER, **lists) == {}, missing
    run_as_user(cluster, source, downstream)


@pytest.mark.parametrize("kind", KINDS)
def test_each_missing_privilege_of_the_target_is_mended_by_its_statement(check, cluster, servers, kind):
    source = servers.get("mariadb10.11", "up")
    source.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY) COLLATE utf8mb4_bin",
                   "INSERT INTO d.t VALUES (1)")
    target = servers.get(kind, "down")
    needed = ["CREATE", "SELECT", "INSERT", "UPDATE", "DELETE", "ALTER", "DROP", "INDEX"]
    if kind == "mysql9.7":
        needed.append("REFERENCES")
        source.execute("CREATE TABLE d.child (id INT PRIMARY KEY, FOREIGN KEY (id) REFERENCES d.t (id))")
    name = "target db privilege checker"
    for missing in needed:
        without_account(target)
        account(target, ", ".join(grant for grant in needed if grant != missing) + " ON *.*")
        item = check(source, target=target, target_user=USER)[name]
        assert item["state"] == "warn" and f"lack of {missing} global" in item["errors"][0]["short_error"], item
        mend(target, item)
        assert name not in check(source, target=target, target_user=USER), missing
    run_as_user(cluster, source, target, target_user=True)


def test_tables_that_the_account_does_not_see(check, servers):
    """A server hides tables from an account without a privilege on them: what the task names is missed."""
    server = servers.get("mysql9.7", "up")
    server.execute("CREATE DATABASE d", "CREATE TABLE d.a (id INT PRIMARY KEY) COLLATE utf8mb4_bin",
                   "CREATE TABLE d.b (id INT PRIMARY KEY) COLLATE utf8mb4_bin")
    account(server, "REPLICATION SLAVE, REPLICATION CLIENT ON *.*", "SELECT ON d.a")
    name = "source db dump privilege checker"
    instance = {"instances": [{"source-id": "s1", "block-allow-list": "l"}]}
    tables = {"block-allow-list": {"l": {"do-tables": [{"db-name": "d", "tbl-name": t} for t in "ab"]}}, **instance}
    item = check(server, user=USER, **tables)[name]
    assert item["state"] == "warn" and "`d`.`b` is not migrated" in item["errors"][0]["short_error"]
    mend(server, item)
    assert check(server, user=USER, **tables) == {}
    item = check(server, user=USER, **{"block-allow-list": {"l": {"do-dbs": ["d"]}}}, **instance)[name]
    assert item["state"] == "warn" and "whole schema `d`" in item["errors"][0]["short_error"]
    mend(server, item)
    assert check(server, user=USER, **{"block-allow-list": {"l": {"do-dbs": ["d"]}}}, **instance) == {}


def test_what_super_does_not_include_in_the_newest_mariadb(check, servers):
    server = servers.get("mariadb11.8", "up")
    server.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY) COLLATE utf8mb4_bin")
    account(server, "SUPER, REPLICATION SLAVE, SELECT ON *.*")
    items = check(server, user=USER)
    assert set(items) == {"binlog_do_db/binlog_ignore_db check", "source db replication privilege checker"}
    for item in items.values():
        assert item["errors"][0]["instruction"].startswith("GRANT BINLOG MONITOR ON *.* TO "), item
        mend(server, item)
    assert check(server, user=USER) == {}


def test_structures_that_the_account_does_not_see_are_missed_without_a_copy_too(check, servers):
    server = servers.get("mysql9.7", "up")
    server.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY) COLLATE utf8mb4_bin")
    account(server, "REPLICATION SLAVE, REPLICATION CLIENT ON *.*")
    task = {"task-mode": "incremental", "block-allow-list": {"l": {"do-dbs": ["d"]}},
            "instances": [{"source-id": "s1", "block-allow-list": "l"}]}
    item = check(server, user=USER, **task)["table structure compatibility check"]
    statements = [error["instruction"] for error in item["errors"] if "instruction" in error]
    assert item["state"] == "fail" and statements == [f"GRANT SELECT ON `d`.* TO '{USER}'@'%';"]
    server.execute(statements[0].rstrip(";"))
    assert check(server, user=USER, **task) == {}
