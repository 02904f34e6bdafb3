"""Where replication takes over from the copy, under many writers: both sides are equal in the end.

This does not prove the place itself; what reads see at a place is a matter of `unit/copy/start_point`.
"""

import threading

import pytest

TABLES = 60
WRITERS = 16
KINDS = ["mysql5.6", "mysql9.7", "mariadb10.11", "mariadb11.8"]


class Writers:
    """Threads that only insert: a row that copy and replication both pass over is missing for ever."""

    def __init__(self, server):
        self._server = server
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._write, args=(number,)) for number in range(WRITERS)]
        self.failures = []
        self.written = [0] * WRITERS

    def _write(self, number):
        try:
            connection = self._server.connect()
            cursor = connection.cursor()
            while not self._over.is_set():
                count = self.written[number]
                cursor.execute(f"INSERT INTO d.t{(count * 7 + number) % TABLES} VALUES ({number}, {count})")
                self.written[number] += 1
            connection.close()
        except Exception as error:  # pylint: disable=broad-except
            self.failures.append(error)

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join()


def rows(server, schema):
    return set(server.query(" UNION ALL ".join(f"SELECT {t}, w, n FROM {schema}.t{t}" for t in range(TABLES))))


@pytest.mark.parametrize("kind", KINDS)
def test_no_transaction_is_lost_at_the_border(kind, cluster, servers, downstream):
    source = servers.get(kind, "up")
    source.execute("CREATE DATABASE d", *[f"CREATE TABLE d.t{t} (w INT, n INT, PRIMARY KEY (w, n))"
                                          for t in range(TABLES)])
    cluster.create_source("gtid", source)
    cluster.create_source("position", source, **{"enable-gtid": False})
    with Writers(source) as writers:
        cluster.wait(lambda: writers.failures or min(writers.written) > 3, 20, "all writers to write")
        for name in ("gtid", "position"):
            cluster.start_task(name, downstream, [{"source-id": name, "route-rules": ["apart"]}],
                               routes={"apart": {"schema-pattern": "d", "target-schema": f"d_{name}"}})
        for name in ("gtid", "position"):
            cluster.wait_unit(name, "Sync")
        before = min(writers.written)
        cluster.wait(lambda: writers.failures or min(writers.written) > before, 20, "writes after the copy")
    assert not writers.failures
    for name in ("gtid", "position"):
        cluster.wait_synced(name)
    written = rows(source, "d")
    assert len(written) == sum(writers.written)
    for name in ("gtid", "position"):
        lows = downstream.value(f"SELECT COUNT(DISTINCT low_name, low_pos) FROM dm_meta.{name}_copy_checkpoint "
                                "WHERE chunk = 0 AND cp_table <> ''")
        assert lows > 1, "the tables were begun at several moments, under way with the writes"
        copied = rows(downstream, f"d_{name}")
        assert copied == written, f"{name}: {sorted(written - copied)[:5]} missing, {sorted(copied - written)[:5]} extra"
