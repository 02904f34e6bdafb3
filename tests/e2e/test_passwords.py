"""Passwords: encrypted in files, with the right key and with others, and never seen in what anything says."""

import re
import secrets

import pytest

from .scrape import http_get

USER = "dm"
SECRET = "Tr0ub4dor-und-3-Pferde"
GRANTS = "ALL PRIVILEGES ON *.*"


@pytest.fixture
def source(servers):
    server = servers.get("mariadb10.11", "up")
    server.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY)", "INSERT INTO d.t VALUES (1), (2)")
    server.create_user(USER, SECRET, GRANTS)
    return server


@pytest.fixture
def target(downstream):
    downstream.create_user(USER, SECRET, GRANTS)
    return downstream


@pytest.fixture
def key(tmp_path):
    """key(name): the path of a new secret key."""
    def make(name):
        path = tmp_path / f"{name}.key"
        path.write_text(secrets.token_hex(32) + "\n", encoding="ascii")
        return path

    return make


def with_key(path):
    return {"workers": 1, "master_arguments": ["--secret-key-path", path]}


def log_in_as(config, password):
    config.update(user=USER, password=password)


def start_all(cluster, source, target, password):
    """Source `s1` and task `t`, both with this password in their files."""
    config = cluster.source_config("s1", source)
    log_in_as(config["from"], password)
    cluster.ctl_ok("operate-source", "create", cluster.write("source-s1.yaml", config))
    task = cluster.task_config("t", target, ["s1"])
    log_in_as(task["target-database"], password)
    cluster.ctl_ok("start-task", cluster.write("task-t.yaml", task))
    cluster.wait_unit("t", "Sync")


def exported(cluster):
    """The folder of a fresh export and the passwords in it."""
    folder = cluster.folder / "exported"
    assert cluster.ctl_run("config", "export", "-p", folder).returncode == 0
    passwords = [line for path in sorted(folder.rglob("*.yaml"))
                 for line in re.findall(r"^\s+password: (.*)$", path.read_text(encoding="utf-8"), re.M)]
    return folder, passwords


@pytest.fixture
def moved(new_cluster, source, target, key):
    """A key, and the export of a cluster that had it and is gone."""
    first = key("first")
    cluster = new_cluster(**with_key(first))
    encrypted = cluster.ctl_run("encrypt", SECRET).stdout.strip()
    assert SECRET not in encrypted and cluster.ctl_run("encrypt", SECRET).stdout.strip() != encrypted
    start_all(cluster, source, target, encrypted)
    folder, passwords = exported(cluster)
    assert len(passwords) == 2 and len(set(passwords)) == 2 and encrypted not in passwords
    assert all(len(p) > 40 and SECRET not in p for p in passwords), passwords
    cluster.kill()
    return first, folder


def test_an_export_is_taken_over_with_the_same_key(new_cluster, moved, source, target):
    first, folder = moved
    cluster = new_cluster(**with_key(first))
    done = cluster.ctl_run("config", "import", "-p", folder)
    assert done.returncode == 0, done.stdout + done.stderr
    source.execute("INSERT INTO d.t VALUES (3)")
    cluster.wait_synced("t")
    assert target.value("SELECT COUNT(*) FROM d.t") == 3


def test_an_export_is_refused_with_another_key(new_cluster, moved, key):
    _, folder = moved
    cluster = new_cluster(**with_key(key("second")))
    done = cluster.ctl_run("config", "import", "-p", folder)
    assert done.returncode == 1 and "sources/s1.yaml" in done.stderr, done.stdout + done.stderr
    # So many bytes decrypted with a wrong key are text by chance less than once in a hundred million times.
    assert "code=20010" in done.stdout and "`from.password`" in done.stdout and "another key" in done.stdout
    assert cluster.ctl("operate-source", "show")["sources"] == []


def test_an_export_is_refused_without_a_key(new_cluster, moved):
    _, folder = moved
    cluster = new_cluster(workers=1)
    done = cluster.ctl_run("config", "import", "-p", folder)
    assert done.returncode == 1 and "Access denied" in done.stdout, done.stdout + done.stderr
    assert "has the form of an encrypted one" in done.stdout and "secret-key-path" in done.stdout
    assert cluster.ctl("operate-source", "show")["sources"] == []


def test_without_a_key_nothing_is_encrypted(cluster):
    done = cluster.ctl_run("encrypt", SECRET)
    assert done.returncode == 1 and "secret-key-path" in done.stderr and SECRET not in done.stdout + done.stderr


