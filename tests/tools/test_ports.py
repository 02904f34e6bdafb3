"""Ports that the testbed hands out: none twice while there are others, few files held, none of another process."""

import socket

import pytest
from testbed.ports import Ports


@pytest.fixture
def blocks():
    """Two blocks of ten ports, where another process may hold some: free ones are enough."""
    return range(32100, 32120, 10)


def listen(port):
    listener = socket.socket()
    listener.bind(("127.0.0.1", port))
    listener.listen()
    return listener


def test_each_port_once_and_one_file_a_block(tmp_path, blocks):
    ports = Ports(tmp_path, blocks, 10)
    taken = [ports.take() for _ in range(20)]
    assert sorted(taken) == list(range(32100, 32120))
    assert ports.files == 2


def test_thousands_of_ports_take_few_files(tmp_path):
    ports = Ports(tmp_path)
    assert len({ports.take() for _ in range(3000)}) == 3000
    assert ports.files <= 40


def test_ports_come_round_again_but_not_those_in_use(tmp_path, blocks):
    ports = Ports(tmp_path, blocks, 10)
    first = [ports.take() for _ in range(20)]
    with listen(first[0]):
        assert [ports.take() for _ in range(19)] == first[1:]


def test_two_processes_share_no_port(tmp_path, blocks):
    one, two = Ports(tmp_path, blocks, 10), Ports(tmp_path, blocks, 10)
    assert not {one.take() for _ in range(10)} & {two.take() for _ in range(10)}
    assert one.files == two.files == 1


def test_none_left_is_said(tmp_path):
    ports = Ports(tmp_path, range(32120, 32121), 1)
    with listen(ports.take()), pytest.raises(RuntimeError, match="no free port"):
        ports.take()
