"""TLS towards databases: servers that let nobody in without it, and certificates that are not what they should be."""

import base64
import json
import shutil
import subprocess
from types import SimpleNamespace

import pytest

from testbed import Server

from .cluster import Cluster

USER, PASSWORD = "dm", "secret"
NAME = "db-server"


def openssl(*arguments):
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def new_key(path):
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path)
    return path


class Authority:
    """A certificate authority of the test's own."""

    def __init__(self, folder, name):
        self.folder = folder
        self.ca = folder / f"{name}-ca.pem"
        self._key = new_key(folder / f"{name}-ca.key")
        openssl("req", "-x509", "-new", "-key", self._key, "-subj", f"/CN={name}", "-days", "2", "-out", self.ca)

    def certificate(self, common_name, extension):
        """The paths of a certificate and its key."""
        stem = self.folder / common_name
        key, request, certificate = new_key(f"{stem}.key"), f"{stem}.csr", f"{stem}.pem"
        (self.folder / "extensions").write_text(extension + "\n", encoding="ascii")
        openssl("req", "-new", "-key", key, "-subj", f"/CN={common_name}", "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self._key, "-CAcreateserial", "-days", "2",
                "-extfile", self.folder / "extensions", "-out", certificate)
        return certificate, key


def encrypted_server(kind, folder, authority, certificate):
    """A server with an account that must show a certificate."""
    server = Server(kind, folder, name=f"tls-{kind}", options={
        "ssl-ca": authority.ca, "ssl-cert": certificate[0], "ssl-key": certificate[1]}).start()
    server.create_user(USER, PASSWORD)
    server.execute(f"ALTER USER '{USER}'@'%' REQUIRE X509")
    return server


@pytest.fixture(scope="module")
def world(bin_folder, tmp_path_factory):
    """Two servers that require TLS, with certificates for 127.0.0.1, and a cluster; emptied by the tests themselves."""
    folder = tmp_path_factory.mktemp("tls")
    authority, other = Authority(folder, "ours"), Authority(folder, "theirs")
    certificate = authority.certificate(NAME, "subjectAltName=IP:127.0.0.1")
    client = authority.certificate("dm-client", "extendedKeyUsage=clientAuth")
    source, target = (encrypted_server(kind, folder / kind, authority, certificate)
                      for kind in ("mysql9.7", "mariadb10.11"))
    cluster = Cluster(bin_folder, folder / "dm", workers=1).start()
    yield SimpleNamespace(source=source, target=target, cluster=cluster, authority=authority, other=other,
                          client=client)
    cluster.remove()
    source.remove()
    target.remove()


@pytest.fixture
def dm(world):
    """The same with a table in the source; task and source are taken away again."""
    world.source.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY) COLLATE utf8mb4_bin",
                         "INSERT INTO d.t VALUES (1), (2)")
    yield world
    for command in (("stop-task", "t"), ("operate-source", "stop", "s1")):
        world.cluster.ctl(*command)
    for server in (world.source, world.target):
        for schema in server.schemas():
            server.execute(f"DROP DATABASE {schema}")


def security(dm, **changes):
    """All by paths."""
    return {"ssl-ca": str(dm.authority.ca), "ssl-cert": str(dm.client[0]), "ssl-key": str(dm.client[1]), **changes}


def in_base64(block):
    return {key + "-base64": base64.b64encode(open(path, "rb").read()).decode() for key, path in block.items()}


def source_file(dm, block, **changes):
    config = dm.cluster.source_config("s1", dm.source)
    config["from"].update(user=USER, password=PASSWORD, security=block, **changes)
    return dm.cluster.write("source-s1.yaml", config)


def task_file(dm, block, **changes):
    task = dm.cluster.task_config("t", dm.target, ["s1"])
    task["target-database"].update(user=USER, password=PASSWORD, security=block, **changes)
    return dm.cluster.write("task-t.yaml", task)


