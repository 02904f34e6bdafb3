"""Files that are wrong, each with the code and the words that dmctl must answer with."""

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
    """What is no task file: name, (bytes, what is said)."""
    return {
        "empty": (b"", "20019 `name`"),
        "only-comment": (b"# nothing here\n", "20019 `name`"),
        "null": (b"~\n", "20019 `name`"),
        "scalar": (b"task\n", "20003 :1: the file takes a map"),
        "list": (b"- name: bad\n- task-mode: all\n", "20003 :1: the file takes a map"),
        "number": (b"42\n", "20003 :1: the file takes a map"),
        "binary": (bytes(range(256)) * 16, "20003 :1: control character 0x00"),
        "elf": (b"\x7fELF\x02\x01\x01" + b"\0" * 64, "20003 :1: control character 0x7f"),
        "nul-byte": (b"name: b\0ad\ntask-mode: all\n", "20003 :1: control character 0x00"),
        "not-utf8": (b"name: \xff\xfe\xfd\ntask-mode: all\n", "20003 :1: the text is not UTF-8"),
        "utf16": ("name: bad\n".encode("utf-16"), "20003 :1: the text is not UTF-8"),
        "overlong-utf8": (b"name: \xc0\xaf\n", "20003 :1: the text is not UTF-8"),
        "surrogate": (b"name: \xed\xa0\x80\n", "20003 :1: the text is not UTF-8"),
        "tab-indent": (b"name: bad\n\ttask-mode: all\n", "20003 :2: illegal tab"),
        "unclosed-quote": (b'name: "bad\n', "20020 `task-mode`"),
        "unclosed-brace": (b"{name: bad\n", "20003 :2: end of map"),
        "unclosed-list": (b"mysql-instances: [1, 2\n", "20003 :2: end of sequence"),
        "two-colons": (b"name: a: b\n", "20003 :1: illegal map value"),
        "unknown-anchor": (b"name: *nowhere\n", "20003 :1: the referenced anchor is not defined"),
        "recursive-anchor": (b"a: &a [*a]\nname: *a\n", "20003 :1: an alias stands inside"),
        "recursive-map": (b"target-database: &a\n  host: *a\n", "20003 :2: an alias stands inside"),
        "anchor-bomb": (_bomb().encode(), "20003 the document is too large with its aliases"),
        "deep-lists": (b"name: " + b"[" * 20000 + b"]" * 20000, "20003 :1: lists and maps are nested too deeply"),
        "deep-maps": (b"name: " + b"{a: " * 20000 + b"}" * 20000, "20003 :1: lists and maps are nested too deeply"),
        "deep-blocks": (b"".join(b" " * n + b"a:\n" for n in range(1500)), "20003 nested too deeply"),
        "tag": (b"name: !!python/object/apply:os.system ['true']\n", "20003 `name` takes a text, not a list"),
        "duplicate-key": (b"name: bad\nname: worse\n", "20003 :2: key 'name' is already set"),
        "two-documents": (b"name: bad\n---\nname: worse\n", "20020 `task-mode`"),
        "merge-key": (b"x: &x {name: bad}\n<<: *x\n", "20003 unknown key `x`"),
        "json-array": (json.dumps([{"name": "bad"}]).encode(), "20003 :1: the file takes a map"),
        "toml": (b'name = "bad"\ntask-mode = "all"\n', "20003 :1: the file takes a map"),
        "xml": (b"<?xml version='1.0'?><task><name>bad</name></task>\n", "20003 :1: the file takes a map"),
        "nel-and-bom": (b"\xef\xbb\xbf\xc2\x85name\n", "20003 :1: the file takes a map"),
        "million-keys": (b"".join(b"k%d: 1\n" % n for n in range(100000)), "20003 and 99980 more"),
        "huge-10mb": (b"name: " + b"x" * 10_000_000 + b"\n", "20003 at most 4194304 are read"),
    }


def _used(section, reference, item, many=False):
    """A section with one item, and the reference to it by the instance."""
    return {section: {"x": item}, "mysql-instances": [{"source-id": "s1", reference: ["x"] if many else "x"}]}


