"""The testbed itself: servers start, take writes, log them as rows and survive kill -9."""

import pytest
from testbed import KINDS, EtcdServer


@pytest.mark.parametrize("kind", KINDS)
def test_server_logs_rows_and_survives_kill9(new_server, kind):
    server = new_server(kind, "one", password="s3 'cret")
    server.execute("CREATE DATABASE d")
    server.execute("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20))", "INSERT INTO t VALUES (1, 'é🐬')", database="d")

    logs = server.query("SHOW BINARY LOGS")
    assert logs[0][0] == "bin.000001" and int(logs[0][1]) > 300
    assert server.value("SELECT @@binlog_format") == "ROW"
    gtid = server.value("SELECT @@gtid_current_pos" if server.kind.is_mariadb else "SELECT @@global.gtid_executed")
    assert gtid, "no GTID after writes"

    server.kill9()
    server.start()
    assert server.query("SELECT * FROM t", database="d") == [(1, "é🐬")]
    assert len(server.query("SHOW BINARY LOGS")) == 2
    server.restart({"binlog-row-image": "MINIMAL"})
    assert server.value("SELECT @@binlog_row_image") == "MINIMAL"

    server.create_user("dm", "p@ss")
    with server.connect("dm", "p@ss") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM d.t")
        assert cursor.fetchone() == (1,)
    server.drop_everything()
    assert server.schemas() == []


def test_two_servers_of_one_kind_are_strangers(new_server):
    one, two = new_server("mysql9.7", "one"), new_server("mysql9.7", "two")
    assert one.port != two.port
    assert one.value("SELECT @@server_id") != two.value("SELECT @@server_id")
    assert one.value("SELECT @@server_uuid") != two.value("SELECT @@server_uuid")


def test_gtid_can_be_switched_off(new_server):
    server = new_server("mysql5.6", "plain", options={"gtid-mode": "OFF", "enforce-gtid-consistency": False})
    assert server.value("SELECT @@gtid_mode") == "OFF"


def test_etcd_starts_again_on_its_data(tmp_path):
    etcd = EtcdServer(tmp_path / "etcd")
    try:
        etcd.start()
        etcd.kill9()
        etcd.start()
        etcd.stop()
    finally:
        etcd.remove()
