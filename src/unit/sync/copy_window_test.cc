#include "unit/sync/copy_window.h"

#include <algorithm>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace dm::sync {
namespace {

using model::TableName;
using Lines = std::vector<std::string>;

/// Schema s: `later_...` tables were copied later, `gone_...` tables were never copied, others the target has.
class CopyWindowTest : public testing::Test {
  protected:
    static TableName routed(const TableName& table) { return {"t_" + table.schema, table.table}; }

    Lines fit(std::string_view statement) {
        const sql::ParseContext context{.default_schema = "s"};
        std::optional<TableName> renamed_to;
        const auto info = sql::classify(statement, context);
        for (const auto& mention : info.tables) {
            if (mention.role == sql::TableMention::Role::RenameTo) renamed_to = mention.name;
        }
        const auto all = [](const TableName&) { return true; };
        const CopyWindow window{
            .is_before_copy = [](const TableName& table) { return table.table.starts_with("later"); },
            .is_gone = [](const TableName& table) { return table.table.starts_with("gone"); },
            .is_copied = [](const TableName& table) { return !table.table.starts_with("gone"); },
            .left_in_schema = [this](const std::string&) { return left_; },
            .route = routed,
        };
        Lines lines;
        const auto fitted = fit_to_copy(sql::split_and_route(statement, context, routed, all), renamed_to, window);
        for (const auto& part : fitted.parts) lines.push_back(part.text);
        void_copies_ = fitted.void_copies;
        return lines;
    }

    std::optional<std::vector<TableName>> left_;
    std::vector<TableName> void_copies_;
};

TEST_F(CopyWindowTest, leaves_alone_what_is_there) {
    EXPECT_EQ(fit("RENAME TABLE a TO b, b TO c"),
              (Lines{"RENAME TABLE `t_s`.`a` TO `t_s`.`b`", "RENAME TABLE `t_s`.`b` TO `t_s`.`c`"}));
    EXPECT_EQ(fit("TRUNCATE TABLE a").size(), 1U);
    EXPECT_EQ(fit("CREATE TABLE gone (id INT)").size(), 1U) << "from here on it is there";
    EXPECT_EQ(fit("DROP DATABASE s").size(), 1U);
}

TEST_F(CopyWindowTest, nothing_changes_a_table_the_target_never_had) {
    for (const char* statement :
         {"ALTER TABLE gone ADD c INT", "TRUNCATE gone", "CREATE INDEX i ON gone (a)", "DROP INDEX i ON gone",
          "RENAME TABLE gone TO x", "ALTER TABLE gone RENAME TO x", "CREATE TABLE x LIKE gone",
          "RENAME TABLE later TO x", "ALTER TABLE later RENAME TO x"})
        EXPECT_EQ(fit(statement), Lines{}) << statement;
}

TEST_F(CopyWindowTest, a_table_renamed_to_a_later_copy_is_dropped) {
    EXPECT_EQ(fit("RENAME TABLE a TO later"), Lines{"DROP TABLE IF EXISTS `t_s`.`a`"});
    EXPECT_EQ(fit("ALTER TABLE a ADD c INT, RENAME TO later"), Lines{"DROP TABLE IF EXISTS `t_s`.`a`"});
    EXPECT_EQ(fit("RENAME TABLE gone TO later"), Lines{});
}

TEST_F(CopyWindowTest, a_swap_with_a_gone_table_moves_the_other_one) {
    EXPECT_EQ(fit("RENAME TABLE gone TO gone2, a TO gone, gone2 TO a"),
              Lines{"RENAME TABLE `t_s`.`a` TO `t_s`.`gone`"});
    EXPECT_EQ(fit("RENAME TABLE a TO gone2, gone TO a, gone2 TO gone"),
              (Lines{"RENAME TABLE `t_s`.`a` TO `t_s`.`gone2`", "RENAME TABLE `t_s`.`gone2` TO `t_s`.`gone`"}));
}

TEST_F(CopyWindowTest, a_name_that_gets_rows_the_target_does_not_have_is_copied_anew) {
    fit("RENAME TABLE later TO gone");
    EXPECT_TRUE(void_copies_.empty());
    fit("ALTER TABLE later RENAME TO b");
    EXPECT_EQ(void_copies_, (std::vector<TableName>{{"s", "b"}}));
    fit("RENAME TABLE later TO gone, b TO later, gone TO b");
    EXPECT_EQ(void_copies_, (std::vector<TableName>{{"s", "b"}}));
    fit("RENAME TABLE later TO later2");
    EXPECT_TRUE(void_copies_.empty());
}

TEST_F(CopyWindowTest, dropping_a_schema_spares_later_copies) {
    left_ = {{"s", "a"}, {"s", "b"}};
    EXPECT_EQ(fit("DROP DATABASE s"), (Lines{"DROP TABLE IF EXISTS `t_s`.`a`", "DROP TABLE IF EXISTS `t_s`.`b`"}));
}

}  // namespace
}  // namespace dm::sync
