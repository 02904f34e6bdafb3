"""What /metrics says, against work whose amount is known."""

import json
import os
import urllib.error
from pathlib import Path

import pytest

from .scrape import Scrape, http_get

_METRICS = json.loads((Path(__file__).resolve().parents[2] / "deploy/metrics.json").read_text(encoding="utf-8"))
_SOMETIMES = {"dm_syncer_passed_over_total"}  # appear with what they count


@pytest.fixture
def source(servers):
    server = servers.get("mariadb10.11", "up")
    server.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY, v INT)",
                   "CREATE TABLE d.other (id INT PRIMARY KEY)", "INSERT INTO d.t VALUES (1, 0), (2, 0)")
    return server


def worker_scrape(cluster, source="s1"):
    return Scrape.of(cluster.member(cluster.worker_of(source))["addr"])


def check_against_list(scrape, program, absent=()):
    """Everything the list promises of the program is there with type and labels, and nothing that is not listed."""
    missing = set(absent) | (_SOMETIMES - set(scrape.types))
    promised = {name: what for name, what in _METRICS.items()
                if what["program"] in (program, "both") and name not in missing}
    assert set(scrape.types) == set(promised)
    labels = scrape.labels()
    for name, what in promised.items():
        assert scrape.types[name] == what["type"], name
        assert sorted(labels[name]) == what["labels"], name


@pytest.fixture
def running(cluster, source, downstream):
    cluster.create_source("s1", source)
    cluster.start_task("t", downstream, ["s1"], **{
        "block-allow-list": {"b": {"do-dbs": ["d"], "ignore-tables": [{"db-name": "d", "tbl-name": "other"}]}},
        "mysql-instances": [{"source-id": "s1", "block-allow-list": "b"}]})
    cluster.wait_unit("t", "Sync")
    return cluster


# What the work of the test below must add to each counter or histogram of the task: name, labels, amount.
_WORK = [
    ("dm_syncer_added_jobs_total", {"type": "insert", "target_table": "t"}, 30),
    ("dm_syncer_added_jobs_total", {"type": "update", "target_table": "t"}, 10),
    ("dm_syncer_added_jobs_total", {"type": "delete", "target_table": "t"}, 5),
    ("dm_syncer_added_jobs_total", {"type": "ddl", "target_table": "t"}, 1),
    ("dm_syncer_finished_jobs_total", {"type": "insert", "target_table": "t"}, 30),
    ("dm_syncer_finished_jobs_total", {"type": "update", "target_table": "t"}, 10),
    ("dm_syncer_finished_jobs_total", {"type": "delete", "target_table": "t"}, 5),
    ("dm_syncer_finished_jobs_total", {"type": "ddl"}, 1),
    ("dm_syncer_finished_jobs_total", {"target_table": "other"}, 0),
    ("dm_syncer_binlog_event_row_sum", {}, 45),
    ("dm_syncer_binlog_transform_cost_count", {"stage": "gen-write-rows"}, 30),
    ("dm_syncer_binlog_transform_cost_count", {"stage": "gen-update-rows"}, 1),
    ("dm_syncer_binlog_transform_cost_count", {"stage": "gen-delete-rows"}, 1),
    ("dm_syncer_binlog_transform_cost_count", {"stage": "gen-query"}, 1),
    ("dm_syncer_binlog_transform_cost_count", {"stage": "ddl-exec"}, 1),
    ("dm_syncer_dispatch_binlog_duration_count", {"type": "insert"}, 30),
    ("dm_syncer_dispatch_binlog_duration_count", {"type": "update"}, 1),
    ("dm_syncer_dispatch_binlog_duration_count", {"type": "delete"}, 1),
    ("dm_syncer_skip_binlog_duration_count", {"type": "rows"}, 3),
    ("dm_syncer_conflict_detect_duration_count", {}, 32),
    ("dm_syncer_query_duration_time_count", {}, 1),
    ("dm_syncer_replication_transaction_batch_sum", {"type": "rows"}, 45),
    ("dm_syncer_add_job_duration_count", {"type": "flush"}, 2),
]
# The same for those of which only a bound is known.
_AT_LEAST = [
    ("dm_syncer_read_binlog_duration_count", {}, 100),
    ("dm_syncer_binlog_event_size_count", {}, 100),
    ("dm_syncer_binlog_event_size_sum", {}, 2000),
    ("dm_syncer_binlog_transform_cost_count", {"stage": "dml-exec"}, 3),
    ("dm_syncer_txn_duration_time_count", {}, 3),
    ("dm_syncer_target_bytes_total", {}, 45 * 4),
    ("dm_syncer_finished_transaction_total", {}, 3),
    ("dm_syncer_stmt_duration_time_count", {"type": "stmt"}, 3),
    ("dm_syncer_replication_transaction_batch_sum", {"type": "statements"}, 3),
    ("dm_syncer_add_job_duration_count", {"type": "dml"}, 3),
    ("dm_syncer_flush_checkpoints_time_interval_count", {}, 1),
    ("dm_syncer_replication_lag_count", {}, 1),
    ("dm_syncer_commit_lag_count", {}, 1),
]


