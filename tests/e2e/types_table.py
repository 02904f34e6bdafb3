"""Tables of every column type, by family, and rows with their extreme values.

A value is what pymysql takes, or `Sql`: an expression of the upstream.
"""

import json
import random
from dataclasses import dataclass

MYSQL = ("mysql5.6", "mysql9.7")
MARIADB = ("mariadb10.11", "mariadb11.8")
_ALL = MYSQL + MARIADB


class Sql(str):
    """An expression, not a text."""


@dataclass
class Column:
    name: str
    type: str
    values: list
    kinds: tuple = _ALL

    @property
    def definition(self):
        return f"`{self.name}` {self.type} NULL"


def _integers():
    columns = []
    for name, bits in (("TINYINT", 8), ("SMALLINT", 16), ("MEDIUMINT", 24), ("INT", 32), ("BIGINT", 64)):
        half = 2**(bits - 1)
        columns += [Column(f"{name.lower()}_s", name, [-half, half - 1, -1, 0, 1]),
                    Column(f"{name.lower()}_u", f"{name} UNSIGNED", [0, 2 * half - 1, half, half - 1, 1]),
                    Column(f"{name.lower()}_z", f"{name}(7) UNSIGNED ZEROFILL", [0, 2 * half - 1, 42])]
    return [*columns, Column("bo", "BOOLEAN", [0, 1, -128, 127]), Column("ye", "YEAR", [1901, 2155, 0, 2024])]


def _fractions():
    def extremes(digits, decimals):
        whole, part = "9" * (digits - decimals) or "0", "9" * decimals
        top = f"{whole}.{part}" if decimals else whole
        least = "0." + "0" * (decimals - 1) + "1" if decimals else "1"
        return [top, f"-{top}", least, f"-{least}", "0", "-0"]

    columns = [Column(f"d{digits}_{decimals}", f"DECIMAL({digits},{decimals})", extremes(digits, decimals))
               for digits, decimals in ((65, 30), (65, 0), (30, 30), (10, 0), (9, 9), (18, 9), (19, 10), (1, 0), (38, 18))]
    floats = [Sql(v) for v in ("3.402823466e38", "-3.402823466e38", "1.17549435e-38", "1.4e-45", "-1.1e-44", "0.1", "16777217",
                               "-0e0", "123456.789", "1e-7", "9.999999e9")]
    doubles = [Sql(v) for v in ("1.7976931348623157e308", "-1.7976931348623157e308", "5e-324", "2.225073858507201e-308",
                                "2.2250738585072014e-308", "-0e0", "0.1", "0.30000000000000004", "9007199254740993", "1e23",
                                "123456789012345680000")]
    return [*columns, Column("du", "DECIMAL(20,5) UNSIGNED", ["0", "999999999999999.99999"]),
            Column("fl", "FLOAT", floats), Column("fd", "FLOAT(10,3)", [Sql("1234567.125"), Sql("-0.001"), Sql("0")]),
            Column("fu", "FLOAT UNSIGNED", floats[:1] + floats[2:4]), Column("db", "DOUBLE", doubles),
            Column("dd", "DOUBLE(20,5)", [Sql("123456789012345.12345"), Sql("-0.00001")]),
            Column("dz", "DOUBLE UNSIGNED ZEROFILL", [Sql("1.5"), Sql("0")])]


def _bits():
    return [Column(f"b{n}", f"BIT({n})", [0, 1, 2**n - 1, 2**(n - 1), int("5" * 16, 16) % 2**n]) for n in range(1, 65)]


def _moments():
    columns = [Column("da", "DATE", ["1000-01-01", "9999-12-31", "0000-00-00", "2024-02-29", "2024-00-15", "0001-01-01"])]
    for digits in range(7):
        def cut(text, digits=digits):
            return text[:20 + digits].rstrip(".")

        micro = f"({digits})"
        least = "" if digits == 0 else "." + "0" * (digits - 1) + "1"
        columns += [
            Column(f"ti{digits}", f"TIME{micro}", ["-838:59:59", "838:59:59", "00:00:00", f"-00:00:00{least}", f"-12:34:56{least}",
                                                   f"23:59:59{least}", f"838:59:58{least}", "-00:00:01", "-01:00:00"]),
            Column(f"dt{digits}", f"DATETIME{micro}", ["1000-01-01 00:00:00", cut("9999-12-31 23:59:59.999999"), "0000-00-00 00:00:00",
                                                       cut("2024-02-29 12:34:56.654321"), "2024-05-00 01:02:03", "0001-01-01 00:00:00"]),
            Column(f"ts{digits}", f"TIMESTAMP{micro}", ["1970-01-02 00:00:01", cut("2038-01-18 03:14:07.999999"),
                                                        "0000-00-00 00:00:00", cut("2024-07-01 02:30:00.123456"),
                                                        "2024-10-27 00:30:00", "2024-10-27 02:30:00", "2024-03-31 03:00:00"]),
        ]
    return columns


