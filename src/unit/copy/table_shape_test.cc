#include "unit/copy/table_shape.h"

#include <gtest/gtest.h>

#include "core/sql/fake_sql_session.h"

namespace dm::copy {
namespace {

std::string literal(const std::string& text, CellKind kind) {
    std::string out;
    append_cell(out, sql::Cell(text), kind);
    return out;
}

TEST(AppendCell, MinusZeroKeepsItsSign) {
    EXPECT_EQ(literal("-0", CellKind::Number), "-0e0");
    EXPECT_EQ(literal("0", CellKind::Number), "0");
    EXPECT_EQ(literal("-0.5", CellKind::Number), "-0.5");
}

TEST(AppendCell, TheErrorValueIsNotTheEmptyMember) {
    EXPECT_EQ(literal("0", CellKind::Member), "0");
    EXPECT_EQ(literal("1", CellKind::Member), "''");
    EXPECT_EQ(literal("10", CellKind::Member), "'0'");
}

TEST(ReadTableShape, AnEnumWithAnEmptyMemberIsReadWithItsNumber) {
    sql::FakeSqlServer server;
    server.on("SELECT DATA_LENGTH", sql::FakeSqlServer::result({"d", "r"}, {{"1", "1"}}));
    server.on("SELECT COLUMN_NAME AS c, DATA_TYPE",
              sql::FakeSqlServer::result({"c", "t", "y"}, {{"a", "enum", "enum('','x')"},
                                                           {"b", "enum", "enum('x','')"},
                                                           {"c", "enum", "enum('x,''','y')"},
                                                           {"d", "set", "set('')"}}));
    const auto session = server.connect();
    const auto shape = read_table_shape(*session, {"s", "t"});
    ASSERT_TRUE(shape);
    ASSERT_EQ(shape->columns.size(), 4U);
    EXPECT_EQ(shape->columns[0].select_expression, "CONCAT(IF(`a`+0=0,'0','1'),`a`)");
    EXPECT_EQ(shape->columns[1].kind, CellKind::Member);
    EXPECT_EQ(shape->columns[2].kind, CellKind::Text);
    EXPECT_EQ(shape->columns[3].kind, CellKind::Text);
}

}  // namespace
}  // namespace dm::copy