def test_sync_counts_what_was_done(running, source):
    before = worker_scrape(running)
    for key in range(100, 130):
        source.execute(f"INSERT INTO d.t VALUES ({key}, 0)")
    source.execute("UPDATE d.t SET v = 1 WHERE id BETWEEN 100 AND 109", "DELETE FROM d.t WHERE id BETWEEN 110 AND 114",
                   "ALTER TABLE d.t ADD COLUMN w INT", *(f"INSERT INTO d.other VALUES ({i})" for i in range(3)))
    running.wait_synced("t")
    after = worker_scrape(running)

    def grown(name, labels):
        return after.sum(name, task="t", **labels) - before.sum(name, task="t", **labels)

    assert [(n, l, grown(n, l)) for n, l, _ in _WORK] == _WORK
    assert not [(n, l, grown(n, l)) for n, l, least in _AT_LEAST if grown(n, l) < least]
    assert after.one("dm_syncer_replication_lag_gauge", task="t", source_id="s1") <= 2
    assert after.one("dm_syncer_ideal_qps", task="t") > 0
    assert after.sum("dm_syncer_queue_size", task="t") == 0
    assert after.one("dm_worker_task_state", task="t", source_id="s1") == 2
    check_against_list(after, "dm-worker", {n for n in _METRICS if n.startswith(("lightning_", "dumpling_"))})


def test_binlog_gauges_are_the_places_that_status_shows(running, source):
    source.execute("FLUSH BINARY LOGS", "INSERT INTO d.t VALUES (50, 0)")
    running.wait_synced("t")

    def is_shown():
        status = running.subtask("t", "s1")["sync"]
        seen = worker_scrape(running)
        for node, place in (("master", status["masterBinlog"]), ("syncer", status["syncerBinlog"])):
            file, offset = place.strip("()").split(", ")
            if (seen.one("dm_syncer_binlog_file", task="t", node=node) != int(file.rpartition(".")[2]) or
                    seen.one("dm_syncer_binlog_pos", task="t", node=node) != int(offset)):
                return False
        return True

    running.wait(is_shown, 15, "the gauges to show the places that status shows")
    running.wait(lambda: worker_scrape(running).one("dm_syncer_remaining_time", task="t") == 0, 10, "nothing to remain")


def test_a_blocked_target_shows_as_lag_queues_and_remaining_time(running, source, downstream):
    lock = downstream.connect()
    try:
        with lock.cursor() as cursor:
            cursor.execute("LOCK TABLES d.t WRITE")
        keys = iter(range(1000, 100000))

        def is_behind():
            source.execute(f"INSERT INTO d.t VALUES ({next(keys)}, 0)")
            seen = worker_scrape(running)
            waiting = (seen.sum("dm_syncer_added_jobs_total", task="t") -
                       seen.sum("dm_syncer_finished_jobs_total", task="t"))
            return (seen.one("dm_syncer_replication_lag_gauge", task="t") >= 2 and waiting >= 2 and
                    seen.one("dm_syncer_remaining_time", task="t") > 0 and
                    seen.one("dm_syncer_queue_size", task="t", queue_id="dml_worker_input") >= 1)

        running.wait(is_behind, 30, "lag, queues and remaining time to grow")
    finally:
        lock.close()
    running.wait_synced("t")

    def is_level():
        seen = worker_scrape(running)
        return (seen.one("dm_syncer_replication_lag_gauge", task="t") == 0 and
                seen.one("dm_syncer_remaining_time", task="t") == 0 and seen.sum("dm_syncer_queue_size", task="t") == 0)

    running.wait(is_level, 15, "lag, queues and remaining time to be 0 again")


def test_stages_and_errors(running, source, downstream):
    assert worker_scrape(running).sum("dm_syncer_exit_with_error_count", task="t") == 0
    running.ctl_ok("pause-task", "t")
    assert worker_scrape(running).one("dm_worker_task_state", task="t") == 3
    running.ctl_ok("resume-task", "t")
    running.wait_unit("t", "Sync")
    downstream.execute("DROP TABLE d.t")
    source.execute("INSERT INTO d.t VALUES (60, 0)")
    running.wait_stage("t", "Paused")
    seen = worker_scrape(running)
    assert seen.one("dm_worker_task_state", task="t") == 3
    assert seen.one("dm_syncer_exit_with_error_count", task="t", source_id="s1", resumable_err="false") == 1
    assert seen.one("dm_loader_exit_with_error_count", task="t", source_id="s1", resumable_err="false") == 0
    worker = running.member(running.worker_of("s1"))["addr"]
    running.ctl_ok("stop-task", "t")
    running.wait(lambda: 'task="t"' not in http_get(worker, "/metrics"), 10, "the task's series to be gone")


