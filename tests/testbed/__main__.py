"""Command line of ./dev testbed: servers that stay until they are stopped."""

import argparse
import contextlib
import json
import os
import shutil
import signal
import sys
from pathlib import Path

from .etcd import EtcdServer
from .kinds import KINDS
from .process import start_time
from .server import Server
from .trees import CACHE, locked
from .waiting import wait_until

RUN = Path(os.environ.get("DM_TESTBED_RUN") or CACHE / "run")
ALL_KINDS = [*KINDS, "etcd"]


def _running():
    """State of every server started and not stopped, by name; forgets those whose process is gone."""
    found = {}
    for file in sorted(RUN.glob("*/state.json")):
        state = json.loads(file.read_text(encoding="utf-8"))
        state["alive"] = start_time(state["pid"]) == state["started"]
        found[file.parent.name] = state
    return found


def _new_name(kind):
    number = 1
    while (RUN / f"{kind}-{number}").exists():
        number += 1
    return f"{kind}-{number}"


def start(kinds):
    for kind in kinds:
        with locked("run"):
            name = _new_name(kind)
            folder = RUN / name
            folder.mkdir(parents=True)
        server = EtcdServer(folder, name=name, detached=True) if kind == "etcd" else \
            Server(kind, folder, name=name, detached=True)
        try:
            server.start()
        except BaseException:
            server.remove()
            raise
        state = {"kind": kind, "port": server.port, "pid": server.pid, "started": start_time(server.pid),
                 "datadir": str(server.datadir), "client": server.client_command()}
        (folder / "state.json").write_text(json.dumps(state), encoding="utf-8")
    show()


def stop(names):
    running = _running()
    unknown = [n for n in names if n not in running and n not in ALL_KINDS]
    if unknown:
        raise SystemExit(f"testbed: no such server or kind: {', '.join(unknown)}")
    for name, state in running.items():
        if names and name not in names and state["kind"] not in names:
            continue
        if state["alive"]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(state["pid"], signal.SIGCONT)
                os.kill(state["pid"], signal.SIGTERM)
            wait_until(lambda s=state: start_time(s["pid"]) != s["started"], 60, f"{name} to stop")
        shutil.rmtree(RUN / name)
        print(f"stopped {name}")


def show():
    running = _running()
    if not running:
        print("no servers; start some with: ./dev testbed start KIND...")
    for name, state in running.items():
        process = f"pid {state['pid']}" if state["alive"] else "not running"
        print(f"{name:<16} port {state['port']}  {process}\n    data     {state['datadir']}\n    connect  {state['client']}")


def prepare(kinds):
    for kind in ALL_KINDS if "all" in kinds else kinds:
        if kind in KINDS:
            KINDS[kind].prepare()


def main():
    parser = argparse.ArgumentParser(prog="./dev testbed", description="Real servers on 127.0.0.1.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("start").add_argument("kinds", nargs="+", choices=ALL_KINDS, metavar="KIND")
    commands.add_parser("stop").add_argument("names", nargs="*", metavar="KIND|NAME")
    commands.add_parser("list")
    commands.add_parser("prepare").add_argument("kinds", nargs="+", choices=[*ALL_KINDS, "all"], metavar="KIND")
    options = parser.parse_args()
    match options.command:
        case "start":
            start(options.kinds)
        case "stop":
            stop(options.names)
        case "list":
            show()
        case "prepare":
            prepare(options.kinds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
