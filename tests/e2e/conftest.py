"""Fixtures of the end-to-end tests: servers, a cluster of the built programs, a seed."""

import os
import random
import shutil
from pathlib import Path

import pytest

from testbed import Server, compare_tables, list_tables

from .cluster import Cluster

_ROOT = Path(__file__).resolve().parents[2]
UPSTREAM_KINDS = ["mariadb10.11", "mysql9.7"]


def pytest_addoption(parser):
    parser.addoption("--seeds", help="seeds of test_random_workload.py: 1-100 or 3,7,9; a few when left out")
    parser.addoption("--upstream", help="only seeds of test_random_workload.py with this kind of upstream")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    outcome = yield
    report = outcome.get_result()
    if report.when == "call":
        item.call_report = report


@pytest.fixture(scope="session")
def bin_folder():
    return _ROOT / "build" / os.environ.get("DM_PRESET", "release") / "bin"


@pytest.fixture(scope="session")
def seed():
    """Seed of all random choices; DM_SEED replays a run."""
    return int(os.environ.get("DM_SEED") or random.SystemRandom().randrange(10**9))


def pytest_runtest_logreport(report):
    if report.when == "call" and report.failed:
        for key, value in report.user_properties:
            if key == "seed":
                report.sections.append(("seed", f"replay with DM_SEED={value}"))


@pytest.fixture(autouse=True)
def _tell_seed(seed, record_property):
    record_property("seed", seed)


@pytest.fixture(autouse=True)
def _nothing_is_left_of_what_passed(request, tmp_path):
    """The folder of a test that passed goes: an etcd alone keeps 125 MB. Torn down last, since it is set up first."""
    yield
    report = getattr(request.node, "call_report", None)
    if report is not None and report.passed:
        shutil.rmtree(tmp_path, ignore_errors=True)


class Servers:
    """Servers by (kind, role), started when first asked for and emptied before each test that asks again."""

    def __init__(self, folder):
        self._folder = folder
        self._running = {}
        self._clean = set()

    def get(self, kind, role):
        server = self._running.get((kind, role))
        if server is None:
            name = f"{role}-{kind}"
            server = self._running[kind, role] = Server(kind, self._folder / name, name=name).start()
        elif (kind, role) not in self._clean:
            server.drop_everything()
        self._clean.add((kind, role))
        return server

    def new_test(self):
        self._clean.clear()

    def remove(self):
        for server in self._running.values():
            server.remove()


@pytest.fixture(scope="session")
def _all_servers(tmp_path_factory):
    servers = Servers(tmp_path_factory.mktemp("servers"))
    yield servers
    servers.remove()


@pytest.fixture
def servers(_all_servers):
    """servers.get(kind, role): a server that lives as long as the test run, without any tables at first."""
    _all_servers.new_test()
    return _all_servers


@pytest.fixture(params=UPSTREAM_KINDS)
def upstream(request, servers):
    """Each kind of upstream in turn."""
    return servers.get(request.param, "up")


@pytest.fixture
def downstream(servers):
    return servers.get("mariadb10.11", "down")


@pytest.fixture
def new_server(tmp_path):
    """new_server(kind, name): a server of the test's own, to be killed or stopped at will."""
    started = []

    def make(kind, name, **options):
        server = Server(kind, tmp_path / name, name=name, **options).start()
        started.append(server)
        return server

    yield make
    for server in started:
        server.remove()


@pytest.fixture
def new_cluster(bin_folder, tmp_path):
    """new_cluster(workers=N): started programs, killed after the test. Logs stay in the test's folder."""
    started = []

    def make(**options):
        cluster = Cluster(bin_folder, tmp_path / f"dm-{len(started)}", **options)
        started.append(cluster)
        return cluster.start()

    yield make
    for cluster in started:
        cluster.kill()


@pytest.fixture
def cluster(new_cluster):
    """One master, two workers."""
    return new_cluster(workers=2)


@pytest.fixture
def running(new_cluster):
    """running(upstream, downstream, **keys of the task): a cluster of one worker whose task t is in unit Sync.

    With `unit=None` nothing is waited for: the task may have failed already.
    """
    def start(upstream, downstream, unit="Sync", **changes):
        cluster = new_cluster(workers=1)
        cluster.create_source("s1", upstream)
        if unit is None:
            cluster.ctl("start-task", cluster.write_task("t", downstream, ["s1"], **changes))
            return cluster
        cluster.start_task("t", downstream, ["s1"], **changes)
        cluster.wait_unit("t", unit)
        return cluster

    return start


@pytest.fixture
def assert_same():
    """assert_same(left, right, schemas or pairs): every row on both sides is equal, and there are rows at all."""
    def check(left, right, *what, allow_empty=False):
        pairs = []
        for item in what:
            pairs += list_tables(left, item) if isinstance(item, str) else [item]
        assert pairs, f"nothing to compare in {what}"
        for schema in (item for item in what if isinstance(item, str)):
            assert list_tables(left, schema) == list_tables(right, schema)
        results = compare_tables(left, right, pairs)
        assert not any(r.differences for r in results), "\n".join(str(r) for r in results)
        assert allow_empty or any(r.left_rows for r in results), "all tables are empty"
        return results

    return check
