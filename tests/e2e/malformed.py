"""Files and command lines that are wrong, each with what dmctl must say about it.

A case is (name, arguments or file, texts that must be in the answer); tables are by subject.
"""

import json

from .yaml_text import to_yaml


def good_task(target, **changes):
    return {"name": "bad", "task-mode": "all", "target-database": target,
            "mysql-instances": [{"source-id": "s1"}], **changes}


def _bomb():
    """Nine levels of nine references each: a few hundred bytes that would be 400 million nodes."""
    lines = ['a0: &a0 ["x", "x", "x", "x", "x", "x", "x", "x", "x"]']
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    return "\n".join(lines) + "\nname: *a8\n"


def raw_texts():
    """What is no task and no source file, whatever the command: name and bytes."""
    return {
        "empty": b"",
        "only-comment": b"# nothing here\n",
        "null": b"~\n",
        "scalar": b"task\n",
        "list": b"- name: bad\n- task-mode: all\n",
        "number": b"42\n",
        "binary": bytes(range(256)) * 16,
        "elf": b"\x7fELF\x02\x01\x01" + b"\0" * 64,
        "nul-byte": b"name: b\0ad\ntask-mode: all\n",
        "not-utf8": b"name: \xff\xfe\xfd\ntask-mode: all\n",
        "utf16": "name: bad\n".encode("utf-16"),
        "overlong-utf8": b"name: \xc0\xaf\n",
        "surrogate": b"name: \xed\xa0\x80\n",
        "tab-indent": b"name: bad\n\ttask-mode: all\n",
        "unclosed-quote": b'name: "bad\n',
        "unclosed-brace": b"{name: bad\n",
        "unclosed-list": b"mysql-instances: [1, 2\n",
        "two-colons": b"name: a: b\n",
        "unknown-anchor": b"name: *nowhere\n",
        "recursive-anchor": b"a: &a [*a]\nname: *a\n",
        "recursive-map": b"target-database: &a\n  host: *a\n",
        "anchor-bomb": _bomb().encode(),
        "deep-lists": b"name: " + b"[" * 20000 + b"]" * 20000 + b"\n",
        "deep-maps": b"name: " + b"{a: " * 20000 + b"}" * 20000 + b"\n",
        "deep-blocks": b"".join(b" " * n + b"a:\n" for n in range(1500)),
        "tag": b"name: !!python/object/apply:os.system ['true']\n",
        "duplicate-key": b"name: bad\nname: worse\n",
        "two-documents": b"name: bad\n---\nname: worse\n",
        "merge-key": b"x: &x {name: bad}\n<<: *x\n",
        "json-array": json.dumps([{"name": "bad"}]).encode(),
        "toml": b'name = "bad"\ntask-mode = "all"\n',
        "xml": b"<?xml version='1.0'?><task><name>bad</name></task>\n",
        "nel-and-bom": b"\xef\xbb\xbf\xc2\x85name\n",
        "million-keys": b"".join(b"k%d: 1\n" % n for n in range(100000)),
        "huge-10mb": b"name: " + b"x" * 10_000_000 + b"\n",
    }