_ODD = "quote ' \" back\\slash \0 nul \n line \r cr \t tab \x1a %_ ` -- # /* end "
_TEXTS = {
    "utf8mb4": ["\u00fc\u20ac\U0001f42c\u4e2d", "a\u0301 \u00e1 e\u0323", "\U0010ffff"],
    "utf8": ["\u00fc\u20ac\u4e2d\uffee", "\u0142\u00f3d\u017a"],
    # Every byte of cp1252, also those that have no character in Unicode.
    "latin1": ["\u20ac\u201a\u0192\u201e\u2026\u0160\u0152\u017d\u2122", "\u00e4\u00f6\u00fc\u00ff",
               Sql("_latin1 0x808182838485868788898A8B8C8D8E8F909192939495969798999A9B9C9D9E9F")],
    # The second bytes of some characters are a backslash and other signs of the lexer.
    "gbk": ["\u4e2d\u6587", Sql("_gbk 0xBF5C27"), Sql("_gbk 0x815C"), Sql("_gbk 0xFE9B275C5C")],
    "ascii": ["plain"], "ucs2": ["\u00fc\u4e2d"], "sjis": [Sql("_sjis 0x835C"), "\u8868"], "cp1251": ["\u0436\u0434\u0451"],
    "utf16": ["\U0001f42c\u00fc"],
}


def _texts(charset):
    special = _TEXTS[charset]
    plain = ["", " ", "  trail  ", "NULL", _ODD, "x" * 200]

    def column(name, kind, longest=None, more=()):
        values = [v if longest is None or isinstance(v, Sql) else v[:longest] for v in (*plain, *special)]
        return Column(name, f"{kind} CHARACTER SET {charset}", [*values, *more])

    long = special[0] if not isinstance(special[0], Sql) else "z"
    return [column("ch", "CHAR(100)", 100), column("vc", "VARCHAR(200)", 200), column("vl", "VARCHAR(4000)", 4000, ["y" * 256, "y" * 4000]),
            column("tt", "TINYTEXT", 60), column("tx", "TEXT", None, ["z" * 30000]), column("mt", "MEDIUMTEXT", None, [long * 30000]),
            column("lt", "LONGTEXT", None, [long * 70000]),
            Column("en", f"ENUM('a','b''c','','\u00fc \\\\ x') CHARACTER SET {'utf8mb4' if charset in ('ascii', 'sjis', 'cp1251') else charset}",
                   [1, 2, 3, 4, 0]),
            Column("se", f"SET('x','y''','Z') CHARACTER SET {charset}", [0, 1, 7, 5])]


def _binaries():
    odd = [b"", b"\0", b"\0\0 ", b"a\0", b"a ", b"\xff" * 16, bytes(range(256)), b"'\\\""]
    cut = [v[:16] for v in odd]
    return [Column("b1", "BINARY(1)", [b"", b"\0", b" ", b"\xff"]), Column("bn", "BINARY(16)", cut), Column("bl", "BINARY(255)", odd[:-2]),
            Column("vb", "VARBINARY(300)", odd), Column("vl", "VARBINARY(3000)", [*odd, b"\0" * 3000]), Column("tb", "TINYBLOB", cut),
            Column("bb", "BLOB", [*odd, b"\xfe" * 65535]), Column("mb", "MEDIUMBLOB", [*odd, bytes(range(256)) * 300]),
            Column("lb", "LONGBLOB", [*odd, bytes(range(256)) * 4000]),
            Column("cb", "CHAR(9) CHARACTER SET binary", cut[:6]), Column("xb", "TEXT CHARACTER SET binary", odd)]


def _enums():
    many, members = [f"member {n}" for n in range(300)], [f"m{n}" for n in range(64)]
    return [Column("e3", f"ENUM({', '.join(map(repr, many))})", [1, 255, 256, 300, 0]),
            Column("s64", f"SET({', '.join(map(repr, members))})", [0, 1, 2**63, 2**64 - 1, 2**32]),
            Column("s9", f"SET({', '.join(map(repr, members[:9]))})", [0, 256, 511]),
            Column("el", "ENUM('\u00e4','\u20ac') CHARACTER SET latin1", ["\u00e4", "\u20ac"])]


def _nested(depth):
    return "[" * depth + "1" + "]" * depth


