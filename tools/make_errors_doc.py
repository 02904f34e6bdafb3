#!/usr/bin/env python3
"""Writes docs/user/errors.md: the codes and advice of src/base/error_catalogue.cc with the causes below."""

import re
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]
TARGET = _ROOT / "docs/user/errors.md"

CAUSES = {
    10001: "The database cannot be reached or refuses the login.",
    10002: "The connection to the database broke.",
    10003: "The connection to the database is no longer usable.",
    10004: "The database answered with something that was not to be expected.",
    10005: "A query failed; the cause is the server's message.",
    10006: "A statement failed on the target; the cause is the server's message, the statement stands in the message.",
    10007: "A transaction could not be begun.",
    11006: "A statement of the binlog cannot be parsed.",
    11007: "A statement of the binlog is of a kind that is not known.",
    11009: "A text is no GTID set of this flavor.",
    11010: "`flavor` is neither mysql nor mariadb, or the server is another one.",
    11043: "`routes` cannot be compiled.",
    11044: "The key for passwords is not 32 bytes long.",
    11045: "A password could not be encrypted.",
    11046: "A password could not be decrypted.",
    11047: "A text is too short to be an encrypted password.",
    11048: "A text has no `@` where an encrypted password has it.",
    11049: "A text is no binlog position `(file, offset)`.",
    11050: "A text is not base64, so no encrypted password.",
    11104: "The log file cannot be opened, for example because it is a directory.",
    11112: "The TLS files do not fit together, or the server's certificate has a name that `cert-allowed-cn` does not take.",
    11119: "Names in a statement could not be replaced.",
    11123: "No binlog location fits the time asked for.",
    11125: "The upstream does not say where its binlog is: the binary log is off, or a privilege is missing.",
    11126: "A row was logged without some of its columns (`binlog_row_image` is not FULL).",
    20001: "`ignore-checking-items` has an item that does not exist.",
    20002: "A TOML file is malformed, or has a key that does not exist or a value of the wrong type.",
    20003: "A YAML file is malformed, or has a key that does not exist or a value of the wrong type.",
    20004: "The task's `name` is empty.",
    20005: "`source-id` is empty.",
    20006: "`source-id` is too long.",
    20007: "`online-ddl-scheme` is neither gh-ost nor pt.",
    20008: "`timezone` is not a time zone that can be used.",
    20010: "A password cannot be decrypted.",
    20011: "`meta` of an instance lacks file, position or GTID.",
    20012: "The task has no `mysql-instances`.",
    20013: "An entry of `mysql-instances` is empty.",
    20014: "A source is named by two instances.",
    20015: "An instance has both `mydumper-config-name` and `mydumper`.",
    20016: "An instance has both `loader-config-name` and `loader`.",
    20017: "An instance has both `syncer-config-name` and `syncer`.",
    20018: "A file cannot be read.",
    20019: "The task has no `name`.",
    20020: "`task-mode` is not one of the modes.",
    20021: "The task has no `target-database`.",
    20022: "An incremental task has no `meta` to start from.",
    20023: "`route-rules` names a route that is not under `routes`.",
    20024: "`filter-rules` names a filter that is not under `filters`.",
    20025: "A column mapping that is named is not defined.",
    20026: "`block-allow-list` of an instance names a list that is not defined.",
    20027: "`mydumper-config-name` names a block that is not defined.",
    20028: "`mydumper-path` is not valid.",
    20029: "`loader-config-name` names a block that is not defined.",
    20030: "`syncer-config-name` names a block that is not defined.",
    20031: "The task names a source that the cluster does not have.",
    20032: "A list of an instance has an entry twice.",
    20033: "`shard-mode` is neither pessimistic nor optimistic.",
    20034: "The cluster's store has more of a record than there can be.",
    20035: "A record of the cluster's store cannot be read.",
    20036: "A worker is bound to a source that has no configuration.",
    20037: "`filters` is not valid.",
    20038: "A named block of the task is used by no instance.",
    20039: "An expression filter has expressions of several kinds.",
    20040: "`expression-filters` names an item that is not defined.",
    20041: "An expression cannot be parsed.",
    20042: "An expression filter lacks a field.",
    20043: "`backoff-max` is smaller than the smallest wait.",
    20044: "`block-allow-list` is not valid.",
    20045: "`routes` is not valid.",
    20046: "`column-mappings` is not valid.",
    20047: "`chunk-filesize` is not a size.",
    20048: "A pattern of the online-DDL rules is not valid.",
    20049: "An online-DDL rule does not fit the table.",
    20050: "A task template of this name exists.",
    20051: "There is no task template of this name.",
    20052: "`collation_compatible` is neither loose nor strict.",
    20053: "`import-mode` is not one of the modes.",
    20054: "`on-duplicate-logical` has a value that does not exist.",
    20055: "`mode` of a validator does not exist.",
    20056: "`validator-config-name` names a block that is not defined.",
    20057: "`--start-time` is later than the newest event.",
    20058: "`dir` of a loader is not valid.",
    20059: "`dir` of a loader is on S3, where it may not be.",
    20060: "`safe-mode-duration` is not a duration.",
    20061: "`safe-mode` is on but its duration is 0.",
    20062: "`on-duplicate-physical` has a value that does not exist.",
    20063: "`checksum-physical` has a value that does not exist.",
    20064: "`column-mappings` has been removed.",
    20065: "`analyze` has a value that does not exist.",
    20066: "`strict-optimistic-shard-mode` without optimistic mode.",
    20067: "The file of `secret-key-path` holds no key.",
    20068: "Importing into one target from several sources.",
    20069: "Importing from a local folder.",
    20070: "An option contradicts `foreign_key_checks=1`.",
    20101: "A setting asks for a feature that this version does not have. It is never ignored.",
    22001: "A text is no binlog position.",
    22002: "A text is no binlog file name.",
    22003: "A binlog file name does not end in a number.",
    22101: "An event of the binlog is damaged or of an unknown form.",
    22102: "An event of the binlog is of a kind that cannot be read.",
    22103: "An event's checksum is wrong: it was damaged on disk or on the way.",
    24002: "A checkpoint would move backwards.",
    26001: "Two target tables differ by case only.",
    26002: "A database of the task cannot be opened.",
    26003: "`routes` is not valid.",
    26005: "The pre-check found errors; they stand in the message with what mends them.",
    26006: "`block-allow-list` is not valid.",
    26007: "`enable-gtid` is on, but the upstream's `gtid_mode` is not ON.",
    30015: "An event could not be read for the relay log.",
    32001: "The dump failed.",
    32004: "The upstream refused the lock for a consistent dump.",
    34019: "The load failed.",
    34101: "A table cannot be copied as it is; the message says why.",
    34102: "A table's structure changed while it was being copied.",
    34103: "The upstream does not tell where the copy begins in its binlog.",
    34104: "The target has rows that contradict the copy.",
    34105: "A table without a primary or unique key is too large to be copied in one piece.",
    34106: "The copy's progress in the meta schema cannot be used.",
    36001: "Something failed that should not be able to.",
    36014: "The binlog has row changes as statements.",
    36015: "A filter with action Error matches an event.",
    36016: "An event cannot be applied.",
    36022: "A statement changes several tables.",
    36025: "A statement touches a foreign key in a way that cannot be followed.",
    36027: "A row does not have the columns that are known of its table.",
    36030: "`filters` cannot be compiled.",
    36031: "`routes` cannot be compiled.",
    36053: "The binlog stream could not be started.",
    36060: "`block-allow-list` cannot be compiled.",
    36061: "A statement failed on the target in the background.",
    36067: "A statement of the binlog is not understood or cannot be followed.",
    36068: "A statement cannot be followed in this shard mode.",
    36069: "The upstream broke off the binlog stream.",
    36070: "A table of the binlog is not in the target.",
    36071: "The changes since the checkpoint cannot be repeated with `safe-mode-duration: 0s`.",
    36101: "The upstream has purged binlogs that are still needed.",
    38004: "dm-master cannot connect to a worker.",
    38005: "A connection to a worker is closed.",
    38008: "A request to a worker failed.",
    38010: "A command-line option of dm-master is wrong.",
    38011: "dm-master's file has a key that does not exist.",
    38012: "dm-master was given words that are no options.",
    38013: "dm-master's file is malformed.",
    38014: "`rpc-timeout` is not a duration.",
    38018: "More calls to workers than `rpc-rate-limit` allows.",
    38029: "dm-master has no connection to the worker.",
    38032: "A worker answered with an error.",
    38035: "`master-addr` is not an address.",
    38036: "The machine's name cannot be read.",
    38037: "The settings of etcd contradict each other.",
    38038: "etcd does not start.",
    38039: "A URL of the peers is not valid.",
    38040: "dm-master cannot join the group.",
    38041: "A request has an operation that does not exist.",
    38042: "`advertise-addr` is not an address others can use.",
    38043: "This dm-master is not the leader and cannot reach it.",
    38045: "The worker did not reach the stage that was asked for in time.",
    38048: "There is no member of this name.",
    38049: "A member is neither master nor worker.",
    40001: "A command-line option of dm-worker is wrong.",
    40002: "dm-worker was given words that are no options.",
    40003: "dm-worker's file is malformed.",
    40004: "dm-worker's file has a key that does not exist.",
    40005: "`source-id` is empty.",
    40006: "`source-id` is too long.",
    40007: "`relay-binlog-name` is not the name of a binlog file.",
    40048: "dm-worker cannot serve its port.",
    40049: "The source has been closed.",
    40050: "The subtask is not running.",
    40051: "The subtask is not paused.",
    40054: "The worker has no such subtask.",
    40055: "The worker has the subtask already.",
    40056: "The subtask is not in the sync unit.",
    40069: "`worker-addr` is not an address.",
    40070: "The worker is bound to no source.",
    40071: "The worker is bound to another source.",
    40072: "The worker's source is not the one asked for.",
    40073: "The subtask's configuration is not in the cluster's store.",
    40074: "The source's configuration is not in the cluster's store.",
    40076: "The worker's TLS files do not fit together.",
    40077: "The worker cannot register with a dm-master.",
    40101: "Another worker has taken the subtask over.",
    42501: "A transaction of the cluster's store failed.",
    42502: "A record of the cluster's store is missing or cannot be read.",
    42503: "The cluster's store cannot be watched.",
    42504: "A lease could not be granted.",
    42505: "A lease could not be kept alive.",
    44003: "A table's structure cannot be written down.",
    44004: "A table is not known to the tracker.",
    44005: "A table cannot be created in the tracker.",
    44006: "A statement does not fit the structure that is known of the table.",
    44007: "The target's table structure cannot be read.",
    44008: "The target's table structure cannot be parsed.",
    44009: "A statement that should be CREATE TABLE is another one.",
    46001: "The scheduler has not started: this dm-master does not lead yet.",
    46002: "The scheduler has started already.",
    46003: "A worker of this name and another address is registered.",
    46004: "There is no worker of this name.",
    46005: "The worker is online.",
    46006: "The worker cannot change to the stage asked for.",
    46007: "There is a source of this name.",
    46008: "There is no source of this name.",
    46009: "A source of the task is bound to no worker.",
    46010: "The source has tasks.",
    46013: "A call names several tasks.",
    46014: "The task exists on this source.",
    46016: "The source does not belong to the task.",
    46017: "The operation is not one of a task's.",
    46018: "There is no such task.",
    46019: "A task of the source is not in the sync unit, so the source cannot move.",
    46024: "Another command is working on the task.",
    46026: "The worker is bound to another source.",
    46032: "A task could not be paused for the move of its source.",
    46033: "The worker is not free.",
    46034: "The task has no such subtask.",
    48001: "No dm-master answers at the addresses given.",
    48002: "dmctl's TLS files do not fit together.",
    48003: "dmctl's TLS files cannot be read.",
    48101: "A command line of dmctl is wrong.",
    49001: "A request of the REST interface failed.",
    50000: "An error without a code of its own; the message is all there is.",
}

