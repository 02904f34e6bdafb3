"""What people and scripts see: dmctl on a terminal and in a pipe, and that no secret is ever shown."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from testbed import Process, free_port, wait_until

from .scrape import http_get
from .terminal import Terminal

_RED, _GREEN, _YELLOW = "\x1b[31m", "\x1b[32m", "\x1b[33m"


@pytest.fixture
def source(servers):
    server = servers.get("mariadb10.11", "up")
    server.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY, v VARCHAR(50))",
                   "INSERT INTO d.t VALUES (1, 'one'), (2, 'two')")
    return server


@pytest.fixture
def running(cluster, source, downstream):
    cluster.create_source("s1", source)
    cluster.start_task("t", downstream, ["s1"])
    cluster.wait_unit("t", "Sync")
    return cluster


@pytest.fixture
def terminal(tmp_path):
    """terminal(cluster, words): dmctl on a terminal."""
    opened = []

    def make(cluster, *words, **env):
        opened.append(Terminal([cluster.bin / "dmctl", "--master-addr", cluster.master_addr, *words], cwd=tmp_path,
                               env={"TMPDIR": str(tmp_path), **env}))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


def test_watch_draws_until_it_is_ended(running, source, terminal):
    screen = terminal(running, "query-status", "t", "--watch")
    screen.wait_for("in step")
    assert f"{_GREEN}Running" in screen.text and "\x1b[H\x1b[2J" in screen.text
    assert re.search(r"TASK +SOURCE +WORKER +STAGE +UNIT +PROGRESS +RATE\nt +s1 +worker-\d +Running +Sync +in step +\d+ rows/s",
                     screen.plain)
    running.ctl_ok("pause-task", "t")
    screen.read_until(lambda s: f"{_YELLOW}Paused" in s.text, 20, "the pause to be drawn")
    screen.send("\x03")
    assert screen.wait() == 1
    screen.wait_for("Got signal [Interrupt] to exit.")


def test_watch_outlives_the_master_and_is_left_by_enter(running, terminal):
    screen = terminal(running)
    screen.read_until(lambda s: "\u00bb" in s.text, 10, "the prompt")
    screen.send("query-status --watch\r")
    screen.wait_for("in step")
    running.master.kill9()
    screen.wait_for("no answer since then")
    screen.forget()
    running.master.start()
    screen.read_until(lambda s: "in step" in (last := s.plain.rpartition("Enter leaves")[2]) and "no answer" not in last,
                      60, "the table again")
    screen.forget()
    screen.send("\r")
    screen.read_until(lambda s: "\u00bb" in s.text, 10, "the prompt")
    screen.send("exit\r")
    assert screen.wait() == 0


def test_watch_draws_the_copy_and_its_error(cluster, source, downstream, terminal):
    source.execute("INSERT INTO d.t SELECT seq, REPEAT('x', 40) FROM d.seq_10_to_9009", "ANALYZE TABLE d.t")
    downstream.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY, v VARCHAR(50))")
    lock = downstream.connect(autocommit=False)
    try:
        with lock.cursor() as cursor:
            cursor.execute("INSERT INTO d.t VALUES (10, '')")
        cluster.create_source("s1", source)
        cluster.ctl("start-task", cluster.write_task("t", downstream, ["s1"]))
        screen = terminal(cluster, "query-status", "--watch")
        screen.read_until(lambda s: re.search(r"Load +\[[#.]{24}\] \d+\.\d\d %.*/s", s.plain), 20, "a progress bar")
    finally:
        lock.close()
    screen.wait_for("in step", 60)
    downstream.execute("DROP TABLE d.t")
    source.execute("INSERT INTO d.t VALUES (3, 'x')")
    screen.read_until(lambda s: f"{_RED}Error" in s.text and re.search(r"t on s1: \d{5} .*d.*t", s.plain), 30, "the error")


def test_no_color_and_tables(running, terminal):
    screen = terminal(running, "query-status", "--output", "table", NO_COLOR="1")
    assert screen.wait() == 0
    screen.wait_for("Running")
    assert "\x1b[" not in screen.text
    screen = terminal(running, "list-member", "--output", "table")
    screen.wait_for("worker-2")
    assert screen.wait() == 0
    assert f"{_GREEN}bound" in screen.text and f"{_YELLOW}free" in screen.text
    assert running.ctl_run("list-member", "--leader", "--output", "table").stdout.splitlines()[1].split() == [
        "leader", "master-1", running.master_addr]
    piped = running.ctl_run("query-status", "--output", "table")
    assert piped.returncode == 0 and "\x1b[" not in piped.stdout and piped.stdout.startswith("TASK")


def test_an_answer_that_cannot_be_written_is_no_success(running):
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([running.bin / "dmctl", "--master-addr", running.master_addr, "list-member"], stdout=full,
                              stderr=subprocess.PIPE, text=True, cwd=running.folder, timeout=60, check=False)
    assert done.returncode == 1 and "cannot write the answer: No space left on device" in done.stderr


def test_in_a_pipe_everything_is_json(running):
    assert json.loads(running.ctl_run("query-status", "t", "--watch").stdout)["sources"][0]["subTaskStatus"]
    text = running.ctl_run("query-status", "t").stdout
    assert '"secondsBehindMaster": "' in text and '"blockingDDLs": [\n                        ]' in text
    assert text.startswith('{\n    "result": true,\n    "msg": "",\n    "sources": [\n        {\n            "result": true,')


def test_interactive_mode_completes_and_remembers(running, terminal, tmp_path):
    screen = terminal(running)
    screen.read_until(lambda s: f"{_RED}\u00bb" in s.text, 10, "the prompt")
    screen.send("list-m\t--lea\t\r")
    screen.wait_for('"addr": "' + running.master_addr)
    screen.forget()
    screen.send("encrypt my-secret-word\r")
    screen.wait_for("fail to run: [encrypt my-secret-word]")
    screen.forget()
    screen.send("no-such\r")
    screen.wait_for('unknown command "no-such"')
    screen.send("exit\r")
    assert screen.wait() == 0
    again = terminal(running)
    again.read_until(lambda s: "\u00bb" in s.text, 10, "the prompt")
    again.send("\x1b[A\x1b[A\x1b[A\r")  # exit, no-such, list-member
    again.wait_for('"addr": "' + running.master_addr)
    again.read_until(lambda s: s.plain.rstrip(" ").endswith("\u00bb"), 10, "the prompt")
    again.send("\x04")
    assert again.wait() == 0
    history = tmp_path / "dmctlreadline.tmp"
    assert "my-secret-word" not in history.read_text(encoding="utf-8")
    assert history.stat().st_mode & 0o077 == 0


def test_every_command_has_help_with_an_example(bin_folder, tmp_path):
    def help_of(*words):
        done = subprocess.run([bin_folder / "dmctl", *words, "--help"], capture_output=True, text=True, cwd=tmp_path,
                              timeout=20, check=False)
        assert done.returncode == 0 and "Usage:" in done.stdout, words
        return done.stdout

    def visit(*words):
        text = help_of(*words)
        children = re.findall(r"^  (\S+) +\S", text.partition("Available Commands:\n")[2].partition("\n\n")[0], re.M)
        if not children:
            assert "\nExample:\n  dmctl " in text or "This version refuses the command" in text, words
        for child in children:
            visit(*words, child)
        return len(children)

    assert visit() > 20


_SECRETS = ["source-pass-8d1f", "target-pass-77ab", "wrong-pass-5c3e", "row-value-91ce"]


def test_no_secret_is_ever_shown(new_server, new_cluster, downstream):
    upstream = new_server("mariadb10.11", "secret-up", password=_SECRETS[0])
    upstream.execute("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY, v VARCHAR(50))")
    downstream.execute(f"CREATE USER dm@'%' IDENTIFIED BY '{_SECRETS[1]}'", "GRANT ALL ON *.* TO dm@'%'")
    cluster = new_cluster(workers=1)
    outputs = []

    def ctl(*words):
        done = cluster.ctl_run(*words)
        outputs.append(done.stdout + done.stderr)
        return done

    try:
        cluster.create_source("s1", upstream)
        target = {"host": "127.0.0.1", "port": downstream.port, "user": "dm", "password": _SECRETS[1]}
        wrong = cluster.write("wrong.yaml", cluster.task_config("t", downstream, ["s1"], **{
            "target-database": {**target, "password": _SECRETS[2]}}))
        ctl("check-task", wrong)
        ctl("start-task", wrong)
        bad_source = cluster.write("bad-source.yaml", {
            "source-id": "s2", "from": {"host": "127.0.0.1", "port": upstream.port, "user": "root", "password": _SECRETS[2]}})
        ctl("operate-source", "create", bad_source)
        path = cluster.write("t.yaml", cluster.task_config("t", downstream, ["s1"], **{"target-database": target}))
        cluster.ctl_ok("start-task", path)
        cluster.wait_unit("t", "Sync")
        upstream.execute(f"INSERT INTO d.t VALUES (1, '{_SECRETS[3]}')")
        upstream.execute("CREATE TABLE d.far (id INT PRIMARY KEY) ENGINE=InnoDB "
                         f"CONNECTION='mysql://u:{_SECRETS[1]}@elsewhere/d/t'")
        cluster.wait_synced("t")
        for words in (["config", "task", "t"], ["config", "source", "s1"], ["config", "master", "master-1"],
                      ["config", "worker", "worker-1"], ["config", "task-template", "t"], ["get-config", "task", "t"],
                      ["operate-source", "show"], ["list-member"], ["query-status"], ["query-status", "t"],
                      ["query-status", "--more"], ["pause-task", "t"], ["resume-task", "t"]):
            ctl(*words)
        assert "******" in outputs[3] and "******" in outputs[4], "the passwords are there, hidden"
        worker = cluster.member("worker-1")["addr"]
        outputs += [http_get(address, page) for address in (worker, cluster.master_addr) for page in ("/metrics", "/status")]
        cluster.stop()
        logs = {path: path.read_text(encoding="utf-8", errors="replace")
                for path in Path(cluster.folder).rglob("*.log")}
        assert any("unit starts" in text for text in logs.values())
        for secret in _SECRETS:
            assert not [text for text in outputs if secret in text], secret
            assert not [path for path, text in logs.items() if secret in text], secret
    finally:
        downstream.execute("DROP USER dm@'%'")


def test_log_files_in_both_formats(cluster, source, downstream):
    """Files are where the configuration says, in the format it says."""
    cluster.create_source("s1", source)
    bound = cluster.worker_of("s1")
    worker = cluster.workers[bound]
    worker.stop()
    file = cluster.folder / "worker.json"
    worker.command += ["--log-file", str(file), "--log-format", "json"]
    worker.start()
    cluster.wait(lambda: cluster.member(bound)["stage"] != "offline", 20, "the worker to be back")
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert lines[0]["message"] == "Welcome to dm-worker" and set(lines[0]) >= {
        "level", "time", "caller", "release-version", "git-hash", "git-branch", "utc-build-time"}
    assert lines[1]["message"] == "" and f'name = "{bound}"' in lines[1]["config"]
    stamp = re.compile(r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d\.\d{3} [+-]\d\d:\d\d")
    assert all(stamp.fullmatch(line["time"]) and line["level"] in ("DEBUG", "INFO", "WARN", "ERROR") for line in lines)
    form = re.compile(r"\[\d{4}/\d\d/\d\d \d\d:\d\d:\d\d\.\d{3} [+-]\d\d:\d\d\] \[(DEBUG|INFO|WARN|ERROR)\] "
                      r"\[[\w.-]+:\d+\]( \[(\"(\\.|[^\"\\])*\"|[^\" \[\]=\\]+)"
                      r"(=(\"(\\.|[^\"\\])*\"|[^\" \[\]=\\]*))?\])+")
    text = (cluster.folder / "master-1.log").read_text(encoding="utf-8").splitlines()
    assert text and not [line for line in text if not form.fullmatch(line)]


def _blocks(document):
    """(language, text) of the code blocks of a document."""
    text = (Path(__file__).resolve().parents[2] / "docs/user" / document).read_text(encoding="utf-8")
    return re.findall(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S)


def test_the_first_migration_is_as_the_document_says(bin_folder, source, downstream, tmp_path, assert_same):
    """Every statement, file and command of the document, on other ports."""
    source.execute("CREATE DATABASE shop", "CREATE TABLE shop.t (id INT PRIMARY KEY)", "INSERT INTO shop.t VALUES (1)")
    ports = {"8261": str(free_port()), "8262": str(free_port())}
    servers = {"10.0.0.5\n  port: 3306": f"127.0.0.1\n  port: {source.port}",
               "10.0.0.9\n  port: 4000": f"127.0.0.1\n  port: {downstream.port}"}
    to_prepare, daemons, files = [source, downstream], [], ["source.yaml", "task.yaml"]

    def dmctl(line):
        done = subprocess.run([bin_folder / "dmctl", *line.split()[1:]], capture_output=True, text=True, cwd=tmp_path,
                              timeout=60, check=False)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        return json.loads(done.stdout)

    try:
        for language, text in _blocks("first-migration.md"):
            for old, new in (ports | servers).items():
                text = text.replace(old, new)
            if language == "sql":
                to_prepare.pop(0).execute(*(part.strip() for part in re.sub(r"--.*", "", text).split(";") if part.strip()))
            elif language == "yaml":
                (tmp_path / files.pop(0)).write_text(text, encoding="utf-8")
            elif text.startswith("dm-"):
                for line in text.splitlines():
                    program, *words = line.split()
                    more = ["--peer-urls", f"http://127.0.0.1:{free_port()}"] if program == "dm-master" else []
                    daemons.append(Process(program, [bin_folder / program, *words, *more], tmp_path / f"{program}.log",
                                           cwd=tmp_path).start())
                    kind = "--master" if program == "dm-master" else "--worker"
                    wait_until(lambda: "name" in json.dumps(dmctl(
                        f"dmctl --master-addr 127.0.0.1:{ports['8261']} list-member {kind}")), 30, f"{program} to serve")
            else:
                for line in text.splitlines():
                    if line.startswith("dmctl"):
                        assert dmctl(line)["result"], line
        assert not files and not to_prepare
        status = f"dmctl --master-addr 127.0.0.1:{ports['8261']} query-status shop-to-tidb"
        source.execute("INSERT INTO shop.t VALUES (2)")
        wait_until(lambda: dmctl(status)["sources"][0]["subTaskStatus"][0]["sync"]["synced"], 30, "the target to follow")
        assert_same(source, downstream, "shop")
    finally:
        for daemon in reversed(daemons):
            daemon.kill9()
        for server in (source, downstream):
            server.execute("DROP USER IF EXISTS dm@'%'")