def _json():
    document = {"text": _ODD.replace("\0", ""), "list": [1, -1, 2**63, 1.5, 1e100, True, False, None, [], {}], "\u00fc\U0001f42c": {}, "": 1}
    integers = [0, -1, 127, 32767, 32768, -32769, 2**31, -2**31 - 1, 2**63 - 1, -2**63, 2**64 - 1]
    large = {f"key {n}": [n, str(n), None] for n in range(8000)}  # beyond the small format of 64 KiB
    texts = [json.dumps(document), "[]", "{}", '"text"', "null", "true", "0.1", "-1e-300", json.dumps(integers), json.dumps(large),
             json.dumps(["x" * 70000, 1]), _nested(30), json.dumps("\u00e9" * 200)]
    typed = ["JSON_OBJECT('d', CAST('2024-02-29' AS DATE), 't', CAST('-12:34:56.654321' AS TIME(6)), 'dt', "
             "CAST('2024-02-29 01:02:03.000004' AS DATETIME(6)))", "JSON_ARRAY(CAST(12345.678 AS DECIMAL(20,5)))",
             "CAST(CAST('x' AS CHAR) AS JSON)", "JSON_ARRAY(CAST(1 AS UNSIGNED), TRUE, NULL)"]
    return [Column("js", "JSON", [v if v != '"text"' else '"a \\" b \\\\ c"' for v in texts], ("mysql9.7", *MARIADB)),
            Column("jt", "JSON", [Sql(t.replace("CAST('x' AS CHAR)", "'\"x\"'")) for t in typed], ("mysql9.7",)),
            Column("jd", "JSON", ["1", '{"a": 1}'], ("mysql9.7", *MARIADB))]


def _shapes():
    def of(function, *texts):
        return [Sql(f"{function}('{text}', {srid})") for text in texts for srid in (0, 4326)]

    def column(kind, *texts):
        return [Column(f"g_{kind.lower()}", kind, of("ST_GeomFromText", *texts))]

    return [*column("GEOMETRY", "POINT(1 2)", "LINESTRING(0 0,1.5 -2.25)"), *column("POINT", "POINT(-0.125 45.5)"),
            *column("LINESTRING", "LINESTRING(0 0,10 10,20 25)"), *column("POLYGON", "POLYGON((0 0,10 0,10 10,0 10,0 0),(5 5,7 5,7 7,5 7,5 5))"),
            *column("MULTIPOINT", "MULTIPOINT(0 0,1 1)"), *column("MULTILINESTRING", "MULTILINESTRING((0 0,1 1),(2 2,3 3))"),
            *column("MULTIPOLYGON", "MULTIPOLYGON(((0 0,1 0,1 1,0 0)))"),
            *column("GEOMETRYCOLLECTION", "GEOMETRYCOLLECTION(POINT(1 2),LINESTRING(1 2,3 4))")]


def families(kind):
    """Columns by table name, for one kind of upstream."""
    tables = {"integers": _integers(), "fractions": _fractions(), "bits": _bits(), "moments": _moments(), "binaries": _binaries(),
              "enums": _enums(), "json": _json(), "shapes": _shapes(), **{f"text_{charset}": _texts(charset) for charset in _TEXTS}}
    tables["fixed"] = [
        Column("id6", "UUID", ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff",
                               "123e4567-e89b-12d3-a456-426614174000", "01890a5d-ac96-774b-bcce-b302099a8057"], MARIADB),
        Column("i4", "INET4", ["0.0.0.0", "255.255.255.255", "10.1.2.3"], MARIADB),
        Column("i6", "INET6", ["::", "::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::ffff:1.2.3.4", "2001:db8::ff00:42:8329"], MARIADB)]
    numbers = "[1.5,-0.25,1e-30,3.4e38]"
    tables["vectors"] = [Column("ve", "VECTOR(4)", [Sql(f"STRING_TO_VECTOR('{numbers}')")], ("mysql9.7",)),
                         Column("vm", "VECTOR(4)", [Sql(f"VEC_FromText('{numbers}')"), Sql("VEC_FromText('[0,0,0,0]')")], ("mariadb11.8",))]
    fitting = {name: [c for c in columns if kind in c.kinds] for name, columns in tables.items()}
    return {name: columns for name, columns in fitting.items() if columns}


def create_table(schema, table, columns):
    definitions = ", ".join(c.definition for c in columns)
    return (f"CREATE TABLE `{schema}`.`{table}` (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, {definitions}) "
            "DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci ROW_FORMAT=DYNAMIC")


def rows_of(columns, seed, mixed=6):
    """A row of NULLs, every value of every column, and rows that mix them at random."""
    chooser = random.Random(seed)
    rows = [[None] * len(columns)]
    rows += [[c.values[n % len(c.values)] for c in columns] for n in range(max(len(c.values) for c in columns))]
    return rows + [[chooser.choice([None, *c.values]) for c in columns] for _ in range(mixed)]


def insert_rows(connection, schema, table, columns, rows):
    """One statement per row, in the session as it is."""
    names = ", ".join(f"`{c.name}`" for c in columns)
    with connection.cursor() as cursor:
        for row in rows:
            values = ", ".join(v if isinstance(v, Sql) else connection.escape(v) for v in row)
            cursor.execute(f"INSERT INTO `{schema}`.`{table}` ({names}) VALUES ({values})")