def _from(meta):
    return {"task-mode": "incremental", "mysql-instances": [{"source-id": "s1", "meta": meta}]}


def task_changes(target):
    """What is YAML but no task: name, (changes of a good task where None drops a key, what is said)."""
    wrong_host = {**target, "host": 5, "port": "x"}
    return {
        "no-name": ({"name": None}, "20019 `name`"),
        "empty-name": ({"name": ""}, "20019 `name`"),
        "name-list": ({"name": ["a", "b"]}, "20003 `name` takes a text"),
        "name-map": ({"name": {"a": 1}}, "20003 `name` takes a text"),
        "name-giant": ({"name": "n" * 5000}, "20019 5000 characters"),
        "no-mode": ({"task-mode": None}, "20020 `task-mode` is missing"),
        "mode": ({"task-mode": "everything"}, "20020 everything"),
        "mode-number": ({"task-mode": 1}, "20020 it takes all, full"),
        "mode-case": ({"task-mode": "ALL"}, "20020 'ALL'"),
        "unknown-key": ({"task-mod": "all"}, "20003 did you mean `task-mode`"),
        "unknown-key-nul": ({"na\0me": "x"}, "20003 control character"),
        "shard-mode": ({"shard-mode": "maybe"}, "20033 pessimistic, optimistic"),
        "is-sharding-text": ({"is-sharding": "perhaps"}, "20003 `is-sharding` takes true or false"),
        "no-target": ({"target-database": None}, "20021 `target-database` is missing"),
        "target-list": ({"target-database": []}, "20003 `target-database` takes a map"),
        "target-text": ({"target-database": "127.0.0.1:4000"}, "20003 `target-database` takes a map"),
        "target-types": ({"target-database": wrong_host}, "20003 `target-database.port` takes an integer"),
        "target-port-0": ({"target-database": {**target, "port": 0}}, "26002 127.0.0.1:0: a port is a number"),
        "target-port-negative": (
            {"target-database": {**target, "port": -1}},
            "26002 127.0.0.1:-1: a port is a number"),
        "target-port-big": (
            {"target-database": {**target, "port": 65536}},
            "26002 127.0.0.1:65536: a port is a number"),
        "target-port-overflow": (
            {"target-database": {**target, "port": 99999999999999999999999}},
            "20003 `target-database.port`"),
        "target-port-float": ({"target-database": {**target, "port": 3306.5}}, "26002 127.0.0.1:3306"),
        "target-unreachable": (
            {"target-database": {**target, "port": 1}},
            "26002 at 127.0.0.1:1 as user"),
        "no-instances": ({"mysql-instances": None}, "20013 `mysql-instances` has no entry"),
        "empty-instances": ({"mysql-instances": []}, "20013 `mysql-instances` has no entry"),
        "instances-map": ({"mysql-instances": {"source-id": "s1"}}, "20003 `mysql-instances` takes a list"),
        "instance-null": ({"mysql-instances": [None]}, "20012 entry 0"),
        "instance-text": ({"mysql-instances": ["s1"]}, "20003 `mysql-instances[0]` takes a map"),
        "unknown-source": ({"mysql-instances": [{"source-id": "nobody"}]}, "20031 operate-source create"),
        "duplicate-source": (
            {"mysql-instances": [{"source-id": "s1"}, {"source-id": "s1"}]},
            "20014 's1' has an entry already"),
        "source-id-empty": ({"mysql-instances": [{"source-id": ""}]}, "20005 entry 0"),
        "source-id-long": ({"mysql-instances": [{"source-id": "s" * 1000}]}, "20031 not known to the cluster"),
        "source-id-number": (
            {"mysql-instances": [{"source-id": [1]}]},
            "20003 `mysql-instances[0].source-id` takes a text"),
        "unknown-route": (
            {"mysql-instances": [{"source-id": "s1", "route-rules": ["nope"]}]},
            "20023 'nope', which is not defined"),
        "route-regex": (
            _used("routes", "route-rules", {"schema-pattern": "~[", "target-schema": "x"}, many=True),
            "20045 missing ]"),
        "route-list": ({"routes": ["r"]}, "20003 `routes` takes a map"),
        "route-unused": (
            {"routes": {"r": {"schema-pattern": "a", "target-schema": "b"}}},
            "20038 no instance uses routes.r"),
        "route-empty": (
            _used("routes", "route-rules", {}, many=True),
            "20045 `schema-pattern` is empty"),
        "route-giant-regex": (
            _used("routes", "route-rules", {"schema-pattern": "~(a{1000}){1000}", "target-schema": "b"}, many=True),
            "20045 invalid repetition size"),
        "filter-regex": (
            _used("block-allow-list", "block-allow-list", {"do-dbs": ["~("]}),
            "20044 missing )"),
        "unknown-block-allow": (
            {"mysql-instances": [{"source-id": "s1", "block-allow-list": "none"}]},
            "20026 'none', which is not defined"),
        "unknown-filter": (
            {"mysql-instances": [{"source-id": "s1", "filter-rules": ["none"]}]},
            "20024 'none', which is not defined"),
        "filter-event": (
            _used("filters", "filter-rules", {"schema-pattern": "a", "events": ["fly"], "action": "Ignore"}, many=True),
            "20037 unknown event 'fly'"),
        "filter-action": (
            _used("filters", "filter-rules", {"schema-pattern": "a", "events": ["all"], "action": "Shrug"}, many=True),
            "20037 use Do, Ignore or Error"),
        "unknown-mydumper": (
            {"mysql-instances": [{"source-id": "s1", "mydumper-config-name": "none"}]},
            "20027 'none', which is not defined"),
        "unknown-loader": (
            {"mysql-instances": [{"source-id": "s1", "loader-config-name": "none"}]},
            "20029 'none', which is not defined"),
        "unknown-syncer": (
            {"mysql-instances": [{"source-id": "s1", "syncer-config-name": "none"}]},
            "20030 'none', which is not defined"),
        "workers-text": (
            {"syncers": {"global": {"worker-count": "many"}}},
            "20003 `syncers.global.worker-count` takes an integer"),
        "workers-overflow": ({"syncers": {"global": {"worker-count": 2**64}}}, "20003 18446744073709551616"),
        "threads-float": ({"mydumpers": {"global": {"threads": 1.5}}}, "20038 mydumpers.global"),
        "chunk-filesize": (
            _used("mydumpers", "mydumper-config-name", {"chunk-filesize": "huge"}),
            "20047 huge"),
        "extra-args": (
            _used("mydumpers", "mydumper-config-name", {"extra-args": "--no-such-flag 'unclosed"}),
            "20003 a quote is not closed"),
        "import-mode": (
            _used("loaders", "loader-config-name", {"import-mode": "teleport"}),
            "20053 teleport"),
        "timezone": ({"timezone": "Atlantis/City"}, "20008 Atlantis/City"),
        "safe-mode-duration": (
            _used("syncers", "syncer-config-name", {"safe-mode-duration": "60 parsecs"}),
            "20060 60 parsecs"),
        "meta-gtid": (_from({"binlog-gtid": "not a gtid"}), "11009 `meta.binlog-gtid`"),
        "meta-position": (
            _from({"binlog-name": "bin.1", "binlog-pos": -4}),
            "20003 binlog-pos"),
        "meta-type": (
            {"mysql-instances": [{"source-id": "s1", "meta": "bin.000001:4"}]},
            "20003 `mysql-instances[0].meta` takes a map"),
        "expression-filter": (
            _used("expression-filter", "expression-filters", {"schema": "d", "table": "t", "insert-value-expr": "id > 3"},
                  many=True),
            "20101 `expression-filter`"),
        "half-an-expression": (
            _used("expression-filter", "expression-filters", {"schema": "d", "table": "t", "insert-value-expr": "id >"},
                  many=True),
            "20041 something is missing at the end"),
        "unknown-expression": (
            {"mysql-instances": [{"source-id": "s1", "expression-filters": ["none"]}]},
            "20040 'none', which is not defined"),
        "ignore-items": ({"ignore-checking-items": ["nothing_like_this"]}, "20001 nothing_like_this"),
        "ignore-items-map": ({"ignore-checking-items": {"all": True}}, "20003 `ignore-checking-items` takes a list"),
        "online-ddl-scheme": ({"online-ddl-scheme": "magic"}, "20007 magic"),
        "shadow-rule": ({"online-ddl": True, "shadow-table-rules": ["("]}, "20048 shadow-table-rules"),
        "case-sensitive-text": ({"case-sensitive": "sometimes"}, "20003 `case-sensitive` takes true or false"),
        "session-list": (
            {"target-database": {**target, "session": ["a"]}},
            "20003 `target-database.session` takes a map"),
        "validators-mode": (
            _used("validators", "validator-config-name", {"mode": "sideways"}),
            "20055 sideways"),
        "clean-dump-text": ({"clean-dump-file": "yes please"}, "20003 `clean-dump-file` takes true or false"),
        "heartbeat": ({"enable-heartbeat": {"a": 1}}, "20003 `enable-heartbeat` takes true or false"),
    }


