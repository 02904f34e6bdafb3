"""Wrong files and command lines: each gets a code and advice, and nothing changes by them.

One cluster with a running task serves all; after each case the same processes run, the task too, and every key of the
cluster's memory is as it was.
"""

import pytest

from .malformed import changed, good_task, raw_texts, source_changes, task_changes
from .unharmed import Scene, scene_of


@pytest.fixture(scope="module")
def scene(bin_folder, tmp_path_factory, _all_servers):
    with scene_of(bin_folder, tmp_path_factory.mktemp("malformed"), _all_servers) as made:
        yield made


@pytest.fixture(autouse=True)
def _unharmed(scene):
    yield
    scene.check()


def refused(scene: Scene, words, said, leading_words=()):
    """dmctl answers with the code and the words of `said`, by its status or by `result`."""
    done = scene.cluster.ctl_run(*words)
    text = done.stdout + done.stderr
    code, _, fragment = said.partition(" ")
    assert done.returncode == 1 or '"result": false' in done.stdout, text[:2000]
    assert f"code={code}:" in text, text[:2000]
    assert fragment in text and all(word in text for word in leading_words), text[:2000]
    assert len(text) < 20000, "an answer that nobody can read"
    return text


@pytest.mark.parametrize("name", raw_texts())
def test_file_that_is_no_task(scene, name):
    content, said = raw_texts()[name]
    path = scene.cluster.folder / "raw.yaml"
    path.write_bytes(content)
    refused(scene, ["start-task", path], said)
    refused(scene, ["check-task", path], said)


@pytest.mark.parametrize("name", [name for name, (_, said) in raw_texts().items() if said.startswith("20003")])
def test_file_that_is_no_source(scene, name):
    path = scene.cluster.folder / "raw.yaml"
    path.write_bytes(raw_texts()[name][0])
    refused(scene, ["operate-source", "create", path], "20003 raw.yaml", ["Workaround: "])


@pytest.mark.parametrize("name", task_changes({}))
def test_task(scene, name):
    changes, said = task_changes(scene.target)[name]
    path = scene.cluster.write("bad-task.yaml", changed(good_task(scene.target), changes))
    refused(scene, ["start-task", path], said)


@pytest.mark.parametrize("name", source_changes({}))
def test_source(scene, name):
    changes, said = source_changes(scene.upstream)[name]
    path = scene.cluster.write("bad-source.yaml", changed(scene.cluster.source_config("bad", scene.source), changes))
    assert "Tr0ub4dor" not in refused(scene, ["operate-source", "create", path], said)