_ENTRY = re.compile(r'\{Code::(\w+),\s*"(\w+)",\s*Class::(\w+),\s*(\w+),\s*Level::(\w+),\s*(\w+),\s*'
                    r'((?:"(?:[^"\\]|\\.)*"\s*)+)\}')
_HEAD = """# What does this error mean?

<!-- Written by tools/make_errors_doc.py from the catalogue: change it there. -->

An error is shown as `[code=10006:class=database:scope=downstream:level=high], Message: ..., RawCause: ..., Workaround: ...`;
in `query-status` as an object with the same parts. *Message* says what failed and where, *RawCause* what the system or
server said, *Workaround* what to do. What is wrong with a task file, and what the pre-check finds, is told with
`class=dm-master`, whatever the code.

"Retried" errors pass by themselves more often than not: a task that was paused by one is resumed with back-off from 1 s to
5 min (`checker` of the source). All others wait for `resume-task`. Codes from `x0101` on are this program's own, all others
mean what they mean in TiDB DM. Codes marked *Not in this version* are raised by nothing yet; their numbers are reserved.

| code | name | cause | what to do | retried |
| --- | --- | --- | --- | --- |
"""


def catalogue():
    """(code, name, retry class, advice) in the catalogue's order."""
    numbers = dict(re.findall(r"^\s+(\w+) = (\d+),", (_ROOT / "src/base/error_catalogue.h").read_text("utf-8"), re.M))
    text = (_ROOT / "src/base/error_catalogue.cc").read_text("utf-8")
    for code, name, _, _, _, retried, advice in _ENTRY.findall(text):
        yield int(numbers[code]), name, retried, "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', advice))


def raised():
    """Names of the codes that the programs use."""
    names = set()
    for path in sorted((_ROOT / "src").rglob("*.[ch]*")):
        if "_test" not in path.stem and path.stem != "error_catalogue":
            names |= set(re.findall(r"\bErrorCode::(\w+)", path.read_text("utf-8")))
    return names


def text():
    used = raised()
    rows = [f"| {code} | {name} | {CAUSES[code]}{'' if name in used else ' *Not in this version.*'} | {advice} | "
            f"{'yes' if retried == 'Resume' else ''} |\n" for code, name, retried, advice in catalogue()]
    return _HEAD + "".join(rows)


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
