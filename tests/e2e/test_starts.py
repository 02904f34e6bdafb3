"""Programs that cannot start: they say why in a line, and can be ended while they still try."""

import socket
import subprocess

import pytest

from testbed import Process, free_port, wait_until

ENDED_WITH_A_SIGNAL = "ends before it has started"


@pytest.fixture
def program(bin_folder, tmp_path):
    """program(name, *arguments): a daemon, started; killed after the test."""
    started = []

    def start(name, *arguments):
        process = Process(name, [bin_folder / name, *arguments], tmp_path / f"{name}-{len(started)}.log", cwd=tmp_path)
        started.append(process.start())
        return process

    yield start
    for process in started:
        process.kill9()


@pytest.fixture
def taken_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def said(process):
    return process.log.read_text(encoding="utf-8")


def last_words(process):
    wait_until(lambda: not process.is_running(), 60, "the program to give up", process.diagnose)
    assert process.exit_status == 2, process.diagnose()
    return said(process).splitlines()[-1]


def master(program, port, peer_port, *more):
    return program("dm-master", "--name", "m", "--master-addr", f"127.0.0.1:{port}",
                   "--peer-urls", f"http://127.0.0.1:{peer_port}", "--data-dir", "m", *more)


def worker(program, port, join_port):
    return program("dm-worker", "--name", "w", "--worker-addr", f"127.0.0.1:{port}", "--join", f"127.0.0.1:{join_port}")


@pytest.mark.parametrize("option", ["--ssl-ca", "--ssl-cert", "--ssl-key", "--cert-allowed-cn"])
@pytest.mark.parametrize("name", ["dm-master", "dm-worker"])
def test_whoever_wants_tls_does_not_get_plain_text(program, name, option):
    key = {"dm-master": "--master-addr", "dm-worker": "--worker-addr"}[name]
    words = last_words(program(name, key, f"127.0.0.1:{free_port()}", "--join", f"127.0.0.1:{free_port()}", option, "x"))
    assert "code=20101" in words and "TLS of the cluster's own ports" in words


def test_a_worker_needs_masters(program):
    words = last_words(program("dm-worker", "--name", "w", "--worker-addr", f"127.0.0.1:{free_port()}"))
    assert "code=40077" in words and "`join` is missing" in words


@pytest.mark.parametrize("name", ["dm-master", "dm-worker"])
def test_a_daemon_that_waits_for_a_master_ends_when_told(program, name):
    if name == "dm-master":
        process = master(program, free_port(), free_port(), "--join", f"127.0.0.1:{free_port()}")
    else:
        process = worker(program, free_port(), free_port())
    wait_until(lambda: f"Welcome to {name}" in said(process), 20, "the first line", process.diagnose)
    process.stop(timeout=5)
    assert process.exit_status == 0, process.diagnose()
    assert ENDED_WITH_A_SIGNAL in said(process)


def test_a_taken_port_is_named_with_its_key(program, taken_port):
    words = last_words(master(program, taken_port, free_port()))
    for part in ("class=dm-master", f"127.0.0.1:{taken_port}", "Address already in use", "`master-addr`"):
        assert part in words


def test_etcd_tells_in_one_sentence_why_it_does_not_start(program, taken_port):
    words = last_words(master(program, free_port(), taken_port))
    assert f"listen tcp 127.0.0.1:{taken_port}: bind: address already in use" in words
    assert "stacktrace" not in words and len(words) < 500


def dmctl(bin_folder, folder, address):
    return subprocess.run([bin_folder / "dmctl", "--master-addr", address, "list-member"], capture_output=True, text=True,
                          cwd=folder, timeout=60, check=False)


def test_dmctl_says_what_an_address_looks_like(bin_folder, tmp_path):
    done = dmctl(bin_folder, tmp_path, "127.0.0.1:8261,nonsense")
    assert done.returncode == 1 and "takes host:port" in done.stderr and "'nonsense'" in done.stderr


def test_dmctl_says_who_is_no_master(bin_folder, cluster, tmp_path):
    command = next(iter(cluster.workers.values())).command
    address = command[command.index("--worker-addr") + 1]
    done = dmctl(bin_folder, tmp_path, address)
    assert done.returncode == 1 and f"what listens at {address} is no dm-master" in done.stderr