def task_changes(target):
    """What is YAML but no task: name, changes of a good task (None drops a key)."""
    wrong_host = {**target, "host": 5, "port": "x"}
    routes = {"r": {"schema-pattern": "~[", "target-schema": "x"}}
    return {
        "no-name": {"name": None},
        "empty-name": {"name": ""},
        "name-list": {"name": ["a", "b"]},
        "name-map": {"name": {"a": 1}},
        "name-giant": {"name": "n" * 5000},
        "name-newline": {"name": "a\nb"},
        "no-mode": {"task-mode": None},
        "mode": {"task-mode": "everything"},
        "mode-number": {"task-mode": 1},
        "mode-case": {"task-mode": "ALL"},
        "unknown-key": {"task-mod": "all"},
        "unknown-key-nul": {"na\0me": "x"},
        "shard-mode": {"shard-mode": "maybe"},
        "is-sharding-text": {"is-sharding": "perhaps"},
        "no-target": {"target-database": None},
        "target-list": {"target-database": []},
        "target-text": {"target-database": "127.0.0.1:4000"},
        "target-types": {"target-database": wrong_host},
        "target-port-0": {"target-database": {**target, "port": 0}},
        "target-port-negative": {"target-database": {**target, "port": -1}},
        "target-port-big": {"target-database": {**target, "port": 65536}},
        "target-port-overflow": {"target-database": {**target, "port": 99999999999999999999999}},
        "target-port-float": {"target-database": {**target, "port": 3306.5}},
        "target-unreachable": {"target-database": {**target, "port": 1}},
        "no-instances": {"mysql-instances": None},
        "empty-instances": {"mysql-instances": []},
        "instances-map": {"mysql-instances": {"source-id": "s1"}},
        "instance-null": {"mysql-instances": [None]},
        "instance-text": {"mysql-instances": ["s1"]},
        "unknown-source": {"mysql-instances": [{"source-id": "nobody"}]},
        "duplicate-source": {"mysql-instances": [{"source-id": "s1"}, {"source-id": "s1"}]},
        "source-id-empty": {"mysql-instances": [{"source-id": ""}]},
        "source-id-long": {"mysql-instances": [{"source-id": "s" * 1000}]},
        "source-id-number": {"mysql-instances": [{"source-id": [1]}]},
        "unknown-route": {"mysql-instances": [{"source-id": "s1", "route-rules": ["nope"]}]},
        "route-regex": {"routes": routes, "mysql-instances": [{"source-id": "s1", "route-rules": ["r"]}]},
        "route-list": {"routes": ["r"]},
        "route-unused": {"routes": {"r": {"schema-pattern": "a", "target-schema": "b"}}},
        "route-empty": {"routes": {"r": {}}, "mysql-instances": [{"source-id": "s1", "route-rules": ["r"]}]},
        "route-giant-regex": {"routes": {"r": {"schema-pattern": "~" + "(a{1000}){1000}", "target-schema": "b"}},
                              "mysql-instances": [{"source-id": "s1", "route-rules": ["r"]}]},
        "filter-regex": {"block-allow-list": {"b": {"do-dbs": ["~("]}},
                         "mysql-instances": [{"source-id": "s1", "block-allow-list": "b"}]},
        "unknown-block-allow": {"mysql-instances": [{"source-id": "s1", "block-allow-list": "none"}]},
        "unknown-filter": {"mysql-instances": [{"source-id": "s1", "filter-rules": ["none"]}]},
        "filter-event": {"filters": {"f": {"schema-pattern": "a", "events": ["fly"], "action": "Ignore"}},
                         "mysql-instances": [{"source-id": "s1", "filter-rules": ["f"]}]},
        "filter-action": {"filters": {"f": {"schema-pattern": "a", "events": ["all"], "action": "Shrug"}},
                          "mysql-instances": [{"source-id": "s1", "filter-rules": ["f"]}]},
        "unknown-mydumper": {"mysql-instances": [{"source-id": "s1", "mydumper-config-name": "none"}]},
        "unknown-loader": {"mysql-instances": [{"source-id": "s1", "loader-config-name": "none"}]},
        "unknown-syncer": {"mysql-instances": [{"source-id": "s1", "syncer-config-name": "none"}]},
        "workers-text": {"syncers": {"global": {"worker-count": "many"}}},
        "workers-negative": {"syncers": {"g": {"worker-count": -5}},
                             "mysql-instances": [{"source-id": "s1", "syncer-config-name": "g"}]},
        "workers-overflow": {"syncers": {"global": {"worker-count": 2**64}}},
        "batch-negative": {"syncers": {"g": {"batch": -1}},
                           "mysql-instances": [{"source-id": "s1", "syncer-config-name": "g"}]},
        "threads-float": {"mydumpers": {"global": {"threads": 1.5}}},
        "chunk-filesize": {"mydumpers": {"g": {"chunk-filesize": "huge"}},
                           "mysql-instances": [{"source-id": "s1", "mydumper-config-name": "g"}]},
        "extra-args": {"mydumpers": {"g": {"extra-args": "--no-such-flag 'unclosed"}},
                       "mysql-instances": [{"source-id": "s1", "mydumper-config-name": "g"}]},
        "import-mode": {"loaders": {"g": {"import-mode": "teleport"}},
                        "mysql-instances": [{"source-id": "s1", "loader-config-name": "g"}]},
        "on-duplicate": {"loaders": {"g": {"on-duplicate": "pray"}},
                         "mysql-instances": [{"source-id": "s1", "loader-config-name": "g"}]},
        "timezone": {"timezone": "Atlantis/City"},
        "safe-mode-duration": {"syncers": {"g": {"safe-mode-duration": "60 parsecs"}},
                               "mysql-instances": [{"source-id": "s1", "syncer-config-name": "g"}]},
        "meta-missing": {"task-mode": "incremental"},
        "meta-gtid": {"task-mode": "incremental",
                      "mysql-instances": [{"source-id": "s1", "meta": {"binlog-gtid": "not a gtid"}}]},
        "meta-position": {"task-mode": "incremental",
                          "mysql-instances": [{"source-id": "s1", "meta": {"binlog-name": "bin.1",
                                                                           "binlog-pos": -4}}]},
        "meta-type": {"mysql-instances": [{"source-id": "s1", "meta": "bin.000001:4"}]},
        "expression-filter": {"expression-filter": {"e": {"schema": "d", "table": "t", "insert-value-expr": "id >"}},
                              "mysql-instances": [{"source-id": "s1", "expression-filters": ["e"]}]},
        "unknown-expression": {"mysql-instances": [{"source-id": "s1", "expression-filters": ["none"]}]},
        "ignore-items": {"ignore-checking-items": ["nothing_like_this"]},
        "ignore-items-map": {"ignore-checking-items": {"all": True}},
        "online-ddl-scheme": {"online-ddl-scheme": "magic"},
        "shadow-rule": {"online-ddl": True, "shadow-table-rules": ["("]},
        "case-sensitive-text": {"case-sensitive": "sometimes"},
        "session-list": {"target-database": {**target, "session": ["a"]}},
        "validators-mode": {"validators": {"v": {"mode": "sideways"}},
                            "mysql-instances": [{"source-id": "s1", "validator-config-name": "v"}]},
        "clean-dump-text": {"clean-dump-file": "yes please"},
        "heartbeat": {"enable-heartbeat": {"a": 1}},
    }


