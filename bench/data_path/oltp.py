"""The data set of decode, sync and lag: sysbench tables, and a binlog of oltp_write_only on them."""

import json
import re
import subprocess

from testbed import Server

from .stage import OPTIONS, SCHEMA, SERVER, copy_folder, data_set, prepare_tables, run, sysbench

TABLES = 4
CHANGES_PER_TRANSACTION = 4  # of oltp_write_only: two updates, a delete and an insert
_THREADS = 8


class OltpData:
    """`before` and `after` are data folders of a server without and with the changes; both are not to be changed."""

    def __init__(self, folder):
        self.before = folder / "before"
        self.after = folder / "after"
        facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
        self.start_gtid = facts["start_gtid"]
        self.end_gtid = facts["end_gtid"]
        self.changes = facts["changes"]
        self.binlog = self.after / facts["binlog"]

    def describe(self, rows, distribution):
        return (f"sysbench oltp_write_only, {TABLES} tables of {rows:,} rows, keys by sysbench's \"{distribution}\" "
                f"distribution, {self.changes:,} row changes, {self.binlog.stat().st_size / 1e6:.0f} MB of binlog")


def count_changes(binlog):
    """Row changes in a binlog file as mariadb-binlog sees them."""
    text = subprocess.Popen(["mariadb-binlog", "--base64-output=decode-rows", "-v", str(binlog)],
                            stdout=subprocess.PIPE)
    count = subprocess.run(["grep", "-cE", "^### (INSERT INTO|UPDATE|DELETE FROM) "], stdin=text.stdout,
                           capture_output=True, text=True, check=True)
    assert text.wait() == 0, f"mariadb-binlog cannot read {binlog}"
    return int(count.stdout)


def oltp_data(rows, changes, distribution):
    """Data with at least about `changes` row changes in one binlog file."""
    def build(folder):
        server = Server(SERVER, folder / "work", options=OPTIONS)
        server.start()
        try:
            prepare_tables(server, TABLES, rows)
            start = server.value("SELECT @@gtid_binlog_pos")
            server.stop()
            copy_folder(server.datadir, folder / "before")
            server.start()
            binlog = server.query("SHOW MASTER STATUS")[0][0]
            run(sysbench(server, "oltp_write_only", f"--tables={TABLES}", f"--table-size={rows}",
                         f"--threads={_THREADS}", f"--events={changes // CHANGES_PER_TRANSACTION + 1}", "--time=0",
                         f"--rand-type={distribution}"))
            end = server.value("SELECT @@gtid_binlog_pos")
            assert server.query("SHOW MASTER STATUS")[0][0] == binlog, "the changes must fit one binlog file"
            server.stop()
            server.datadir.rename(folder / "after")
        finally:
            server.remove()
        facts = {"start_gtid": start, "end_gtid": end, "binlog": binlog,
                 "changes": count_changes(folder / "after" / binlog)}
        (folder / "facts.json").write_text(json.dumps(facts), encoding="utf-8")

    return OltpData(data_set("oltp", [TABLES, rows, changes, distribution], build))


def transactions_per_second(sysbench_output):
    """The rate that sysbench reports at its end."""
    return float(re.search(r"transactions:\s+\d+\s+\(([\d.]+) per sec", sysbench_output).group(1))


def load_command(server, rows, *words):
    """Sysbench writing to the tables of the data set."""
    return sysbench(server, "oltp_write_only", f"--tables={TABLES}", f"--table-size={rows}", *words)


def forget_past(server):
    """Makes a copy of `before` a target: no binlog, no GTIDs of its own."""
    assert SCHEMA in server.schemas()
    server.execute("RESET MASTER")
    return server
