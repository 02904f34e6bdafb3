"""A copy that is interrupted: what is done stays done, and what has lost its binlog starts anew."""

import json
import random
import re

from .test_crashes import Hold

# One reader and one writer: chunks are done one after the other, tables in the order of their size.
ONE_EACH = [{"source-id": "s1", "mydumper-thread": 1, "loader-thread": 1}]


def fill(source, table, doublings):
    """750 rows of 1 KB, doubled so many times."""
    source.execute(
        f"CREATE TABLE {table} (id INT AUTO_INCREMENT PRIMARY KEY, v INT, pad VARCHAR(1000))",
        f"INSERT INTO {table} (v, pad) VALUES " + ", ".join(["(1, REPEAT('p', 1000))"] * 750),
        *[f"INSERT INTO {table} (v, pad) SELECT 1, pad FROM {table}"] * doublings, f"ANALYZE TABLE {table}")


def chunks(target, table, condition="1"):
    if not target.query("SHOW TABLES IN dm_meta LIKE 't_copy_checkpoint'"):
        return []
    return target.query("SELECT lower_bound, upper_bound FROM dm_meta.t_copy_checkpoint "
                        f"WHERE cp_table = %s AND chunk > 0 AND {condition}", (table,))


def low(target, table):
    return target.query("SELECT low_name, low_pos, low_gtid FROM dm_meta.t_copy_checkpoint "
                        "WHERE cp_table = %s AND chunk = 0", (table,))


def begun_tables(target):
    """Those whose copy is under way."""
    if not target.query("SHOW TABLES IN dm_meta LIKE 't_copy_checkpoint'"):
        return []
    return [table for (table,) in target.query("SELECT cp_table FROM dm_meta.t_copy_checkpoint "
                                               "WHERE cp_table <> '' AND chunk = 0 AND state = 'copying'")]


class HoldCheckpoint:
    """Holds what is written to the checkpoint, but not rows, from a moment when copies are under way."""

    def __init__(self, cluster, target):
        self._connection = target.connect()

        def is_held():
            if not begun_tables(target):
                return False
            self._connection.cursor().execute("LOCK TABLES dm_meta.t_copy_checkpoint READ")
            if begun_tables(target):
                return True
            self._connection.cursor().execute("UNLOCK TABLES")
            return False

        cluster.wait(is_held, 60, "tables to be under way")

    def release(self):
        self._connection.close()


def kill_and_wait(cluster, hold, meanwhile):
    """Kills the worker of s1; returns the one that took over."""
    victim = cluster.worker_of("s1")
    cluster.workers[victim].kill9()
    result = meanwhile()
    hold.release()
    cluster.wait(lambda: cluster.worker_of("s1") not in (None, victim), 20, "another worker to take over")
    return cluster.workers[cluster.worker_of("s1")], result


def id_range(lower, upper):
    """The ids of a chunk as the checkpoint has them: (after, up to)."""
    first, last = json.loads(lower), json.loads(upper)
    return int(first[0]) if first else 0, int(last[0]) if last else 10**9


def read_range(query):
    after, to = re.search(r"`id`>(\d+)", query), re.search(r"`id`<=(\d+)", query)
    return int(after[1]) if after else 0, int(to[1]) if to else 10**9


class Reads:
    """What the copy reads of a table with key `id` while the `with` block runs."""

    def __init__(self, source, table):
        self._source = source
        self._table = ".".join(f"`{part}`" for part in table.split("."))
        self.ranges = []

    def __enter__(self):
        self._source.execute("TRUNCATE mysql.general_log", "SET GLOBAL log_output = 'TABLE'",
                             "SET GLOBAL general_log = 1")
        return self

    def __exit__(self, *_):
        self._source.execute("SET GLOBAL general_log = 0", "SET GLOBAL log_output = 'FILE'")
        self.ranges = [read_range(query) for (query,) in self._source.query(
            "SELECT CONVERT(argument USING utf8mb4) FROM mysql.general_log WHERE argument LIKE %s",
            (f"SELECT /*!40001%FROM {self._table}%",))]

    def assert_only_missing(self, done):
        """Everything was read but the chunks that were `done` before."""
        done = [id_range(*chunk) for chunk in done]
        again = [(a, b) for a in done for b in self.ranges if a[0] < b[1] and b[0] < a[1]]
        assert not again, f"read though they were done: {again}"
        last = self._source.value(f"SELECT MAX(id) FROM {self._table}")
        assert max(to for _, to in self.ranges) >= last, "the rest was read"


def test_what_is_done_is_not_read_again(cluster, upstream, downstream, assert_same, seed):
    upstream.execute("CREATE DATABASE d")
    fill(upstream, "d.t", 7)
    cluster.create_source("s1", upstream)
    cluster.start_task("t", downstream, ONE_EACH)
    wanted = random.Random(seed).randint(1, 5)
    cluster.wait(lambda: len(chunks(downstream, "t", "state = 'done'")) >= wanted, 60, f"{wanted} chunks to be done")
    hold = Hold(downstream)
    with Reads(upstream, "d.t") as reads:
        _, done = kill_and_wait(cluster, hold, lambda: chunks(downstream, "t", "state = 'done'"))
        cluster.wait_synced("t")
    assert_same(upstream, downstream, "d")
    assert len(done) >= wanted
    reads.assert_only_missing(done)