COMMANDS = {
    "no-such-file": (["start-task", "/no/such/file.yaml"], 1, "/no/such/file.yaml"),
    "folder-as-file": (["start-task", "/tmp"], 1, "file '/tmp' cannot be read"),
    "device-as-file": (["start-task", "/dev/null"], 0, "code=20019"),
    "no-command": (["start-tusk", "x"], 1, "unknown command"),
    "no-argument": (["start-task"], 1, "Usage:"),
    "two-arguments": (["start-task", "a", "b"], 1, "Usage:"),
    "unknown-flag": (["query-status", "--colour", "blue"], 1, "unknown flag: --colour"),
    "flag-without-value": (["operate-source", "create", "x", "-w"], 1, "-w"),
    "number-text": (["check-task", "x", "--error", "many"], 1, "many"),
    "number-overflow": (["check-task", "x", "--error", "9" * 40], 1, "9" * 40),
    "giant-name": (["query-status", "t" * 100_000], 0, "has no source or not exist"),
    "unknown-task": (["query-status", "nobody"], 0, "task nobody has no source or not exist"),
    "pause-unknown": (["pause-task", "nobody"], 0, "nobody has no source or not exist"),
    "resume-unknown": (["resume-task", "nobody"], 0, "nobody has no source or not exist"),
    "stop-unknown": (["stop-task", "nobody"], 0, "nobody has no source or not exist"),
    "pause-empty-name": (["pause-task", ""], 0, "has no source or not exist"),
    "pause-nothing": (["pause-task"], 1, "can only specify one source when the task is not specified"),
    "pause-unknown-source": (["pause-task", "t", "-s", "nobody"], 0, "subtask of task t on source nobody not exist"),
    "stop-unknown-source": (["stop-task", "t", "-s", "nobody"], 0, "subtask of task t on source nobody not exist"),
    "status-unknown-source": (["query-status", "-s", "nobody"], 0, "sources [nobody] haven't been added"),
    "status-giant-list": (["query-status", "-s", ",".join(f"s{n}" for n in range(2, 9000))], 0, "haven't been added"),
    "source-operation": (["operate-source", "explode", "x"], 1, "explode"),
    "source-stop-unknown": (["operate-source", "stop", "nobody"], 0, "code=46008"),
    "source-stop-with-task": (["operate-source", "stop", "s1"], 0, "code=46010"),
    "source-show-unknown": (["operate-source", "show", "-s", "nobody"], 0, "code=46008"),
    "transfer-unknown-source": (["transfer-source", "nobody", "worker-1"], 0, "code=46008"),
    "transfer-unknown-worker": (["transfer-source", "s1", "nobody"], 0, "code=46004"),
    "transfer-one-word": (["transfer-source", "s1"], 1, "Usage:"),
    "offline-unknown": (["offline-member", "--worker", "-n", "nobody"], 1, "code=46004"),
    "offline-online": (["offline-member", "--worker", "-n", "worker-1"], 1, "code=46005"),
    "offline-unknown-master": (["offline-member", "--master", "-n", "nobody"], 1, "code=38048"),
    "offline-nothing": (["offline-member"], 1, "--master"),
    "leader-operation": (["operate-leader", "crown"], 1, "crown"),
    "config-unknown-task": (["config", "task", "nobody"], 0, "task not found"),
    "config-unknown-source": (["config", "source", "nobody"], 0, "source not found"),
    "config-unknown-worker": (["config", "worker", "nobody"], 0, "worker not found"),
    "config-unknown-master": (["config", "master", "nobody"], 0, "master not found"),
    "import-no-folder": (["config", "import", "-p", "/no/such/folder"], 1, "/no/such/folder"),
    "encrypt-no-key": (["encrypt", "secret"], 1, "code=20067"),
    "relay": (["start-relay", "-s", "s1", "worker-1"], 1, "relay logs are not part of this version"),
    "validation": (["validation", "start", "t"], 1, "validation is not part of this version"),
    "bad-address": (["--master-addr", "nowhere:99999", "list-member"], 1, "99999"),
    "bad-timeout": (["--rpc-timeout", "soon", "list-member"], 1, "soon"),
    "bad-config-file": (["--config", "/dev/zero", "list-member"], 1, "/dev/zero"),
    "not-utf8-name": (["query-status", b"t\xff"], 1, "UTF-8"),
    "not-utf8-source": (["query-status", "-s", b"\xff"], 1, "UTF-8"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_command_line(scene, name):
    words, status, said = COMMANDS[name]
    done = scene.run_dmctl(words)
    text = done.stdout + done.stderr
    assert done.returncode == status and said in text, (done.returncode, text[:2000])
    assert status == 1 or '"result": false' in done.stdout, text[:2000]


DAEMON_FILES = {
    "unknown-key": ('nam = "x"\n', ["code=380", "nam"]),
    "no-toml": ("name: x\n", ["code=380", ":1"]),
    "type": ("name = 5\n", ["code=380", "name"]),
    "address": ('master-addr = "nowhere"\n', ["code=38035", "nowhere"]),
    "bytes": ("name = \"\xff\0\"\n", ["code=380"]),
    "negative": ('master-addr = "127.0.0.1:1"\nmax-txn-ops = -1\n', ["code=380", "max-txn-ops"]),
    "overflow": ('master-addr = "127.0.0.1:1"\nquota-backend-bytes = 99999999999999999999\n', ["code=380"]),
    "duration": ('master-addr = "127.0.0.1:1"\nrpc-timeout = "a while"\n', ["code=380", "rpc-timeout"]),
    "deep": ("a = " + "[" * 5000 + "]" * 5000 + "\n", ["code=380"]),
}


@pytest.mark.parametrize("program", ["dm-master", "dm-worker"])
@pytest.mark.parametrize("name", DAEMON_FILES)
def test_file_of_a_daemon(scene, program, name):
    content, said = DAEMON_FILES[name]
    if program == "dm-worker" and name in ("negative", "overflow", "duration"):
        content, said = content.replace("master-addr", "worker-addr"), ["code=400"]
    elif program == "dm-worker":
        content = content.replace("master-addr", "worker-addr")
        said = ["code=400", *said[1:]]
    path = scene.cluster.folder / "daemon.toml"
    path.write_bytes(content.encode("latin-1"))
    done = scene.run(program, ["--config", path])
    text = done.stdout + done.stderr
    assert done.returncode == 2 and all(part in text for part in said), (done.returncode, text[:2000])
