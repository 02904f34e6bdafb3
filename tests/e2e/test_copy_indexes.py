"""Secondary indexes of large tables: added after the rows, whatever happens on the way."""

import pytest

from .test_crashes import Hold

TABLE = """CREATE TABLE big.t (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, k INT NOT NULL, v CHAR(36) NOT NULL,
    w VARCHAR(40) NOT NULL, pad CHAR(120) NOT NULL, n INT GENERATED ALWAYS AS (k + 1) VIRTUAL,
    UNIQUE KEY u (v, id), KEY k_1 (k), KEY `k ``2` (w(7), k) COMMENT 'KEY (x),', KEY gen (n), FULLTEXT KEY ft (w))
    ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci"""


@pytest.fixture(params=["mariadb11.8", "mysql9.7"])
def source(request, servers):
    """Large tables, one without and one with a foreign key, and one whose counter only a plain index covers."""
    server = servers.get(request.param, "up")
    fill = "REPEAT('p', 120) FROM information_schema.columns LIMIT 600"
    server.execute(
        "CREATE DATABASE big", TABLE,
        f"INSERT INTO big.t (k, v, w, pad) SELECT RAND() * 1000, UUID(), UUID(), {fill}",
        *["INSERT INTO big.t (k, v, w, pad) SELECT RAND() * 100000, UUID(), UUID(), pad FROM big.t LIMIT 12000"] * 7,
        "CREATE TABLE big.child (id INT NOT NULL PRIMARY KEY, t_id INT, KEY t_id (t_id), pad CHAR(250), "
        "CONSTRAINT fk FOREIGN KEY (t_id) REFERENCES big.t (id)) ENGINE=InnoDB",
        "INSERT INTO big.child SELECT id, id, pad FROM big.t",
        "CREATE TABLE big.counted (a INT NOT NULL PRIMARY KEY, n INT NOT NULL AUTO_INCREMENT, pad CHAR(250), "
        "KEY n (n), KEY a_n (a, n)) ENGINE=InnoDB",
        "INSERT INTO big.counted (a, pad) SELECT id, pad FROM big.t",
        "ANALYZE TABLE big.t, big.child, big.counted")
    return server


def indexes(server, schema):
    return server.query(
        "SELECT table_name, index_name, seq_in_index, column_name, sub_part, index_type, non_unique, index_comment "
        "FROM information_schema.statistics WHERE table_schema = %s ORDER BY 1, 2, 3", (schema,))


def names(server, table):
    return {row[1] for row in indexes(server, "big") if row[0] == table}


def start_and_hold(cluster, target):
    """Starts the copy and stops the target's writes when the first chunks of big.t are planned."""
    cluster.start_task("t", target, [{"source-id": "s1", "mydumper-thread": 1}])
    cluster.wait(lambda: target.query("SHOW TABLES IN dm_meta LIKE 't_copy_checkpoint'") and
                 target.value("SELECT COUNT(*) FROM dm_meta.t_copy_checkpoint "
                              "WHERE cp_table = 't' AND chunk > 0"), 30, "first chunks")
    return Hold(target)


def pending(target):
    return dict(target.query("SELECT cp_table, late_indexes FROM dm_meta.t_copy_checkpoint WHERE late_indexes <> ''"))


def test_a_worker_killed_before_the_indexes(cluster, source, downstream, assert_same):
    cluster.create_source("s1", source)
    hold = start_and_hold(cluster, downstream)
    assert not any("FOREIGN" in text or "ft" in text for text in pending(downstream).values())
    victim = cluster.worker_of("s1")
    cluster.workers[victim].kill9()
    hold.release()
    cluster.wait(lambda: cluster.worker_of("s1") not in (None, victim), 20, "another worker to take over")
    cluster.wait_synced("t")
    assert pending(downstream) == {}
    assert indexes(downstream, "big") == indexes(source, "big")
    assert_same(source, downstream, "big")


def test_the_target_killed_before_the_indexes(new_cluster, new_server, source, assert_same):
    cluster, target = new_cluster(workers=1), new_server("mysql9.7", "target")
    cluster.create_source("s1", source)
    start_and_hold(cluster, target)
    held = pending(target)
    assert held and set(held) <= {"t", "counted"}, held
    for table in held:
        assert not names(target, table) & {"k_1", "k `2", "gen", "a_n"}, "they come after the rows"
    target.kill9()
    target.start()
    cluster.wait_synced("t")
    assert pending(target) == {}
    assert indexes(target, "big") == indexes(source, "big")
    assert_same(source, target, "big")


def test_ddl_while_indexes_are_pending(cluster, source, downstream, assert_same):
    cluster.create_source("s1", source)
    hold = start_and_hold(cluster, downstream)
    source.execute("ALTER TABLE big.t ADD COLUMN extra INT NOT NULL DEFAULT 7, DROP KEY k_1, ADD KEY k_3 (pad)",
                   "ALTER TABLE big.counted ADD KEY pad (pad)", "UPDATE big.t SET extra = id WHERE id % 7 = 0")
    hold.release()
    cluster.wait_synced("t")
    assert indexes(downstream, "big") == indexes(source, "big")
    assert_same(source, downstream, "big")