def ctl_from_elsewhere(dm, folder, *arguments):
    """dmctl in a folder where the files of relative paths are not: the paths go to the master as they are."""
    done = subprocess.run([dm.cluster.bin / "dmctl", "--master-addr", dm.cluster.master_addr, *map(str, arguments)],
                          capture_output=True, text=True, cwd=folder, timeout=60, check=False)
    answer = json.loads(done.stdout)
    assert answer["result"] and all(s["result"] for s in answer["sources"]), done.stdout + done.stderr


def assert_replicates(dm):
    dm.cluster.wait_unit("t", "Sync")
    dm.source.execute("INSERT INTO d.t VALUES (3)")
    dm.cluster.wait(lambda: dm.target.value("SELECT COUNT(*) FROM d.t") == 3, 30, "three rows")


def test_by_paths_on_the_servers_of_dm(dm, tmp_path):
    """Neither account works without TLS, so whatever connects has used the files."""
    own = dm.cluster.folder / "tls"
    shutil.rmtree(own, ignore_errors=True)
    own.mkdir()
    for path in (dm.authority.ca, *dm.client):
        shutil.copy(path, own)
    block = {key: "tls/" + path.rpartition("/")[2] for key, path in security(dm).items()}
    ctl_from_elsewhere(dm, tmp_path, "operate-source", "create", source_file(dm, block))
    ctl_from_elsewhere(dm, tmp_path, "start-task", task_file(dm, block))
    assert_replicates(dm)


def test_by_base64_with_the_right_name(dm):
    block = {**in_base64(security(dm)), "cert-allowed-cn": ["somebody", NAME]}
    dm.cluster.ctl_ok("operate-source", "create", source_file(dm, block))
    dm.cluster.ctl_ok("start-task", task_file(dm, block))
    assert_replicates(dm)


def test_dmctl_sends_the_files(dm, tmp_path):
    """The files are only where dmctl runs, and gone before they are needed again."""
    paths = {key: shutil.copy(path, tmp_path / key) for key, path in security(dm).items()}
    block = {key: str(path) for key, path in paths.items()}
    dm.cluster.ctl_ok("operate-source", "create", source_file(dm, block))
    dm.cluster.ctl_ok("start-task", task_file(dm, block))
    for path in paths.values():
        path.unlink()
    dm.cluster.ctl_ok("pause-task", "t")
    dm.cluster.ctl_ok("resume-task", "t")
    assert_replicates(dm)
    shown = dm.cluster.ctl("config", "task", "t")["cfg"] + dm.cluster.ctl("config", "source", "s1")["cfg"]
    assert "ssl-key-bytes: []" in shown and "- 45" not in shown


@pytest.mark.parametrize("changes, says", [
    (lambda dm: {"ssl-ca": str(dm.other.ca)}, ["TLS", "`ssl-ca` must hold the authority"]),
    (lambda dm: {"cert-allowed-cn": ["somebody"]}, ["code=11112", f"is '{NAME}'", "`cert-allowed-cn` takes somebody"]),
    (lambda dm: {"ssl-ca": "", "cert-allowed-cn": [NAME]}, ["code=11112", "`cert-allowed-cn` needs `ssl-ca`"]),
    (lambda dm: {"ssl-cert": "", "ssl-key": ""}, ["Access denied"]),
    (lambda dm: {"ssl-key": str(dm.other.ca)}, ["TLS"]),
], ids=["another authority", "another name", "a name without an authority", "no own certificate", "no key"])
def test_what_does_not_fit_is_refused(dm, changes, says):
    """By the source's side when it is created, by the target's when the task starts."""
    wrong = security(dm, **changes(dm))
    answer = dm.cluster.ctl("operate-source", "create", source_file(dm, wrong))
    assert not answer["result"]
    for text in says:
        assert text in answer["msg"], answer["msg"]
    dm.cluster.ctl_ok("operate-source", "create", source_file(dm, security(dm)))
    answer = dm.cluster.ctl("start-task", task_file(dm, wrong))
    assert not answer["result"]
    for text in says:
        assert text in answer["msg"] + answer["checkResult"], answer


def test_a_certificate_for_another_host_is_refused(dm):
    answer = dm.cluster.ctl("operate-source", "create", source_file(dm, security(dm), host="localhost"))
    assert not answer["result"] and "certificate must name the host" in answer["msg"], answer
