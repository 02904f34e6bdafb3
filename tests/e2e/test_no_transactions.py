"""Tables without transactions (MyISAM) on targets that change them only outside of transactions: MySQL with GTIDs."""

import random

import pytest

_SHAPES = {"keyed": "id INT PRIMARY KEY, u INT UNIQUE, v VARCHAR(200)", "plain": "id INT, u INT, v VARCHAR(200)"}


@pytest.fixture
def source(servers):
    server = servers.get("mariadb10.11", "up")
    server.execute("CREATE DATABASE d COLLATE utf8mb4_bin", "USE d", "CREATE TABLE d.safe (id INT PRIMARY KEY, v INT)",
                   *(f"CREATE TABLE d.{name} ({columns}) ENGINE=MyISAM" for name, columns in _SHAPES.items()),
                   *(f"INSERT INTO d.{name} SELECT seq, seq, REPEAT('x', 200) FROM seq_1_to_5000" for name in _SHAPES))
    return server


@pytest.fixture
def target(servers):
    server = servers.get("mysql9.7", "down")
    assert server.value("SELECT @@global.enforce_gtid_consistency") == "ON"
    return server


def transactions(seed, tables, count):
    """Changes of several tables at once, as no MySQL with GTIDs would take them."""
    choice = random.Random(seed)
    for number in range(count):
        yield "BEGIN"
        yield f"INSERT INTO d.safe VALUES ({number}, 0) ON DUPLICATE KEY UPDATE v = v + 1"
        for _ in range(choice.randint(1, 6)):
            table, some = choice.choice(tables), choice.randint(1, 6000)
            yield choice.choice([f"INSERT IGNORE INTO d.{table} VALUES ({some}, {some}, 'new {number}')",
                                 f"UPDATE d.{table} SET v = CONCAT('changed {number}', id) WHERE id BETWEEN {some} AND {some + 5}",
                                 f"DELETE FROM d.{table} WHERE id = {some}"])
        yield "COMMIT"


def test_copied_in_chunks_and_followed(cluster, source, target, assert_same):
    cluster.create_source("s1", source)
    instance = {"source-id": "s1", "mydumper-config-name": "m", "syncer-config-name": "s"}
    cluster.start_task("t", target, [instance], mydumpers={"m": {"rows": 1000, "threads": 2}}, syncers={"s": {"worker-count": 4}})
    cluster.wait_unit("t", "Sync")
    assert_same(source, target, "d")
    assert target.value("SELECT engine FROM information_schema.tables WHERE table_schema = 'd' AND table_name = 'keyed'") == "MyISAM"
    source.execute(*transactions("followed", [*_SHAPES], 150))
    cluster.wait_synced("t")
    assert_same(source, target, "d")


def test_workers_killed_amid_the_changes(cluster, source, target, assert_same, seed):
    cluster.create_source("s1", source)
    instance = {"source-id": "s1", "mydumper-config-name": "m", "syncer-config-name": "s"}
    cluster.start_task("t", target, [instance], mydumpers={"m": {"rows": 500}}, syncers={"s": {"worker-count": 4, "batch": 20}})
    for number in range(4):
        source.execute(*transactions(f"{seed}/{number}", ["keyed"], 100))
        name = cluster.worker_of("s1")
        if name is not None:
            cluster.workers[name].kill9()
            cluster.workers[name].start()
    cluster.wait_unit("t", "Sync", timeout=60)
    cluster.wait_synced("t")
    assert_same(source, target, "d")