def test_a_copy_shows_its_progress(cluster, source, downstream):
    source.execute("INSERT INTO d.t SELECT seq, seq FROM d.seq_10_to_50009", "ANALYZE TABLE d.t")
    downstream.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY, v INT)")
    lock = downstream.connect(autocommit=False)
    try:
        with lock.cursor() as cursor:
            cursor.execute("INSERT INTO d.t VALUES (10, 0)")  # not committed: whoever writes this key waits
        cluster.create_source("s1", source)
        cluster.ctl("start-task", cluster.write_task("t", downstream, ["s1"]))

        def is_waiting():
            seen = worker_scrape(cluster)
            return (seen.one("lightning_tables", task="t", state="completed") == 1 and
                    seen.one("lightning_chunks", task="t", state="running") >= 1 and seen)

        seen = cluster.wait(is_waiting, 30, "the small table to be copied and the locked one to wait")
        check_against_list(seen, "dm-worker", {n for n in _METRICS if n.startswith("dm_syncer_")
                                               and n != "dm_syncer_exit_with_error_count"})
        assert seen.one("lightning_tables", task="t", source_id="s1", state="pending") == 2
        assert seen.one("lightning_chunks", task="t", state="estimated") >= 1
        assert 0 <= seen.one("lightning_progress", task="t", phase="total") < 1
        assert 25000 <= seen.one("dumpling_dump_estimate_total_rows", task="t") <= 100000
        assert seen.one("lightning_bytes", task="t", state="total_restore") > 0
        assert seen.one("dumpling_dump_finished_tables", task="t") == 1
        assert seen.one("dumpling_dump_finished_rows", task="t") < 50000
        assert seen.one("dumpling_dump_finished_size", task="t") >= 0
    finally:
        lock.close()
    cluster.wait_unit("t", "Sync")
    cluster.wait(lambda: not worker_scrape(cluster).all("lightning_tables", task="t"), 10, "the copy's series to go")


def test_master_and_process(running):
    assert [http_get(running.master_addr, path) for path in ("/livez", "/readyz")] == ["ok", "ok"]
    master = Scrape.of(running.master_addr)
    check_against_list(master, "dm-master")
    assert {labels["type"]: value for name, labels, value in master.series
            if name == "dm_master_worker_event_error"} == {"handle": 0, "watch": 0}
    calls = master.sum("grpc_server_handled_total", grpc_method="OperateSource", grpc_code="OK")
    assert calls == 1 == master.sum("grpc_server_handling_seconds_count", grpc_method="OperateSource")
    worker = worker_scrape(running)
    assert worker.sum("grpc_server_handled_total", grpc_service="pb.Worker", grpc_method="QueryStatus") >= 1
    bound = running.worker_of("s1")
    assert {labels["worker"]: value for name, labels, value in master.series if name == "dm_master_worker_state"} == {
        worker["name"]: 2 if worker["name"] == bound else 1 for worker in running.members()}
    assert master.one("dm_master_start_leader_counter") == 1
    for seen, pid in ((master, running.master.pid), (worker_scrape(running), running.workers[bound].pid)):
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * 4096
        assert pages / 2 < seen.one("process_resident_memory_bytes") < pages * 2
        assert 0 < seen.one("process_cpu_seconds_total") < 600
        program = "dm_master" if pid == running.master.pid else "dm_worker"
        assert 0 <= seen.one(f"{program}_cpu_usage") <= 100 * os.cpu_count() + 10
        assert 5 < seen.one("process_open_fds") < seen.one("process_max_fds")
        assert seen.one("process_threads") > 3
        started = Path(f"/proc/{pid}").stat().st_mtime
        assert abs(seen.one("process_start_time_seconds") - started) < 60
    running.workers[bound].kill9()
    running.wait(lambda: Scrape.of(running.master_addr).one("dm_master_worker_state", worker=bound) == 0, 20,
                 "the dead worker to show as offline")


def test_pages_of_the_original_are_refused_by_name(cluster):
    """In the form in which the clients of each page read errors."""
    def refusal(path):
        with pytest.raises(urllib.error.HTTPError) as caught:
            http_get(cluster.master_addr, path)
        assert caught.value.code == 501, path
        return caught.value.read().decode("utf-8")

    assert json.loads(refusal("/apis/v1alpha1/status/t")) == {
        "code": 12, "details": [], "message": "[code=20101:class=config:scope=internal:level=medium], Message: the JSON "
        "gateway `/apis/v1alpha1` is not available in this version, Workaround: Use dmctl, or the gRPC services "
        "it calls."}
    answer = json.loads(refusal("/api/v1/tasks"))
    assert answer["error_code"] == 20101 and "`/api/v1` is not available" in answer["error_msg"]
    for path, name in (("/dashboard/", "the web interface"), ("/debug/pprof/", "`/debug/pprof`")):
        assert f"Message: {name} is not available in this version" in refusal(path)
