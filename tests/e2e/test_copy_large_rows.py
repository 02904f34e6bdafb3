"""Rows of 60 MiB and more: bounded memory, and a clear word where the target cannot take them."""

import re
from pathlib import Path

import pytest

MIB = 1 << 20
ROW = 62 * MIB
LARGE = {"max-allowed-packet": "1G", "innodb-buffer-pool-size": "256M"}


@pytest.fixture
def source(new_server):
    """Eight rows of 62 MiB in two tables, with bytes that must be escaped, and a small table."""
    server = new_server("mariadb10.11", "source", options={**LARGE, "innodb-log-file-size": "700M"})
    server.execute("CREATE DATABASE huge", "CREATE TABLE huge.small (id INT PRIMARY KEY, v VARCHAR(20))",
                   "INSERT INTO huge.small VALUES (1, 'a'), (2, 'b')")
    for table in ("a", "b"):
        server.execute(f"CREATE TABLE huge.{table} (id INT PRIMARY KEY, v LONGBLOB)",
                       *[f"INSERT INTO huge.{table} VALUES ({i}, REPEAT(CONCAT(UNHEX('00275c'), MD5({i}), "
                         f"'0123456789abcdefghijklmnopqrst'), {ROW // 65}))" for i in range(4)])
    return server


def peak_rss(pid):
    return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(encoding="utf-8")).group(1)) * 1024


def checksums(server):
    return {table: server.query(f"SELECT id, LENGTH(v), MD5(v) FROM huge.{table} ORDER BY id")
            for table in ("a", "b", "small")}


def test_peak_memory_with_rows_of_62_mib(new_cluster, new_server, source, record_property):
    target = new_server("mariadb10.11", "target", options={**LARGE, "innodb-log-file-size": "700M"})
    cluster = new_cluster(workers=1)
    cluster.create_source("s1", source)
    pid = cluster.workers["worker-1"].pid
    before = peak_rss(pid)
    cluster.start_task("t", target, [{"source-id": "s1", "mydumper-thread": 4, "loader-thread": 8}],
                       **{"task-mode": "full"})
    cluster.wait_stage("t", "Finished", 150)
    assert checksums(target) == checksums(source)
    used = peak_rss(pid) - before
    record_property("peak_rss_mib", used // MIB)
    print(f"peak RSS of the copy: {used // MIB} MiB")
    # Per reader the row as it arrives, one statement (escaped: 68 bytes for 65), and 48 MiB for everything else.
    assert used < 4 * ROW + ROW * 68 // 65 + 48 * MIB, f"{used // MIB} MiB"


def test_a_row_larger_than_the_targets_packet(new_cluster, new_server, source):
    target = new_server("mariadb10.11", "target", options={"max-allowed-packet": "32M"})
    cluster = new_cluster(workers=1)
    cluster.create_source("s1", source)
    # The refusal may be there before the command has its answer.
    cluster.ctl("start-task", cluster.write_task("t", target, ["s1"], **{"task-mode": "full"}))
    cluster.wait_stage("t", "Paused", 60)
    (error,) = cluster.subtask("t", "s1")["result"]["errors"]
    assert re.search(r"the row of `huge`.`[ab]` with `id` = \d has \d+ bytes .* max_allowed_packet of 33554432",
                     error["Message"]), error
    assert "Set max_allowed_packet of the target to at least" in error["Workaround"]
    target.execute("SET GLOBAL max_allowed_packet = 1073741824", "SET GLOBAL innodb_buffer_pool_size = 268435456")
    cluster.ctl_ok("resume-task", "t")
    cluster.wait_stage("t", "Finished", 150)
    assert checksums(target) == checksums(source)