def source_changes(server):
    """What is YAML but no source: name, (changes of a good source, what is said)."""
    return {
        "no-id": ({"source-id": None}, "40005 `source-id` is missing"),
        "empty-id": ({"source-id": ""}, "40005 `source-id` is missing"),
        "long-id": ({"source-id": "x" * 33}, "40006 at most 32"),
        "id-list": ({"source-id": ["a"]}, "20003 `source-id` takes a text"),
        "taken-id": ({"source-id": "s1"}, "46007 s1 already exists"),
        "no-from": ({"from": None}, "10001 a port is a number from 1 to 65535"),
        "from-text": ({"from": "127.0.0.1"}, "20003 `from` takes a map"),
        "from-list": ({"from": [1, 2]}, "20003 `from` takes a map"),
        "unknown-key": ({"sorce-id": "x"}, "20003 did you mean `source-id`"),
        "unknown-key-below": ({"from": {**server, "prot": 1}}, "20003 did you mean `port`"),
        "port-text": ({"from": {**server, "port": "many"}}, "20003 `from.port` takes an integer"),
        "port-negative": ({"from": {**server, "port": -3306}}, "10001 127.0.0.1:-3306"),
        "port-zero": ({"from": {**server, "port": 0}}, "10001 127.0.0.1:0"),
        "port-big": ({"from": {**server, "port": 65536}}, "10001 127.0.0.1:65536"),
        "port-overflow": ({"from": {**server, "port": 2**70}}, "20003 `from.port`"),
        "unreachable": ({"from": {**server, "port": 1}}, "10002 127.0.0.1:1 "),
        "wrong-user": (
            {"from": {**server, "user": "nobody", "password": "Tr0ub4dor"}},
            "10001 Access denied for user 'nobody'"),
        "flavor": ({"flavor": "oracle"}, "11010 oracle"),
        "server-id-negative": ({"server-id": -1}, "20003 `server-id` takes an integer from 0"),
        "server-id-overflow": ({"server-id": 2**32}, "20003 `server-id` takes an integer from 0"),
        "server-id-text": ({"server-id": "many"}, "20003 `server-id` takes an integer"),
        "gtid-text": ({"enable-gtid": "perhaps"}, "20003 `enable-gtid` takes true or false"),
        "relay": ({"enable-relay": True}, "20101 `enable-relay: true`"),
        "purge-text": ({"purge": "never"}, "20003 `purge` takes a map"),
        "checker-duration": ({"checker": {"backoff-max": "5 fortnights"}}, "20003 5 fortnights"),
        "filters-map": ({"filters": {"a": 1}}, "20003 `filters` takes a list"),
        "filter-event": (
            {"filters": [{"schema-pattern": "a", "events": ["fly"], "action": "Ignore"}]},
            "20037 unknown event 'fly'"),
        "gtid-start": ({"relay-binlog-gtid": "nonsense"}, "11009 `relay-binlog-gtid`"),
        "case-sensitive-list": ({"case-sensitive": [1]}, "20003 `case-sensitive` takes true or false"),
        "security": ({"from": {**server, "security": {"ssl-ca": "/no/such/file"}}}, "10002 TLS"),
    }


def changed(config, changes):
    """The text of a configuration with changes; None takes a key away."""
    merged = {**config, **changes}
    return to_yaml({key: value for key, value in merged.items() if value is not None})
