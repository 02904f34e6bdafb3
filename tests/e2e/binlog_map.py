"""Which transaction of a server's binlog wrote which row, and whether a place covers it: the server's own account."""

import re
from dataclasses import dataclass

_INSERT = re.compile(r"INSERT INTO d\.t VALUES \((\d+), (\d+)\)")
_MYSQL_GTID = re.compile(r"GTID_NEXT= '([0-9a-f-]+):(\d+)'")
_MARIADB_GTID = re.compile(r"GTID (\d+)-\d+-(\d+)")


@dataclass(frozen=True)
class Written:
    """One row's transaction: where it ends, and its GTID as (server or domain, number)."""

    end: tuple
    gtid: tuple


@dataclass(frozen=True)
class Place:
    """A place as copy_positions_e2e prints it: "file:offset set"."""

    end: tuple
    gtids: dict

    @classmethod
    def parse(cls, text):
        position, _, gtids = text.partition(" ")
        file, offset = position.split(":")
        return cls((file, int(offset)), dict(_intervals(gtids)))

    def covers(self, written, by_gtid):
        if not by_gtid:
            return written.end <= self.end
        return any(first <= written.gtid[1] <= last for first, last in self.gtids.get(written.gtid[0], ()))


def _intervals(text):
    for part in filter(None, text.split(",")):
        if ":" in part:
            server, *ranges = part.strip().split(":")
            yield server, [(int(r.split("-")[0]), int(r.split("-")[-1])) for r in ranges]
        else:
            domain, _, last = part.strip().split("-")
            yield domain, [(0, int(last))]


def written_rows(server, files):
    """(w, n) -> Written for every single-row transaction in these files; needs the statements' text in the binlog."""
    found = {}
    for file in files:
        row = gtid = None
        for _, _, kind, _, end, info in server.query(f"SHOW BINLOG EVENTS IN '{file}'"):
            if kind.lower() == "gtid":
                gtid = (_MYSQL_GTID.search(info) or _MARIADB_GTID.search(info)).groups()
            elif match := _INSERT.search(info):
                row = (int(match[1]), int(match[2]))
            elif kind.lower() == "xid" and row:
                found[row] = Written((file, end), (gtid[0], int(gtid[1])))
                row = None
    return found


def binlog_files(server):
    return [row[0] for row in server.query("SHOW BINARY LOGS")]