@pytest.mark.parametrize("content, said", [("00", "instead of 64"), ("z" * 64, "hexadecimal"), (None, "no such file")])
def test_a_file_that_holds_no_key(new_cluster, tmp_path, bin_folder, content, said):
    path = tmp_path / "bad.key"
    if content is not None:
        path.write_text(content, encoding="ascii")
    with pytest.raises(AssertionError) as caught:
        new_cluster(workers=0, **{"master_arguments": ["--secret-key-path", path]})
    assert "20067" in str(caught.value) and said in str(caught.value).lower()


# Files of which something is wrong near the password; {} is where it stands.
_BROKEN = [
    "source-id: s2\nfrom: {{host: 127.0.0.1, port: 1, user: dm, password: {}}}\n",
    "source-id: s2\nfrom: {{host: 127.0.0.1, port: 1, user: dm, password: [{}]}}\n",
    "source-id: s2\nfrom: {{host: 127.0.0.1, port: 1, user: dm, password: {{a: {}}}}}\n",
    "source-id: s2\nfrom:\n  password: \"{}\n",
    "source-id: s2\nfrom:\n  passwort: {}\n",
    "source-id: s2\npassword: {}\n",
    "source-id: s2\nfrom:\n  password: {}\n  password: {}\n",
    "source-id: s2\nfrom:\n  password:{}\n",
]


def test_a_password_is_nowhere_to_be_seen(new_cluster, source, target):
    """In no output of any command, in no log, at no address; it is in the files that an export writes without a key."""
    cluster = new_cluster(workers=1, master_arguments=["-L", "debug"], worker_arguments=["-L", "debug"])
    said = []

    def ctl(*arguments):
        done = cluster.ctl_run(*arguments)
        said.append((arguments, done.stdout + done.stderr))

    start_all(cluster, source, target, SECRET)
    for arguments in (["config", "source", "s1"], ["config", "task", "t"], ["config", "master", "master-1"],
                      ["config", "worker", "worker-1"], ["get-config", "task", "t"], ["get-config", "source", "s1"],
                      ["get-task-config", "t"], ["query-status"], ["query-status", "t"],
                      ["query-status", "--output", "table"], ["list-member"], ["operate-source", "show"],
                      ["check-task", "task-t.yaml"], ["start-task", "task-t.yaml"], ["encrypt", SECRET],
                      ["operate-source", "create", "source-s1.yaml"], ["config", "import", "-p", "nowhere"]):
        ctl(*arguments)
    for name, content in enumerate(_BROKEN):
        ctl("operate-source", "create", cluster.write(f"broken-{name}.yaml", content.format(SECRET, SECRET)))
        ctl("start-task", cluster.write(f"broken-{name}.yaml", content.format(SECRET, SECRET).replace(
            "source-id", "name").replace("from", "target-database")))
    folder, passwords = exported(cluster)
    assert passwords == [SECRET, SECRET]

    # The servers refuse the login while the task runs, and a new account of that name is refused by the check.
    source.execute(f"SET PASSWORD FOR '{USER}'@'%' = PASSWORD('another')")
    target.execute(f"SET PASSWORD FOR '{USER}'@'%' = PASSWORD('another')")
    worker = cluster.workers["worker-1"]
    worker.kill9()
    worker.start()
    cluster.wait(lambda: (cluster.subtasks("t").get("s1") or {}).get("result"), 60, "an error of the login")
    ctl("query-status", "t")
    assert "Access denied" in said[-1][1]
    ctl("check-task", "task-t.yaml")
    ctl("stop-task", "t")
    ctl("operate-source", "stop", "s1")

    for address, paths in ((cluster.master_addr, ["/status", "/health", "/metrics"]),
                           (cluster.member("worker-1")["addr"], ["/status", "/metrics"])):
        said += [((address, path), http_get(address, path)) for path in paths]
    logs = [path for path in cluster.folder.rglob("*.log")]
    assert {path.name for path in logs} >= {"master-1.log", "worker-1.log", "dmctl.log"}
    said += [(path.name, path.read_text(encoding="utf-8", errors="replace")) for path in logs]
    assert len(said) > 40
    assert [what for what, text in said if SECRET in text] == []
    stars = [what for what, text in said if "******" in text]
    assert len(stars) >= 4, stars
