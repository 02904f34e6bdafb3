"""The arrow checker must pass a clean tree and catch every planted violation."""

import pytest
from check_arrows import check, read_table

TABLE = """
# room : rooms | libraries
base        :                      | fmt
core/model  : base
core/sql    : core/model
core/schema : core/sql
io/mysql    : core/sql             | libmariadb
unit/sync   : core/schema
app/main    : unit/sync io/mysql
"""


@pytest.fixture
def tree(tmp_path):
    def write(path, *includes):
        file = tmp_path / "src" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("#pragma once\n" + "".join(f"#include {i}\n" for i in includes))

    write("base/error.h", "<string>")
    write("core/model/row.h", '"base/error.h"', "<vector>")
    write("core/sql/lexer.h", '"core/sql/token.h"', '"core/model/row.h"')
    write("core/schema/table.cc", '"core/model/row.h"', "<nlohmann/json.hpp>")
    write("io/mysql/session.cc", '"core/sql/lexer.h"', "<mysql.h>", "<thread>")
    write("unit/sync/sync.h", '"core/schema/table.h"', '"base/error.h"')
    write("app/main/main.cc", '"io/mysql/session.h"', '"unit/sync/sync.h"', '"dmmaster.pb.h"')
    write.src = tmp_path / "src"
    return write


def test_clean_tree_passes(tree):
    assert check(tree.src, TABLE) == []


@pytest.mark.parametrize(
    "path, include, said",
    [
        ("core/model/bad.h", '"core/sql/lexer.h"', "core/model may not include core/sql"),
        ("base/bad.h", '"core/model/row.h"', "base may not include core/model"),
        ("unit/sync/bad.cc", '"io/mysql/session.h"', "unit/sync may not include io/mysql"),
        ("io/mysql/bad.cc", '"core/schema/table.h"', "io/mysql may not include core/schema"),
        ("core/sql/bad.cc", '  "app/main/main.h"', "core/sql may not include app/main"),
        ("core/new/file.h", "<string>", "room core/new is missing"),
        ("core/sql/bad.h", "<nlohmann/json.hpp>", "heavy header <nlohmann/json.hpp>"),
        ("core/sql/bad.cc", "<fstream>", "<fstream> in core"),
        ("core/sql/bad.cc", '"lexer.h"', 'write includes from src/: "core/sql/lexer.h"'),
    ],
)
def test_planted_violation_is_found(tree, path, include, said):
    tree(path, include)
    problems = check(tree.src, TABLE)
    assert len(problems) == 1, problems
    assert said in problems[0] and path in problems[0]


@pytest.mark.parametrize(
    "line, said",
    [
        ("core/dml : io/mysql", "core/dml -> io/mysql goes against the floors"),
        ("io/rpc : unit/sync", "io/rpc -> unit/sync goes against the floors"),
        ("core/dml : core/rules", "core/rules has no line of its own"),
        ("core/sql : core/model", "core/sql is listed twice"),
        ("cellar/wine : base", "cellar/wine is on no known floor"),
        ("core/dml core/sql", "expected"),
    ],
)
def test_bad_table_line_is_found(line, said):
    problems = read_table(TABLE + line + "\n").problems
    assert len(problems) == 1 and said in problems[0], problems


def test_circle_is_found():
    problems = read_table(TABLE.replace("core/model  : base", "core/model  : core/schema")).problems
    assert any("closes a circle" in p for p in problems), problems
