#include "core/sql/hide_values.h"

#include <gtest/gtest.h>

namespace dm::sql {
namespace {

TEST(HideValuesTest, ShowsNamesAndNoLiterals) {
    EXPECT_EQ(hide_values("INSERT INTO `d`.`t1` (`a`,`b`) VALUES (1,'it''s'),(-2.5,x'00ff'),(NULL,_binary'z')"),
              "INSERT INTO `d`.`t1` (`a`,`b`) VALUES (?,?),(-?,?),(NULL,_binary?)");
    EXPECT_EQ(hide_values("DELETE FROM t WHERE a = \"secret\\\"\" AND b = 0x41"),
              "DELETE FROM t WHERE a = ? AND b = ?");
    EXPECT_EQ(hide_values(""), "");
}

TEST(HideValuesTest, HidesWhatWasCut) { EXPECT_EQ(hide_values("UPDATE t SET a = 'sec"), "UPDATE t SET a =?"); }

}  // namespace
}  // namespace dm::sql
