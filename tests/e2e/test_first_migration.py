"""docs/user/first-migration.md does what it says: its statements, files and commands in their order."""

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from testbed import Process, free_port, wait_until

_PAGE = Path(__file__).resolve().parents[2] / "docs/user/first-migration.md"


def blocks():
    """(language, text) of the page's code blocks."""
    return re.findall(r"^```(\w*)\n(.*?)^```", _PAGE.read_text(encoding="utf-8"), re.M | re.S)


class Reader:
    """Someone who follows the page with servers of their own."""

    def __init__(self, bin_folder, folder, source, target):
        self.bin = bin_folder
        self.folder = folder
        self.servers = [source, target]
        ports = {"8261": free_port(), "8262": free_port()}
        self._ports = {f"127.0.0.1:{old}": f"127.0.0.1:{new}" for old, new in ports.items()}
        self.started = []
        self.files = []

    def sql(self, server, text):
        server.execute(*(s.strip() for s in re.sub(r"--.*", "", text).split(";") if s.strip()))

    def file(self, text):
        content = yaml.safe_load(text)
        name, key, server = (("source.yaml", "from", self.servers[0]) if "from" in content else
                             ("task.yaml", "target-database", self.servers[1]))
        content[key].update(host="127.0.0.1", port=server.port)
        (self.folder / name).write_text(yaml.safe_dump(content), encoding="utf-8")
        self.files.append(name)

    def command(self, line):
        for old, new in self._ports.items():
            line = line.replace(old, new)
        program, *words = line.split()
        if program == "dmctl":
            done = subprocess.run([self.bin / program, *words], capture_output=True, text=True, cwd=self.folder,
                                  timeout=60, check=True)
            return json.loads(done.stdout)
        if program == "dm-master":
            words += ["--peer-urls", f"http://127.0.0.1:{free_port()}"]
        process = Process(program, [self.bin / program, *words], self.folder / f"{program}.log", cwd=self.folder)
        self.started.append(process.start())
        return None


@pytest.fixture
def reader(bin_folder, tmp_path, servers, downstream):
    source = servers.get("mysql9.7", "up")
    source.execute("CREATE DATABASE shop", "CREATE TABLE shop.t (id INT PRIMARY KEY) COLLATE utf8mb4_bin",
                   "INSERT INTO shop.t VALUES (1), (2)")
    one = Reader(bin_folder, tmp_path, source, downstream)
    yield one
    for process in reversed(one.started):
        process.kill9()


def test_every_step(reader):
    source, target = reader.servers
    prepared = iter([source, target])
    answers = []
    for language, text in blocks():
        if language == "sql":
            reader.sql(next(prepared), text)
        elif language == "yaml":
            reader.file(text)
        else:
            for line in text.splitlines():
                if line.startswith("dm-"):
                    reader.command(line)
                    continue
                assert line.startswith("dmctl "), line
                # The page does not tell how long the programs take to come up.
                answers.append(wait_until(lambda command=line: answer_of(reader, command), 30, line))
    assert reader.files == ["source.yaml", "task.yaml"] and len(answers) == 3
    assert "pre-check is passed" in answers[1]["checkResult"], "the grants of the page are all that the checks ask for"
    status = wait_until(lambda: synced(reader), 30, "the task to be synced")
    assert status["unit"] == "Sync"
    source.execute("INSERT INTO shop.t VALUES (3)")
    wait_until(lambda: target.value("SELECT COUNT(*) FROM shop.t") == 3, 30, "the change in the target")


def answer_of(reader, command):
    try:
        answer = reader.command(command)
    except subprocess.CalledProcessError:
        return None  # no master answers yet
    good = answer["result"] and all(source["result"] for source in answer.get("sources") or [])
    return answer if good or "already exist" in str(answer) else None


def synced(reader):
    last = next(text for _, text in reversed(blocks()) if "query-status" in text).strip()
    subtask = reader.command(last)["sources"][0]["subTaskStatus"][0]
    return subtask if subtask["unit"] == "Sync" and subtask["sync"]["synced"] else None
