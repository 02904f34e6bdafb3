#include "core/config/expression_check.h"

#include <gtest/gtest.h>

namespace dm::config {
namespace {

TEST(ExpressionCheck, TakesValueExpressions) {
    for (const auto* text : {"1",
                             "id > 5",
                             "c like '%x' escape '|' and d is not null",
                             "a in (1, 2, 3) or not b",
                             "a between 1 and 2 + 3 and c",
                             "a not between 1 and 2",
                             "a not in (1)",
                             "(a, b) = (1, 2)",
                             "`d`.`t`.c <=> null",
                             "-a + ~b * !c",
                             "a->>'$.x' = 'y'",
                             "case a when 1 then 2 else 3 end = 2",
                             "case when a then b end",
                             "cast(a as char(10)) = 'x'",
                             "convert(a using utf8mb4)",
                             "convert(a, unsigned integer)",
                             "count(*)",
                             "now()",
                             "date_add(ts, interval 1 day) > date '2024-01-01'",
                             "a collate utf8mb4_bin = 'b'",
                             "x'00' = b'1' xor 1.5e3 div 2",
                             "a regexp '^x' && b || c",
                             "@x is true",
                             "_utf8mb4 'x' 'y'",
                             "a <> 1 and b != 2 and c << 1 >> 2",
                             "if(a, b, c)",
                             "mod(a, 2) = 0 and left(b, 1) = 'x'"})
        EXPECT_EQ(expression_problem(text), std::nullopt) << text;
}

TEST(ExpressionCheck, TellsWhereAnotherTextGoesWrong) {
    for (const auto* text : {"",
                             "   ",
                             "a >",
                             "a b",
                             "a > 1 from t",
                             "(a",
                             "a)",
                             "a in 1",
                             "a in ()",
                             "a is 5",
                             "a between 1",
                             "case when 1 end",
                             "case a end",
                             "cast(a)",
                             "select 1",
                             "(select 1)",
                             "a; drop table t",
                             "'open",
                             "a not 5",
                             "f(a,)",
                             "a = = b",
                             ", a",
                             "and",
                             "interval 1"})
        EXPECT_NE(expression_problem(text), std::nullopt) << text;
    EXPECT_EQ(expression_problem("a > 1 b"), "unexpected 'b' at line 1 column 7");
    EXPECT_EQ(expression_problem("a >"), "something is missing at the end");
    EXPECT_EQ(expression_problem(std::string(100'000, '(')), "it is nested too deeply");
}

}  // namespace
}  // namespace dm::config
