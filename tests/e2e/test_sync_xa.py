"""XA transactions: rows count from the commit, and not at all after a rollback; crashes between prepare and commit."""

import pytest


class Xa:
    """One XA transaction in a session of its own, prepared when made."""

    def __init__(self, server, name, *statements):
        self._server = server
        self.name = name
        connection = server.connect()
        cursor = connection.cursor()
        for statement in (f"XA START '{name}','br'", *statements, f"XA END '{name}','br'",
                          f"XA PREPARE '{name}','br'"):
            cursor.execute(statement)
        connection.close()

    def end(self, how):
        """COMMIT or ROLLBACK, by another session."""
        self._server.execute(f"XA {how} '{self.name}','br'")


@pytest.fixture(params=["mariadb10.11", "mysql9.7", "mysql9.7-compressed"])
def source(request, servers):
    """An upstream with two tables and nothing prepared; the last logs whole transactions as one compressed event."""
    kind, _, compressed = request.param.partition("-")
    upstream = servers.get(kind, "up")
    for row in upstream.query("XA RECOVER"):
        data = row[3]
        upstream.execute(f"XA ROLLBACK '{data[:row[1]]}','{data[row[1]:]}'")
    upstream.execute("CREATE DATABASE x", "CREATE TABLE x.t (id INT PRIMARY KEY, v VARCHAR(200))",
                     "CREATE TABLE x.other (id INT PRIMARY KEY)", "INSERT INTO x.t VALUES (1, 'a'), (2, 'b')")
    if compressed:
        upstream.execute("SET GLOBAL binlog_transaction_compression = ON")
    yield upstream
    if compressed:
        upstream.execute("SET GLOBAL binlog_transaction_compression = OFF")


@pytest.fixture(params=[True, False], ids=["gtid", "position"])
def synced(request, cluster, source, downstream):
    cluster.create_source("s1", source, **{"enable-gtid": request.param})
    cluster.start_task("t", downstream, ["s1"])
    cluster.wait_synced("t")
    return cluster


def test_commit_rollback_one_phase(synced, source, downstream, assert_same):
    kept = Xa(source, "kept", "INSERT INTO x.t VALUES (10, 'kept')", "UPDATE x.t SET v = 'changed' WHERE id = 1")
    dropped = Xa(source, "dropped", "INSERT INTO x.t VALUES (20, 'dropped')", "DELETE FROM x.t WHERE id = 2")
    source.execute("INSERT INTO x.other VALUES (1)")
    synced.wait_synced("t")
    assert downstream.value("SELECT COUNT(*) FROM x.other") == 1
    assert_same(source, downstream, "x")  # what is only prepared is invisible on both sides
    assert downstream.value("SELECT COUNT(*) FROM x.t WHERE id >= 10") == 0
    dropped.end("ROLLBACK")
    kept.end("COMMIT")
    connection = source.connect()
    for statement in ("XA START 'one'", "INSERT INTO x.t VALUES (30, 'one phase')", "XA END 'one'",
                      "XA COMMIT 'one' ONE PHASE", "XA START 'empty'", "SELECT 1 FROM x.t", "XA END 'empty'",
                      "XA PREPARE 'empty'", "XA COMMIT 'empty'"):
        connection.cursor().execute(statement)
    connection.close()
    synced.wait_synced("t")
    assert_same(source, downstream, "x")
    assert downstream.value("SELECT GROUP_CONCAT(id ORDER BY id) FROM x.t") == "1,2,10,30"
    assert "noticed" not in synced.subtask("t", "s1")["sync"]


@pytest.mark.parametrize("source", ["mysql9.7-compressed"], indirect=True)
def test_the_preparation_is_what_is_compressed(source):
    """What the tests with this source mean: that a change of this size is compressed, with XA PREPARE inside."""
    source.execute("FLUSH BINARY LOGS")
    file = source.query("SHOW BINARY LOGS")[-1][0]
    Xa(source, "seen", "INSERT INTO x.t VALUES (40, REPEAT('v', 190))").end("ROLLBACK")
    kinds = [row[2] for row in source.query(f"SHOW BINLOG EVENTS IN '{file}'")]
    assert kinds.index("Transaction_payload") < kinds.index("XA_prepare"), kinds