def test_small_tables_that_were_written_but_not_complete_are_written_again(cluster, upstream, downstream, assert_same):
    upstream.execute("CREATE DATABASE d")
    for number in range(200):
        upstream.execute(f"CREATE TABLE d.t{number} (id INT PRIMARY KEY, v INT)",
                         f"INSERT INTO d.t{number} VALUES (1, 1), (2, 2), (3, 3)")
    cluster.create_source("s1", upstream)
    cluster.start_task("t", downstream, ONE_EACH)
    hold = HoldCheckpoint(cluster, downstream)
    begun = begun_tables(downstream)

    def written():
        return [table for table in begun if downstream.value(f"SELECT COUNT(*) FROM d.{table}") == 3]

    cluster.wait(written, 30, "rows of a table that is not complete")

    def change():
        for table in written():
            upstream.execute(f"UPDATE d.{table} SET v = 9 WHERE id = 1", f"DELETE FROM d.{table} WHERE id = 2")

    kill_and_wait(cluster, hold, change)
    cluster.wait_synced("t")
    assert_same(upstream, downstream, "d")


def test_nothing_is_written_while_paused(cluster, upstream, downstream, assert_same):
    upstream.execute("CREATE DATABASE d")
    fill(upstream, "d.t", 7)
    cluster.create_source("s1", upstream)
    cluster.start_task("t", downstream, ONE_EACH)
    cluster.wait(lambda: chunks(downstream, "t", "state = 'done'"), 60, "a chunk to be done")
    cluster.ctl_ok("pause-task", "t")
    cluster.wait_stage("t", "Paused")

    def written():
        return (downstream.query("SELECT COUNT(*), SUM(id), SUM(v) FROM d.t"), chunks(downstream, "t"),
                chunks(downstream, "t", "state = 'done'"))

    found = written()
    done = found[2]
    upstream.execute("UPDATE d.t SET v = 2 WHERE id % 100 = 1", "DELETE FROM d.t WHERE id % 100 = 2")
    others = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = 'root' AND ID <> CONNECTION_ID()"
    assert downstream.value(others) == 0, "nobody is left who could write"
    assert written() == found
    assert len(done) < len(chunks(downstream, "t")), "the copy was under way"
    with Reads(upstream, "d.t") as reads:
        cluster.ctl_ok("resume-task", "t")
        cluster.wait_synced("t")
    assert_same(upstream, downstream, "d")
    reads.assert_only_missing(done)


def test_progress_is_shown_by_tables(cluster, upstream, downstream):
    upstream.execute("CREATE DATABASE d")
    for table, doublings in (("large", 7), ("small", 1), ("smaller", 0)):
        fill(upstream, f"d.{table}", doublings)
    cluster.create_source("s1", upstream)
    cluster.start_task("t", downstream, ONE_EACH)
    cluster.wait(lambda: chunks(downstream, "large", "state = 'done'"), 60, "a chunk to be done")
    hold = Hold(downstream)
    load = cluster.subtask("t", "s1")["load"]
    hold.release()
    copy = load["copy"]
    assert int(copy["tablesFinished"]) + int(copy["tablesCopying"]) + int(copy["tablesWaiting"]) == 3
    table = copy["tables"][0]
    assert (table["schema"], table["table"], table["state"]) == ("d", "large", "copying")
    assert 0 < int(table["rowsDone"]) < 750 * 2**7
    assert int(table["rowsDone"]) <= int(copy["rowsDone"]) <= int(copy["rowsEstimated"])
    cluster.wait_synced("t")


def test_only_what_has_lost_its_binlog_starts_anew(cluster, upstream, downstream, assert_same):
    upstream.execute("CREATE DATABASE d")
    fill(upstream, "d.first", 7)
    fill(upstream, "d.second", 6)
    cluster.create_source("s1", upstream)
    cluster.start_task("t", downstream, ONE_EACH)
    cluster.wait(lambda: chunks(downstream, "first"), 30, "the first table to begin")
    hold = Hold(downstream)
    assert not low(downstream, "second"), "it begins when the first has been read"
    upstream.execute("UPDATE d.first SET v = 2 WHERE id % 100 = 1", "FLUSH BINARY LOGS")
    kept = upstream.query("SHOW BINARY LOGS")[-1][0]
    hold.release()
    cluster.wait(lambda: chunks(downstream, "second", "state = 'done'"), 60, "the second table to be under way")
    hold = Hold(downstream)
    before = {table: low(downstream, table) for table in ("first", "second")}

    def lose_binlog():
        upstream.execute("DELETE FROM d.first WHERE id % 100 = 2", "UPDATE d.second SET v = 3 WHERE id % 100 = 3",
                         f"PURGE BINARY LOGS TO '{kept}'")

    worker, _ = kill_and_wait(cluster, hold, lose_binlog)
    cluster.wait_synced("t")
    assert_same(upstream, downstream, "d")
    lines = worker.log.read_text(encoding="utf-8").splitlines()
    said = [line for line in lines if "copy of a table started anew" in line]
    assert len(said) == 1 and "`d`.`first`" in said[0] and "the binlog it depends on was purged" in said[0], said
    assert low(downstream, "second") == before["second"]
    assert low(downstream, "first") != before["first"]
