"""What only MySQL or only MariaDB has of structure statements comes to the other in its words, in copy and replication."""

from .test_target_keys import noticed


def columns(server, table):
    """Names of the columns of d.`table`, hidden ones too."""
    return [row[0] for row in server.query("SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'd' AND "
                                           f"TABLE_NAME = '{table}' ORDER BY ORDINAL_POSITION")]


def indexes(server, table):
    return {row[2] for row in server.query(f"SHOW INDEX FROM d.{table}")}


def create_text(server, table):
    return server.query(f"SHOW CREATE TABLE d.{table}")[0][1]


def structure(table):
    """A table of MySQL with all of it."""
    return (f"CREATE TABLE d.{table} (id INT PRIMARY KEY, a INT INVISIBLE, g INT AS (id + 1) STORED NOT NULL, "
            "v INT AS (id + 2) VIRTUAL NULL, p POINT NOT NULL SRID 4326, CONSTRAINT {0} CHECK (id > 100) NOT ENFORCED, "
            "KEY kb (v) INVISIBLE, KEY f ((a + 1)), UNIQUE KEY h ((a * 2), id))").format(f"c_{table}")


def test_words_of_mysql_for_mariadb(running, servers, assert_same):
    source, target = servers.get("mysql9.7", "up"), servers.get("mariadb10.11", "down")
    point = "ST_GeomFromText('POINT(1 2)', 4326)"
    source.execute("CREATE DATABASE d", structure("copied"), f"INSERT INTO d.copied (id, a, p) VALUES (1, 1, {point})",
                   "CREATE TABLE d.c (id INT PRIMARY KEY, v INT, CONSTRAINT big CHECK (v > 9))", "INSERT INTO d.c VALUES (1, 10)")
    cluster = running(source, target)
    source.execute(structure("made"), *(f"INSERT INTO d.{t} (id, a, p) VALUES (2, 2, {point})" for t in ("copied", "made")),
                   "ALTER TABLE d.made ALTER INDEX kb VISIBLE", "ALTER TABLE d.made ALTER COLUMN a SET VISIBLE",
                   "CREATE INDEX e ON d.made ((a + 7))", "ALTER TABLE d.made DROP KEY e",
                   "ALTER TABLE d.made ADD s INT COLUMN_FORMAT DYNAMIC STORAGE DISK, ADD w INT AS (id) VIRTUAL NOT NULL",
                   "ALTER TABLE d.c ALTER CHECK big NOT ENFORCED", "INSERT INTO d.c VALUES (2, 2)", "ALTER TABLE d.c DROP CHECK big",
                   "ALTER DATABASE d READ ONLY = 1", "ALTER DATABASE d READ ONLY = 0", "INSERT INTO d.c VALUES (3, 3)")
    cluster.wait_synced("t")
    assert_same(source, target, "d")
    for table in "copied", "made":
        assert columns(source, table) == columns(target, table)
        assert indexes(target, table) == {"PRIMARY", "kb"}
        assert "CHECK" not in create_text(target, table), "MariaDB would enforce it"
    assert "IGNORED" in create_text(target, "copied") and "IGNORED" not in create_text(target, "made")
    said = noticed(cluster)
    assert any("adapted" in kind for kind in said), said


def test_words_of_mariadb_for_mysql(running, servers, assert_same):
    source, target = servers.get("mariadb11.8", "up"), servers.get("mysql9.7", "down")
    text = ("CREATE TABLE d.{0} (id INT PRIMARY KEY, k INT, n INT DEFAULT NEXTVAL(d.q), t TEXT DEFAULT 'long', "
            "c VARCHAR(50) COMPRESSED DEFAULT 'c', p INT AS (k + 1) PERSISTENT, g POINT REF_SYSTEM_ID=4326, KEY ik (k) IGNORED)")
    source.execute("CREATE DATABASE d", "CREATE SEQUENCE d.q", text.format("copied"), "INSERT INTO d.copied (id, k) VALUES (1, 1)")
    cluster = running(source, target)
    source.execute(text.format("made"), *(f"INSERT INTO d.{t} (id, k) VALUES (2, 2)" for t in ("copied", "made")),
                   "ALTER TABLE d.copied ALTER INDEX ik NOT IGNORED", "ALTER DATABASE d COMMENT 'theirs'",
                   "CREATE TABLE d.period (id INT PRIMARY KEY, s DATE, e DATE, PERIOD FOR p (s, e))",
                   "ALTER TABLE d.period DROP PERIOD FOR p", "INSERT INTO d.period VALUES (1, '2000-01-01', '2001-01-01')",
                   "ALTER TABLE d.made ADD x BLOB DEFAULT 'bytes', ADD y INT AS (k * 2) PERSISTENT, ADD KEY (y)",
                   "INSERT INTO d.made (id, k) VALUES (3, 3)")
    cluster.wait_synced("t")
    assert_same(source, target, *(("d", table) for table in ("copied", "made", "period")))
    for table in "copied", "made":
        assert columns(source, table) == columns(target, table)
        assert indexes(source, table) == indexes(target, table)
    assert "INVISIBLE" not in create_text(target, "copied") and "INVISIBLE" in create_text(target, "made")
    assert "DEFAULT (_utf8mb4'long')" in create_text(target, "made")
    said = noticed(cluster)
    assert any("adapted" in kind for kind in said), said
