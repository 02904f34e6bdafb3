"""Real database servers on loopback for tests, demo and play: see README.md."""

from .background import Background
from .compare import compare_tables, list_tables
from .etcd import EtcdServer
from .kinds import KINDS
from .ports import free_port
from .process import Process
from .server import Server
from .waiting import WaitTimeout, wait_until

__all__ = [
    "KINDS", "Background", "EtcdServer", "Process", "Server", "WaitTimeout", "compare_tables", "free_port",
    "list_tables", "wait_until",
]