def source_changes(server):
    """What is YAML but no source: name, changes of a good source (None drops a key)."""
    return {
        "no-id": {"source-id": None},
        "empty-id": {"source-id": ""},
        "long-id": {"source-id": "x" * 33},
        "id-list": {"source-id": ["a"]},
        "taken-id": {"source-id": "s1"},
        "no-from": {"from": None},
        "from-text": {"from": "127.0.0.1"},
        "from-list": {"from": [1, 2]},
        "no-host": {"from": {**server, "host": None}},
        "unknown-key": {"sorce-id": "x"},
        "unknown-key-below": {"from": {**server, "prot": 1}},
        "port-text": {"from": {**server, "port": "many"}},
        "port-negative": {"from": {**server, "port": -3306}},
        "port-zero": {"from": {**server, "port": 0}},
        "port-big": {"from": {**server, "port": 65536}},
        "port-overflow": {"from": {**server, "port": 2**70}},
        "unreachable": {"from": {**server, "port": 1}},
        "wrong-user": {"from": {**server, "user": "nobody", "password": "Tr0ub4dor"}},
        "flavor": {"flavor": "oracle"},
        "server-id-negative": {"server-id": -1},
        "server-id-overflow": {"server-id": 2**32},
        "server-id-text": {"server-id": "many"},
        "gtid-text": {"enable-gtid": "perhaps"},
        "relay": {"enable-relay": True},
        "purge-text": {"purge": "never"},
        "purge-negative": {"purge": {"interval": -1}},
        "checker-duration": {"checker": {"backoff-max": "5 fortnights"}},
        "filters-map": {"filters": {"a": 1}},
        "filter-event": {"filters": [{"schema-pattern": "a", "events": ["fly"], "action": "Ignore"}]},
        "regex": {"filters": [{"schema-pattern": "~[", "events": ["all"], "action": "Ignore"}]},
        "gtid-start": {"relay-binlog-gtid": "nonsense"},
        "case-sensitive-list": {"case-sensitive": [1]},
        "security": {"from": {**server, "security": {"ssl-ca": "/no/such/file"}}},
    }


def changed(config, changes):
    """The text of a configuration with changes; None takes a key away."""
    merged = {**config, **changes}
    return to_yaml({key: value for key, value in merged.items() if value is not None})
