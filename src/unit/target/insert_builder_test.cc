#include "unit/target/insert_builder.h"

#include <gtest/gtest.h>

namespace dm::target {
namespace {

const model::TableName kTable{"s", "t`"};

void add(InsertBuilder& builder, std::string_view values) {
    builder.begin_row() += values;
    builder.end_row(values.size());
}

TEST(InsertBuilder, BuildsOneStatementOfManyRows) {
    InsertBuilder builder(kTable, {"a", "b`"}, WriteMode::Insert, 1000);
    add(builder, "1,'x'");
    add(builder, "2,NULL");
    const InsertStatement statement = builder.take();
    EXPECT_EQ(statement.text(), "INSERT        INTO `s`.`t``` (`a`,`b```) VALUES (1,'x'),(2,NULL)");
    EXPECT_EQ(statement.rows(), 2U);
    EXPECT_EQ(statement.data_bytes(), 11U);
    EXPECT_TRUE(builder.is_empty());
}

TEST(InsertBuilder, StartsAfreshAfterTake) {
    InsertBuilder builder(kTable, {"a"}, WriteMode::Replace, 1000);
    add(builder, "1");
    (void)builder.take();
    add(builder, "2");
    EXPECT_EQ(builder.take().text(), "REPLACE       INTO `s`.`t``` (`a`) VALUES (2)");
}

TEST(InsertBuilder, IsFullBeforeTheNextRowOfTheSameSizeWouldNotFit) {
    InsertBuilder builder(kTable, {"a"}, WriteMode::Insert, 100);
    const std::string row(20, '1');
    while (!builder.is_full()) add(builder, row);
    EXPECT_LE(builder.size(), 100U);
    EXPECT_GT(builder.size() + row.size() + 3, 100U);
}

TEST(InsertBuilder, AVerbCanBeChangedInABuiltStatement) {
    InsertBuilder builder(kTable, {"a"}, WriteMode::Insert, 1000);
    add(builder, "1");
    InsertStatement statement = builder.take();
    statement.set_mode(WriteMode::Ignore);
    EXPECT_EQ(statement.text(), "INSERT IGNORE INTO `s`.`t``` (`a`) VALUES (1)");
    statement.set_mode(WriteMode::Replace);
    EXPECT_EQ(statement.text(), "REPLACE       INTO `s`.`t``` (`a`) VALUES (1)");
}

TEST(InsertBuilder, AnUpsertSetsEveryColumnAndStaysOne) {
    InsertBuilder builder(kTable, {"a", "b"}, WriteMode::Upsert, 1000);
    add(builder, "1,2");
    InsertStatement statement = builder.take();
    statement.set_mode(WriteMode::Insert);
    EXPECT_EQ(
        statement.text(),
        "INSERT        INTO `s`.`t``` (`a`,`b`) VALUES (1,2) ON DUPLICATE KEY UPDATE `a`=VALUES(`a`),`b`=VALUES(`b`)");
}

}  // namespace
}  // namespace dm::target