def test_worker_dies_between_prepare_and_commit(synced, source, downstream, assert_same):
    first = Xa(source, "first", "INSERT INTO x.t VALUES (10, 'first')")
    source.execute("FLUSH BINARY LOGS", "INSERT INTO x.other VALUES (1)", "FLUSH BINARY LOGS")
    second = Xa(source, "second", "INSERT INTO x.t VALUES (20, 'second')", "DELETE FROM x.t WHERE id = 2")
    source.execute("INSERT INTO x.other VALUES (2)", "ALTER TABLE x.other ADD COLUMN c INT DEFAULT 7")
    synced.wait_synced("t")
    synced.workers[synced.worker_of("s1")].kill9()
    second.end("COMMIT")
    synced.wait_synced("t")
    first.end("COMMIT")
    synced.wait_synced("t")
    assert_same(source, downstream, "x")
    assert downstream.value("SELECT GROUP_CONCAT(id ORDER BY id) FROM x.t") == "1,10,20"


def test_large_transaction_is_read_again(synced, source, downstream, assert_same):
    numbers = "SELECT a.n + b.n * 10 + c.n * 100 + d.n * 1000 + 1000 AS n FROM " + ", ".join(
        "(SELECT 0 AS n" + "".join(f" UNION SELECT {i}" for i in range(1, 10)) + f") {name}" for name in "abcd")
    source.execute("CREATE TABLE x.big (id INT PRIMARY KEY, v VARCHAR(4000))")
    large = Xa(source, "large", f"INSERT INTO x.big SELECT n, REPEAT('v', 3000) FROM ({numbers}) numbers")
    source.execute("FLUSH BINARY LOGS", "INSERT INTO x.other VALUES (1)")
    synced.wait_synced("t")
    assert downstream.value("SELECT COUNT(*) FROM x.big") == 0
    large.end("COMMIT")
    synced.wait_synced("t")
    assert downstream.value("SELECT COUNT(*) FROM x.big") == 10000
    assert_same(source, downstream, "x")


def test_prepared_before_the_task_starts(cluster, source, downstream, assert_same):
    before = Xa(source, "before", "INSERT INTO x.t VALUES (10, 'before')")
    gone = Xa(source, "gone", "INSERT INTO x.t VALUES (11, 'gone')")
    cluster.create_source("s1", source)
    cluster.start_task("t", downstream, ["s1"])
    cluster.wait_synced("t")
    before.end("COMMIT")
    gone.end("ROLLBACK")
    cluster.wait_synced("t")
    assert_same(source, downstream, "x")
    assert downstream.value("SELECT COUNT(*) FROM x.t") == 3


def test_source_dies_between_prepare_and_commit(cluster, new_server, downstream, assert_same):
    for number, kind in enumerate(["mariadb10.11", "mysql9.7"]):
        name = f"x{number}"
        source = new_server(kind, name)
        source.execute(f"CREATE DATABASE {name}", f"CREATE TABLE {name}.t (id INT PRIMARY KEY)")
        cluster.create_source(name, source)
        cluster.start_task(name, downstream, [name])
        cluster.wait_synced(name)
        kept = Xa(source, "kept", f"INSERT INTO {name}.t VALUES (1)")
        dropped = Xa(source, "dropped", f"INSERT INTO {name}.t VALUES (2)")
        cluster.wait_synced(name)
        source.kill9()
        source.start()
        kept.end("COMMIT")
        dropped.end("ROLLBACK")
        cluster.wait_synced(name, 90)
        assert_same(source, downstream, name)
        assert downstream.value(f"SELECT GROUP_CONCAT(id) FROM {name}.t") == "1"
