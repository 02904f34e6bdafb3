#include "unit/copy/key_walk.h"

#include <gtest/gtest.h>

namespace dm::copy {
namespace {

TableShape shape_with(std::vector<KeyColumn> key) {
    TableShape shape;
    shape.name = {"s", "t"};
    shape.columns = {{"a", CellKind::Number, "`a`"}, {"b", CellKind::Text, "`b`"}};
    shape.key = std::move(key);
    shape.key_name = shape.key.empty() ? "" : "PRIMARY";
    return shape;
}

const TableShape kSingle = shape_with({{"a", CellKind::Number, "`a`"}});
const TableShape kPair = shape_with({{"a", CellKind::Number, "`a`"}, {"b", CellKind::Text, "`b`"}});
const TableShape kTriple =
    shape_with({{"a", CellKind::Number, "`a`"}, {"b", CellKind::Text, "`b`"}, {"c", CellKind::Bytes, "`c`"}});

TEST(RangeCondition, OpenEndsHaveNone) {
    EXPECT_EQ(range_condition(kSingle, {}), "");
    EXPECT_EQ(range_condition(kSingle, {.lower = {"5"}, .upper = {}}), "`a`>5");
    EXPECT_EQ(range_condition(kSingle, {.lower = {}, .upper = {"9"}}), "`a`<=9");
}

TEST(RangeCondition, IsAfterTheLowerAndUpToTheUpper) {
    EXPECT_EQ(range_condition(kSingle, {.lower = {"5"}, .upper = {"9"}}), "`a`>5 AND `a`<=9");
}

TEST(RangeCondition, CompositeKeysAreExpanded) {
    EXPECT_EQ(range_condition(kPair, {.lower = {"5", "'x'"}, .upper = {}}),
              "`a`>=5 AND (`a`>5 OR (`a`=5 AND `b`>'x'))");
    EXPECT_EQ(range_condition(kPair, {.lower = {}, .upper = {"9", "'y'"}}),
              "`a`<=9 AND (`a`<9 OR (`a`=9 AND `b`<='y'))");
    EXPECT_EQ(range_condition(kTriple, {.lower = {"1", "'x'", "x'00'"}, .upper = {}}),
              "`a`>=1 AND (`a`>1 OR (`a`=1 AND (`b`>'x' OR (`b`='x' AND `c`>x'00'))))");
}

TEST(ChunkQuery, ForcesTheKeysIndexAndOrder) {
    EXPECT_EQ(chunk_query(kPair, {.lower = {"1", "'x'"}, .upper = {}}, "b <> 'z'"),
              "SELECT /*!40001 SQL_NO_CACHE */ `a`,`b` FROM `s`.`t` FORCE INDEX (`PRIMARY`) WHERE `a`>=1 AND (`a`>1 OR "
              "(`a`=1 AND `b`>'x')) "
              "AND (b <> 'z') ORDER BY `a`,`b`");
}

TEST(ChunkQuery, AKeylessTableIsReadAsItComes) {
    EXPECT_EQ(chunk_query(shape_with({}), {}, ""), "SELECT /*!40001 SQL_NO_CACHE */ `a`,`b` FROM `s`.`t`");
}

TEST(BoundaryQuery, AsksForTheLastKeyOfTheChunk) {
    EXPECT_EQ(boundary_query(kSingle, {}, 100),
              "SELECT `a` FROM `s`.`t` FORCE INDEX (`PRIMARY`) ORDER BY `a` LIMIT 1 OFFSET 99");
    EXPECT_EQ(boundary_query(kSingle, {"7"}, 1),
              "SELECT `a` FROM `s`.`t` FORCE INDEX (`PRIMARY`) WHERE `a`>7 ORDER BY `a` LIMIT 1 OFFSET 0");
}

TEST(KeyLiterals, BytesAreDigitsHoweverMany) {
    const std::string bytes(100, '\xff');
    const std::vector<sql::Cell> row = {"-1", "it's", bytes};
    const auto literals = key_literals(kTriple, row);
    ASSERT_EQ(literals.size(), 3U);
    EXPECT_EQ(literals[0], "-1");
    EXPECT_EQ(literals[1], "'it\\'s'");
    EXPECT_TRUE(literals[2].starts_with("x'ffff") || literals[2].starts_with("x'FFFF")) << literals[2];
    EXPECT_EQ(literals[2].size(), 203U);
}

}  // namespace
}  // namespace dm::copy
