"""A table with the common column types and rows with their extreme values."""

import json
import random

COLUMNS = [
    ("ti", "TINYINT"), ("tu", "TINYINT UNSIGNED"), ("si", "SMALLINT"), ("su", "SMALLINT UNSIGNED"),
    ("mi", "MEDIUMINT"), ("mu", "MEDIUMINT UNSIGNED"), ("ii", "INT"), ("iu", "INT UNSIGNED"),
    ("bi", "BIGINT"), ("bu", "BIGINT UNSIGNED"), ("bo", "BOOLEAN"),
    ("fl", "FLOAT"), ("db", "DOUBLE"), ("d1", "DECIMAL(65,30)"), ("d2", "DECIMAL(10,0)"), ("d3", "DECIMAL(5,5)"),
    ("b1", "BIT(1)"), ("b9", "BIT(9)"), ("b64", "BIT(64)"),
    ("ch", "CHAR(10)"), ("vs", "VARCHAR(100)"), ("vl", "VARCHAR(3000)"),
    ("la", "VARCHAR(50) CHARACTER SET latin1"), ("u3", "VARCHAR(50) CHARACTER SET utf8mb3"),
    ("bn", "BINARY(16)"), ("vb", "VARBINARY(300)"),
    ("tt", "TINYTEXT"), ("tx", "TEXT"), ("mt", "MEDIUMTEXT"), ("lt", "LONGTEXT"),
    ("tb", "TINYBLOB"), ("bl", "BLOB"), ("mb", "MEDIUMBLOB"), ("lb", "LONGBLOB"),
    ("da", "DATE"), ("t0", "TIME"), ("t6", "TIME(6)"), ("dt", "DATETIME"), ("d6", "DATETIME(6)"),
    ("ts", "TIMESTAMP NULL"), ("t3", "TIMESTAMP(3) NULL"), ("ye", "YEAR"),
    ("en", "ENUM('a','b''c','ü')"), ("se", "SET('x','y','z')"), ("js", "JSON"),
]

_ODD_TEXT = "quote ' \" back\\slash \0 nul \n line \t tab \x1a %_ \u00fc\u20ac \U0001f42c ` end "


def table_with_all_types(server, schema, table):
    columns = ", ".join(f"`{name}` {kind} " + ("NULL" if "NULL" not in kind else "") for name, kind in COLUMNS)
    server.execute(f"CREATE DATABASE IF NOT EXISTS `{schema}`",
                   f"CREATE TABLE `{schema}`.`{table}` (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, {columns})")


def _integers():
    values = {}
    for name, bits in (("t", 8), ("s", 16), ("m", 24), ("i", 32), ("b", 64)):
        values[name + "i"] = [-2**(bits - 1), 2**(bits - 1) - 1, -1, 0]
        values[name + "u"] = [0, 2**bits - 1, 2**(bits - 1), 1]
    return values


def _extremes():
    text = ["", _ODD_TEXT, "x" * 10, "NULL"]
    binary = [b"", bytes(range(256)), b"\0\0", b"'\\\""]
    document = {"text": _ODD_TEXT.replace("\0", ""), "list": [1, -1, 2**63, 1.5, 1e100, True, None, []], "e": {}}
    return {
        **_integers(), "bo": [0, 1, -128, 127],
        "fl": [3.4e38, -1.17549e-38, 0.1, 16777217], "db": [1.7976931348623157e308, 5e-324, -0.1, 1 / 3],
        "d1": ["9" * 35 + "." + "9" * 30, "-" + "9" * 35 + "." + "9" * 30, "0." + "0" * 29 + "1", "-0.5"],
        "d2": [9999999999, -9999999999, 0, 1], "d3": ["0.99999", "-0.99999", "0.00001", "0"],
        "b1": [0, 1, 0, 1], "b9": [511, 256, 0, 1], "b64": [2**64 - 1, 2**63, 0, 1],
        "ch": ["", "ü" * 10, "trail", "\U0001f42c" * 10], "vs": [t[:100] for t in text],
        "vl": ["", "\U0001f42c" * 3000, _ODD_TEXT, "y" * 256],
        "la": ["", "\u00e4\u00f6\u00fc\u00ff", "quote'\\", "\u20ac"],
        "u3": ["", "\u4e2d\u6587", "\u20ac" * 50, "'"], "bn": [b"", b"\xff" * 16, b"a\0", b"\0" * 16],
        "vb": binary, "tt": text, "tx": ["", _ODD_TEXT, "z" * 65535, " "], "mt": text, "lt": text[::-1],
        "tb": [b[:255] for b in binary], "bl": ["", b"\xfe" * 65535, *binary[:2]], "mb": binary, "lb": binary[::-1],
        "da": ["1000-01-01", "9999-12-31", "0000-00-00", "2024-02-29"],
        "t0": ["-838:59:59", "838:59:59", "00:00:00", "-00:00:01"],
        "t6": ["-838:59:59.000000", "838:59:58.999999", "00:00:00.000001", "-00:00:00.000001"],
        "dt": ["1000-01-01 00:00:00", "9999-12-31 23:59:59", "0000-00-00 00:00:00", "2024-02-29 12:34:56"],
        "d6": ["1000-01-01 00:00:00.000001", "9999-12-31 23:59:59.999999", "0000-00-00", "2024-02-29 1:2:3.4"],
        "ts": ["1970-01-01 12:00:01", "2038-01-01 03:14:07", "0000-00-00 00:00:00", "2024-07-01 02:30:00"],
        "t3": ["1970-01-01 12:00:00.001", "2038-01-01 03:14:07.999", "0000-00-00", "2024-10-27 02:30:00.5"],
        "ye": [1901, 2155, 0, 2024], "en": ["a", "b'c", "\u00fc", ""], "se": ["", "x,y,z", "y", "x,z"],
        "js": [json.dumps(document), "[]", '"text"', "null"],
    }


def edge_rows(seed, mixed=40):
    """A row of NULLs, rows of extreme values, and rows that mix them at random."""
    extremes = _extremes()
    assert set(extremes) == {name for name, _ in COLUMNS}
    rows = [[None] * len(COLUMNS)]
    rows += [[extremes[name][index] for name, _ in COLUMNS] for index in range(4)]
    chooser = random.Random(seed)
    rows += [[chooser.choice([None, *extremes[name]]) for name, _ in COLUMNS] for _ in range(mixed)]
    return rows


def insert_rows(server, schema, table, rows):
    """Writes them with a permissive sql_mode, as old applications do."""
    with server.connect(database=schema) as connection, connection.cursor() as cursor:
        cursor.execute("SET sql_mode = ''")
        names = ", ".join(f"`{name}`" for name, _ in COLUMNS)
        places = ", ".join(["%s"] * len(COLUMNS))
        cursor.executemany(f"INSERT INTO `{table}` ({names}) VALUES ({places})", rows)
