"""Transactions larger than memory, and connections that are cut in the middle of them."""

import re
from pathlib import Path

import pytest

from .cutting_proxy import CuttingProxy
from .workload import Workload

MEMORY_LIMIT_MIB = 400


def peak_mib(pid):
    return int(re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(encoding="utf-8"))[1]) // 1024


def fill(server, rows, width):
    """One statement of `rows` rows in one transaction."""
    doublings = (rows // 1000 - 1).bit_length()
    server.execute("CREATE DATABASE l", "CREATE TABLE l.seed (n INT PRIMARY KEY)",
                   "CREATE TABLE l.t (id INT AUTO_INCREMENT PRIMARY KEY, n INT, v VARBINARY(60000))")
    with server.connect(database="l") as connection, connection.cursor() as cursor:
        cursor.executemany("INSERT INTO seed VALUES (%s)", [(n,) for n in range(1000)])
    factors = ", ".join(f"(SELECT 0 AS n UNION SELECT 1) f{i}" for i in range(doublings))
    return f"INSERT INTO l.t (n, v) SELECT seed.n, REPEAT('v', {width}) FROM l.seed" + (f", {factors}" if factors else "")


@pytest.mark.parametrize("kind,rows,width", [("mariadb10.11", 1000000, 60), ("mysql9.7", 16000, 30000)],
                         ids=["rows", "bytes"])
def test_memory_is_bounded_and_pause_prompt(cluster, servers, downstream, assert_same, kind, rows, width):
    source = servers.get(kind, "up")
    statement = fill(source, rows, width)
    cluster.create_source("s1", source)
    cluster.start_task("t", downstream, ["s1"])
    cluster.wait_synced("t")
    worker = cluster.workers[cluster.worker_of("s1")]
    source.execute(statement)
    cluster.wait(lambda: downstream.value("SELECT 1 FROM l.t LIMIT 1"), 60, "first rows to arrive")
    cluster.ctl_ok("pause-task", "t")
    cluster.wait_stage("t", "Paused")
    done = downstream.value("SELECT COUNT(*) FROM l.t")
    total = source.value("SELECT COUNT(*) FROM l.t")
    assert 0 < done < total
    cluster.ctl_ok("resume-task", "t")
    cluster.wait_synced("t", 280)
    assert downstream.value("SELECT COUNT(*) FROM l.t") == total
    assert peak_mib(worker.pid) < MEMORY_LIMIT_MIB
    if width < 100:
        assert downstream.value("SELECT SUM(id * n % 1000003) FROM l.t") == source.value("SELECT SUM(id * n % 1000003) FROM l.t")


@pytest.mark.parametrize("by_gtid", [True, False], ids=["gtid", "position"])
def test_cut_connections(cluster, upstream, downstream, assert_same, seed, by_gtid):
    work = Workload(upstream, "shop", seed).create()
    up, down = CuttingProxy(upstream.port), CuttingProxy(downstream.port)
    try:
        source = cluster.source_config("s1", upstream, **{"enable-gtid": by_gtid})
        source["from"]["port"] = up.port
        cluster.ctl_ok("operate-source", "create", cluster.write("source.yaml", source))
        cluster.start_task("t", downstream, ["s1"], **{"target-database": {
            "host": "127.0.0.1", "port": down.port, "user": "root", "password": ""}})
        cluster.wait_synced("t")
        with work:
            for round_ in range(8):
                before = work.transactions
                cluster.wait(lambda before=before: work.transactions > before + 30, 60, "the workload to go on")
                proxy = up if round_ % 2 else down
                cluster.wait(lambda proxy=proxy: proxy.cut() > 0, 60, "connections to cut")
                upstream.execute(f"ALTER TABLE shop.account ADD COLUMN c{round_} INT DEFAULT {round_}",
                                 "ALTER TABLE shop.badge ADD INDEX (photo(10))")
                (down if round_ % 2 else up).cut()

        cluster.wait_synced("t", 150)
        log = cluster.workers[cluster.worker_of("s1")].log.read_text(encoding="utf-8")
        assert "it is tried again" in log and "subtask paused by an error" not in log
        assert_same(upstream, downstream, "shop")
        indexes = ("SELECT INDEX_NAME, COLUMN_NAME FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = 'shop' "
                   "ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX")
        assert upstream.query(indexes) == downstream.query(indexes)
    finally:
        up.close()
        down.close()


def test_a_row_too_large_for_the_target_is_named(cluster, servers, assert_same):
    source, target = servers.get("mariadb10.11", "up"), servers.get("mysql9.7", "down")
    source.execute("CREATE DATABASE l", "CREATE TABLE l.t (id INT PRIMARY KEY, v LONGBLOB)", "INSERT INTO l.t VALUES (1, 'x')")
    target.execute("SET GLOBAL max_allowed_packet = 4194304")
    try:
        cluster.create_source("s1", source)
        cluster.start_task("t", target, ["s1"])
        cluster.wait_synced("t")
        source.execute("INSERT INTO l.t VALUES (2, REPEAT('y', 3000000))", "INSERT INTO l.t VALUES (3, 'z')")
        error = cluster.wait(lambda: (cluster.subtask("t", "s1")["result"] or {}).get("errors"), 30, "the task to fail")[0]
        assert error["ErrCode"] == 10006 and "`l`.`t` with `id` = 2" in error["Message"], error
        assert "max_allowed_packet of 4194304" in error["Message"] and "max_allowed_packet" in error["Workaround"], error
        target.execute("SET GLOBAL max_allowed_packet = 16777216")
        cluster.ctl_ok("resume-task", "t")
        cluster.wait_synced("t")
        assert_same(source, target, "l")
    finally:
        target.execute("SET GLOBAL max_allowed_packet = 67108864")
