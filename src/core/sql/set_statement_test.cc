#include "core/sql/set_statement.h"

#include <gtest/gtest.h>

namespace dm::sql {
namespace {

TEST(SetStatementTest, what_is_behind_it_is_the_statement) {
    EXPECT_EQ(without_set_statement("SET STATEMENT max_statement_time=20 FOR ALTER TABLE t ADD a INT", {}),
              "ALTER TABLE t ADD a INT");
    EXPECT_EQ(
        without_set_statement(
            "/* x */ set statement a = (SELECT 1 FOR UPDATE), b='no FOR y', c=@@global.c for\nDROP TABLE `for`", {}),
        "DROP TABLE `for`");
}

TEST(SetStatementTest, others_stay_as_they_are) {
    for (const auto* text :
         {"SET a = 1", "ALTER TABLE t ADD a INT", "SET STATEMENT a = 1", "", "SET `STATEMENT` = 1 FOR x"})
        EXPECT_EQ(without_set_statement(text, {}), text);
}

}  // namespace
}  // namespace dm::sql
