"""The comparer must see equal data as equal across server kinds, and every kind of difference."""

import pytest
from testbed import compare_tables

TYPES = """CREATE TABLE d.t (
    a INT NOT NULL, b VARCHAR(20) NOT NULL, f FLOAT, dbl DOUBLE, de DECIMAL(20,5), bi BIT(10), bl BLOB, vb VARBINARY(9),
    ts TIMESTAMP(6) NULL, dt DATETIME NULL, ti TIME(2), j JSON, e ENUM('x','y'), l VARCHAR(9) CHARACTER SET latin1,
    PRIMARY KEY (a, b))"""
ROW = """INSERT INTO d.t VALUES (%s, 'k', 0.1, 0.1, 1.5, b'1000000001', x'00FF27', x'0D0A', '2024-01-01 00:00:00.000001',
    '2024-01-01', '-01:02:03.04', '{"b": 1.50, "a": [null, "ü"]}', 'y', 'ÿ')"""


@pytest.fixture
def sides(servers):
    left, right = servers.get("mysql9.7", "up"), servers.get("mariadb10.11", "down")
    for side in (left, right):
        side.execute("CREATE DATABASE d", TYPES)
        for key in range(5):
            side.query(ROW, (key,))
    return left, right


def compare(sides, table="t"):
    (result,) = compare_tables(*sides, [("d", table)])
    return result


def test_equal_rows_are_equal(sides):
    result = compare(sides)
    assert (result.differences, result.left_rows, result.right_rows) == (0, 5, 5), str(result)


def test_json_is_compared_by_meaning(sides):
    sides[1].execute("""UPDATE d.t SET j = '{"a":[null,"\\\\u00fc"],  "b":1.5}'""")
    assert compare(sides).differences == 0


@pytest.mark.parametrize("change, said", [
    ("UPDATE d.t SET f = 0.10000001 WHERE a = 3", "f: "),
    ("UPDATE d.t SET dbl = 0.1 + 1e-17 * 2 WHERE a = 3", "dbl: "),
    ("UPDATE d.t SET de = 1.50001 WHERE a = 3", "de: "),
    ("UPDATE d.t SET bi = 0 WHERE a = 3", "bi: "),
    ("UPDATE d.t SET bl = x'00FF28' WHERE a = 3", "bl: "),
    ("UPDATE d.t SET bl = NULL WHERE a = 3", "bl: "),
    ("UPDATE d.t SET ts = '2024-01-01 00:00:00.000002' WHERE a = 3", "ts: "),
    ("""UPDATE d.t SET j = '{"b": 1.5, "a": [null, "u"]}' WHERE a = 3""", "j: "),
    ("UPDATE d.t SET e = 'x' WHERE a = 3", "e: "),
    ("UPDATE d.t SET l = 'y' WHERE a = 3", "l: "),
    ("UPDATE d.t SET b = 'K' WHERE a = 3", "only on the"),
    ("DELETE FROM d.t WHERE a = 3", "only on the left"),
    ("INSERT INTO d.t (a, b) VALUES (99, '')", "only on the right"),
    ("ALTER TABLE d.t DROP COLUMN e", "columns differ"),
    ("DROP TABLE d.t", "no such table"),
], ids=["float", "double", "decimal", "bit", "blob", "null", "microsecond", "json", "enum", "latin1", "key-case",
        "missing-row", "extra-row", "missing-column", "missing-table"])
def test_planted_difference_is_found(sides, change, said):
    sides[1].execute(change)
    result = compare(sides)
    assert result.differences >= 1 and said in str(result), str(result)


def test_tables_without_key_are_multisets(sides):
    left, right = sides
    for side, values in ((left, "(1), (2), (2), (NULL)"), (right, "(2), (NULL), (1), (2)")):
        side.execute("CREATE TABLE d.k (a INT)", f"INSERT INTO d.k VALUES {values}")
    assert compare(sides, "k").differences == 0
    right.execute("DELETE FROM d.k WHERE a = 2 LIMIT 1")
    assert compare(sides, "k").differences == 1
