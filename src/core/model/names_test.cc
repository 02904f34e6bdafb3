#include "core/model/names.h"

#include <gtest/gtest.h>

namespace dm::model {
namespace {

TEST(TableName, QuotesWithDoubledBackQuotes) {
    EXPECT_EQ((TableName{"a", "b"}).quoted(), "`a`.`b`");
    EXPECT_EQ((TableName{"a`", "``"}).quoted(),
              "`a```.`````"
              "`");
    EXPECT_EQ(quote_identifier(""), "``");
}

TEST(TableName, OrdersBySchemaThenTable) {
    EXPECT_LT((TableName{"a", "z"}), (TableName{"b", "a"}));
    EXPECT_TRUE(TableName{}.is_empty());
    EXPECT_FALSE((TableName{"", "t"}).is_empty());
    EXPECT_NE(std::hash<TableName>{}({"a", "b"}), std::hash<TableName>{}({"b", "a"}));
}

}  // namespace
}  // namespace dm::model
