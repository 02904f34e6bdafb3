"""Accidents at random moments: killed programs and servers, cut connections."""

import contextlib
import random

from testbed import free_port
from testbed.waiting import pause

from .proxy import Proxy


class Chaos:
    """Accidents for one cluster, its source and its target, chosen by a seed. Use from the thread that started them.

    Programs are to reach the servers through `source` and `target`, which are addresses as Cluster wants them.
    """

    class Address:
        def __init__(self, server, proxy):
            self.port, self.password = proxy.port, server.password

    def __init__(self, cluster, upstream, downstream, storm, seed):
        self.random = random.Random(f"{seed}/chaos")
        self.done = []
        self._cluster, self._storm = cluster, storm
        self._servers = (upstream, downstream)
        self._proxies = [Proxy(server.port, free_port()) for server in self._servers]
        self.source, self.target = (self.Address(*pair) for pair in zip(self._servers, self._proxies))

    def close(self):
        for proxy in self._proxies:
            proxy.close()

    def run(self, accidents, longest_pause=2.5):
        """So many accidents, one after the other; whatever ended runs again afterwards."""
        for _ in range(accidents):
            pause(self.random.random() * longest_pause)
            kills = [] if self._storm.other_engines else [self.kill_target, self.kill_source]
            accident = self.random.choice([self.kill_worker, self.kill_worker, *kills, self.cut_source, self.cut_target,
                                           self.cut_target, self.stop_and_go])
            self.done.append(accident.__name__)
            accident()

    def kill_worker(self):
        name = self._cluster.worker_of("s1") or self.random.choice(list(self._cluster.workers))
        self._cluster.workers[name].kill9()
        pause(self.random.choice([0, 1, 4]))  # back before its lease has run out, or after
        self._cluster.workers[name].start()

    @contextlib.contextmanager
    def _no_structure_changes(self, server):
        """MariaDB (10.11.19), killed while it drops a partitioned table, may keep a partition and take no such table again."""
        if not server.kind.is_mariadb:
            yield
            return
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("BACKUP STAGE START")
            cursor.execute("BACKUP STAGE BLOCK_DDL")
            yield

    def kill_target(self):
        with self._no_structure_changes(self._servers[1]):
            self._servers[1].kill9()
        pause(self.random.random())
        self._servers[1].start()

    def kill_source(self):
        with self._storm.structure_gate:
            self._servers[0].kill9()
        pause(self.random.random())
        self._servers[0].start()

    def cut_source(self):
        self._proxies[0].cut()

    def cut_target(self):
        self._proxies[1].cut()

    def stop_and_go(self):
        self._cluster.ctl("pause-task", "t")
        pause(self.random.random())
        self._cluster.ctl("resume-task", "t")
