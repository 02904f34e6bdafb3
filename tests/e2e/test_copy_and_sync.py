"""The main path: what is there is copied, what happens meanwhile and afterwards follows."""

from pathlib import Path

from .workload import Workload

SAKILA = Path(__file__).resolve().parents[1] / "data" / "sakila"


def test_copy_and_sync_under_writes(cluster, upstream, downstream, assert_same, seed):
    work = Workload(upstream, "shop", seed).create(rows=2000)
    cluster.create_source("s1", upstream)
    with work:
        cluster.start_task("t", downstream, ["s1"])
        cluster.wait_unit("t", "Sync")
        before = work.transactions
        cluster.wait(lambda: work.transactions > before + 50, 30, "writes during sync")
    cluster.wait_synced("t")
    assert_same(upstream, downstream, "shop")

    work.run(300)
    cluster.wait_synced("t")
    assert_same(upstream, downstream, "shop")

    answer = cluster.ctl("query-status", "t")
    subtask = cluster.subtask("t", "s1")
    assert answer["result"] and answer["sources"][0]["sourceStatus"]["worker"] in cluster.workers
    assert subtask["stage"] == "Running" and not subtask["result"]
    assert int(subtask["sync"]["secondsBehindMaster"]) == 0
    assert subtask["sync"]["syncerBinlog"] == subtask["sync"]["masterBinlog"]
    assert {t["taskName"]: t["taskStatus"] for t in cluster.ctl("query-status")["tasks"]} == {"t": "Running"}


def test_two_sources_of_different_kind_into_one_target(cluster, servers, downstream, assert_same, seed):
    work = [Workload(servers.get(kind, "up"), schema, seed).create(rows=500)
            for kind, schema in (("mariadb10.11", "north"), ("mysql9.7", "south"))]
    for index, each in enumerate(work):
        cluster.create_source(f"s{index}", each.server)
    with work[0], work[1]:
        cluster.start_task("t", downstream, ["s0", "s1"])
        cluster.wait_unit("t", "Sync")
    for each in work:
        each.run(100)
    cluster.wait_synced("t")
    for each in work:
        assert_same(each.server, downstream, each.database)
    assert cluster.worker_of("s0") != cluster.worker_of("s1")


def test_sakila(cluster, servers, downstream, assert_same):
    source = servers.get("mariadb10.11", "up")
    source.load_sql(SAKILA / "sakila-mv-schema.sql", SAKILA / "sakila-mv-data.sql")
    cluster.create_source("s1", source)
    cluster.start_task("t", downstream, ["s1"])
    cluster.wait_unit("t", "Sync")
    source.execute(
        "UPDATE film SET title = CONCAT(title, ' II'), special_features = 'Trailers' WHERE film_id % 5 = 0",
        "INSERT INTO rental SELECT NULL, NOW() - INTERVAL rental_id SECOND, inventory_id, customer_id, NULL, staff_id, "
        "NOW() FROM rental WHERE rental_id % 10 = 0",
        "DELETE FROM payment WHERE amount < 1", "UPDATE staff SET picture = NULL", database="sakila")
    cluster.wait_synced("t")
    assert len(assert_same(source, downstream, "sakila")) == 16


def test_mode_full_ends_finished(cluster, upstream, downstream, assert_same, seed):
    Workload(upstream, "shop", seed).create(rows=500)
    cluster.create_source("s1", upstream)
    cluster.start_task("t", downstream, ["s1"], **{"task-mode": "full"})
    cluster.wait_stage("t", "Finished", 60)
    assert_same(upstream, downstream, "shop")
