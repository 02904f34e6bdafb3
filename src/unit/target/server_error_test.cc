#include "unit/target/server_error.h"

#include <gtest/gtest.h>

namespace dm::target {
namespace {

Error with_cause(std::string_view cause) { return Error(ErrorCode::DbExecuteFailed, "x").with_cause(cause); }

TEST(ServerError, ReadsTheNumberOfTheCause) {
    EXPECT_EQ(sql_error_number(with_cause("Error 1062 (23000): Duplicate entry '1' for key 'PRIMARY'")), 1062);
    EXPECT_EQ(sql_error_number(with_cause("Error 2013 (HY000): Lost connection")), 2013);
}

TEST(ServerError, OtherCausesHaveNone) {
    EXPECT_EQ(sql_error_number(with_cause("")), std::nullopt);
    EXPECT_EQ(sql_error_number(with_cause("Error in line 7")), std::nullopt);
    EXPECT_EQ(sql_error_number(with_cause("disk Error 1062")), std::nullopt);
}

}  // namespace
}  // namespace dm::target
