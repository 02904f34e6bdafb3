#include "core/dml/statement_builder.h"

#include <gtest/gtest.h>

#include "core/dml/causality_keys.h"
#include "core/dml/dml_test_util.h"

namespace dm::dml {
namespace {

using testing::int_column;
using testing::plan_of;
using testing::table;
using testing::text;
using testing::text_column;
using testing::unique_index;

using Rows = std::vector<std::vector<model::Value>>;

model::Value number(std::int64_t value) { return model::Value::of_int(value); }

OperationGroup group_of(const TablePlan& plan, OperationKind kind, const Rows& before, const Rows& after) {
    OperationGroup group{.kind = kind, .plan = &plan, .is_safe = false, .operations = {}};
    for (std::size_t i = 0; i < std::max(before.size(), after.size()); ++i) {
        group.operations.push_back({.before = i < before.size() ? model::Row(before[i]) : model::Row{},
                                    .after = i < after.size() ? model::Row(after[i]) : model::Row{}});
    }
    return group;
}

std::vector<std::string> texts(const OperationGroup& group, StatementBuilder::Options options = {}) {
    std::vector<Statement> statements;
    StatementBuilder(options).append(group, statements);
    std::vector<std::string> result;
    for (const auto& statement : statements) result.push_back(statement.text);
    return result;
}

class StatementBuilderTest : public ::testing::Test {
  protected:
    const TablePlan plan_ =
        plan_of(table({int_column("id", false), text_column("a", "utf8mb4_bin")}, {unique_index("PRIMARY", {"id"})}));
    const Rows two_ = {{number(1), text("x")}, {number(2), model::Value::null()}};
    const Rows one_ = {{number(1), text("it's")}};
};

using Lines = std::vector<std::string>;

TEST_F(StatementBuilderTest, rows_of_one_kind_share_a_statement) {
    EXPECT_EQ(texts(group_of(plan_, OperationKind::Insert, {}, two_)),
              Lines{"INSERT INTO `s`.`t` (`id`,`a`) VALUES (1,'x'),(2,NULL)"});
    EXPECT_EQ(texts(group_of(plan_, OperationKind::Replace, {}, two_)),
              Lines{"REPLACE INTO `s`.`t` (`id`,`a`) VALUES (1,'x'),(2,NULL)"});
    EXPECT_EQ(texts(group_of(plan_, OperationKind::Renew, two_, two_)),
              Lines{"INSERT INTO `s`.`t` (`id`,`a`) VALUES (1,'x'),(2,NULL) ON DUPLICATE KEY UPDATE "
                    "`id`=VALUES(`id`),`a`=VALUES(`a`)"});
    EXPECT_EQ(texts(group_of(plan_, OperationKind::Renew, one_, one_)),
              Lines{"INSERT INTO `s`.`t` (`id`,`a`) VALUES (1,'it\\'s') ON DUPLICATE KEY UPDATE "
                    "`id`=VALUES(`id`),`a`=VALUES(`a`)"});
    EXPECT_EQ(texts(group_of(plan_, OperationKind::Delete, two_, {})),
              Lines{"DELETE FROM `s`.`t` WHERE `id` IN (1,2)"});
}

TEST_F(StatementBuilderTest, single_rows_are_found_by_key_and_limited) {
    EXPECT_EQ(texts(group_of(plan_, OperationKind::Upsert, one_, one_)),
              Lines{"UPDATE `s`.`t` SET `id`=1,`a`='it\\'s' WHERE `id`=1 LIMIT 1"});
    EXPECT_EQ(texts(group_of(plan_, OperationKind::Delete, one_, {})),
              Lines{"DELETE FROM `s`.`t` WHERE (`id`=1) LIMIT 1"});
}

TEST_F(StatementBuilderTest, updates_of_several_rows_are_told_apart_by_the_key) {
    const Rows after = {{number(1), text("y")}, {number(2), text("z")}};
    const Lines expected = {"UPDATE `s`.`t` SET `a`=CASE `id` WHEN 1 THEN 'y' WHEN 2 THEN 'z' END WHERE `id` IN (1,2)"};
    for (const auto kind : {OperationKind::Upsert, OperationKind::Update}) {
        std::vector<Statement> statements;
        const auto group = group_of(plan_, kind, two_, after);
        EXPECT_EQ(texts(group), expected);
        StatementBuilder({}).append(group, statements);
        EXPECT_EQ(statements.front().rows, 2U);
        EXPECT_EQ(statements.front().expected_rows, 2U);
        EXPECT_EQ(texts(group, {.max_bytes = 100}).size(), 2U);
    }
}

TEST_F(StatementBuilderTest, a_changed_key_is_updated_alone) {
    const Rows after = {{number(3), text("x")}, {number(4), model::Value::null()}};
    EXPECT_EQ(
        texts(group_of(plan_, OperationKind::Update, two_, after)),
        (Lines{"UPDATE `s`.`t` SET `id`=3 WHERE `id`=1 LIMIT 1", "UPDATE `s`.`t` SET `id`=4 WHERE `id`=2 LIMIT 1"}));
}

TEST(StatementBuilder, updates_name_what_changes_and_what_the_target_might_set_itself) {
    schema::Column time = int_column("t");
    time.type = schema::ColumnType::Timestamp;
    const auto plan = plan_of(
        table({int_column("id", false), int_column("a"), int_column("b"), time}, {unique_index("PRIMARY", {"id"})}));
    const auto now = text("2026-01-02 03:04:05");
    const Rows before = {{number(1), number(2), number(3), now}, {number(2), number(2), number(3), now}};
    const Rows after = {{number(1), number(2), number(4), now}, {number(2), number(2), number(3), now}};
    EXPECT_EQ(texts(group_of(plan, OperationKind::Upsert, {before[0]}, {after[0]})),
              Lines{"UPDATE `s`.`t` SET `b`=4,`t`='2026-01-02 03:04:05' WHERE `id`=1 LIMIT 1"});
    EXPECT_EQ(texts(group_of(plan, OperationKind::Upsert, before, after)),
              Lines{"UPDATE `s`.`t` SET `b`=CASE `id` WHEN 1 THEN 4 WHEN 2 THEN 3 END,`t`=CASE `id` WHEN 1 THEN "
                    "'2026-01-02 03:04:05' WHEN 2 THEN '2026-01-02 03:04:05' END WHERE `id` IN (1,2)"});
}

TEST(StatementBuilder, values_whose_literals_have_no_common_type_are_upserted) {
    schema::Column real = int_column("f");
    real.type = schema::ColumnType::Double;
    const auto plan =
        plan_of(table({int_column("id", false), int_column("a"), real}, {unique_index("PRIMARY", {"id"})}));
    const Rows before = {{number(1), number(2), model::Value::of_double(0.0)},
                         {number(2), number(3), model::Value::of_double(2)}};
    const Rows after = {{number(1), number(2), model::Value::of_double(-0.0)},
                        {number(2), number(3), model::Value::of_double(1e300)}};
    EXPECT_EQ(texts(group_of(plan, OperationKind::Upsert, before, after)),
              Lines{"INSERT INTO `s`.`t` (`id`,`a`,`f`) VALUES (1,2,-0e0),(2,3,1e+300) ON DUPLICATE KEY UPDATE "
                    "`f`=VALUES(`f`)"});
    EXPECT_EQ(texts(group_of(plan, OperationKind::Update, before, after)),
              (Lines{"UPDATE `s`.`t` SET `f`=-0e0 WHERE `id`=1 LIMIT 1",
                     "UPDATE `s`.`t` SET `f`=1e+300 WHERE `id`=2 LIMIT 1"}));
}

TEST_F(StatementBuilderTest, statements_end_before_the_limit) {
    EXPECT_EQ(texts(group_of(plan_, OperationKind::Insert, {}, two_), {.max_bytes = 50}).size(), 2U);
    EXPECT_EQ(texts(group_of(plan_, OperationKind::Delete, two_, {}), {.max_bytes = 30}).size(), 2U);
}

TEST(StatementBuilder, keyless_rows_go_one_by_one_by_all_columns) {
    const auto plan = plan_of(table({int_column("a"), int_column("b")}, {}));
    const Rows rows = {{number(1), model::Value::null()}, {number(1), number(2)}};
    EXPECT_EQ(texts(group_of(plan, OperationKind::Delete, rows, {})),
              (Lines{"DELETE FROM `s`.`t` WHERE (`a`=1 AND `b` IS NULL) LIMIT 1",
                     "DELETE FROM `s`.`t` WHERE (`a`=1 AND `b`=2) LIMIT 1"}));
}

TEST(StatementBuilder, keyless_rows_are_told_apart_by_the_bytes_of_their_texts) {
    const std::string bytes_of_a =
        " AND CAST(CONVERT(`a` USING utf8mb4) AS BINARY)=CAST(CONVERT('x ' USING utf8mb4) AS BINARY)";
    const Rows rows = {{number(1), text("x ")}};
    const auto keyless = plan_of(table({int_column("n"), text_column("a", "utf8mb4_general_ci")}, {}));
    EXPECT_EQ(texts(group_of(keyless, OperationKind::Update, rows, {{number(1), model::Value::null()}})),
              Lines{"UPDATE `s`.`t` SET `a`=NULL WHERE `n`=1 AND `a`='x '" + bytes_of_a + " LIMIT 1"});
    EXPECT_EQ(texts(group_of(keyless, OperationKind::Delete, {{number(1), model::Value::null()}}, {})),
              Lines{"DELETE FROM `s`.`t` WHERE (`n`=1 AND `a` IS NULL) LIMIT 1"});
    const auto with_key =
        plan_of(table({int_column("n"), text_column("a", "utf8mb4_general_ci", false)}, {unique_index("u", {"a"})}));
    EXPECT_EQ(texts(group_of(with_key, OperationKind::Delete, rows, {})),
              Lines{"DELETE FROM `s`.`t` WHERE (`a`='x ') LIMIT 1"});
}

TEST(StatementBuilder, texts_that_the_target_strips_are_not_compared_by_bytes) {
    const auto source = table({text_column("a", "utf8mb4_general_ci")}, {});
    auto target = source;
    target.columns[0].type = schema::ColumnType::Char;
    const auto plan = TablePlan::compile(source, target);
    EXPECT_EQ(texts(group_of(plan, OperationKind::Delete, {{text("x ")}}, {})),
              Lines{"DELETE FROM `s`.`t` WHERE (`a`='x ') LIMIT 1"});
}

TEST(StatementBuilder, nullable_unique_key_serves_rows_without_nulls_in_it) {
    const auto plan = plan_of(table({int_column("a"), int_column("b")}, {unique_index("u", {"a"})}));
    const Rows rows = {{number(1), number(3)}, {model::Value::null(), number(4)}};
    EXPECT_EQ(texts(group_of(plan, OperationKind::Delete, rows, {})),
              (Lines{"DELETE FROM `s`.`t` WHERE (`a`=1) LIMIT 1",
                     "DELETE FROM `s`.`t` WHERE (`a` IS NULL AND `b`=4) LIMIT 1"}));
}

TEST(StatementBuilder, composite_keys_are_joined_by_or) {
    const auto plan =
        plan_of(table({int_column("a", false), int_column("b", false)}, {unique_index("PRIMARY", {"a", "b"})}));
    const Rows rows = {{number(1), number(2)}, {number(3), number(4)}};
    EXPECT_EQ(texts(group_of(plan, OperationKind::Delete, rows, {})),
              Lines{"DELETE FROM `s`.`t` WHERE (`a`=1 AND `b`=2) OR (`a`=3 AND `b`=4)"});
}

TEST(StatementBuilder, keys_of_generated_columns_find_rows_though_they_are_not_written) {
    schema::Column generated = int_column("g");
    generated.generated = schema::Generated::Virtual;
    const Rows rows = {{number(1), number(3)}, {number(2), number(6)}};
    const auto nullable = plan_of(table({int_column("a"), generated}, {unique_index("u", {"g"})}));
    EXPECT_EQ(texts(group_of(nullable, OperationKind::Upsert, {rows[0]}, {rows[1]})),
              Lines{"UPDATE `s`.`t` SET `a`=2 WHERE `g`=3 LIMIT 1"});
    generated.is_nullable = false;
    const auto primary = plan_of(table({int_column("a"), generated}, {unique_index("PRIMARY", {"g"})}));
    EXPECT_EQ(texts(group_of(primary, OperationKind::Delete, rows, {})),
              Lines{"DELETE FROM `s`.`t` WHERE `g` IN (3,6)"});
    const auto pair = plan_of(table({int_column("a", false), generated}, {unique_index("PRIMARY", {"a", "g"})}));
    EXPECT_EQ(texts(group_of(pair, OperationKind::Delete, {rows[0]}, {})),
              Lines{"DELETE FROM `s`.`t` WHERE (`a`=1 AND `g`=3) LIMIT 1"});
}

TEST(StatementBuilder, floats_are_found_by_their_exact_value) {
    schema::Column real = int_column("f");
    real.type = schema::ColumnType::Float;
    const auto plan = plan_of(table({real}, {}));
    const Rows rows = {{model::Value::of_float(1.1F)}};
    EXPECT_EQ(texts(group_of(plan, OperationKind::Delete, rows, {})),
              Lines{"DELETE FROM `s`.`t` WHERE (`f`=1.100000023841858) LIMIT 1"});
}

TEST(StatementBuilder, json_is_compared_as_json_where_the_target_has_the_type) {
    schema::Column json = int_column("j");
    json.type = schema::ColumnType::Json;
    const auto plan = plan_of(table({json}, {}));
    const Rows rows = {{model::Value::of_view(model::ValueKind::Json, "[1]")}};
    EXPECT_EQ(texts(group_of(plan, OperationKind::Delete, rows, {})),
              Lines{"DELETE FROM `s`.`t` WHERE (`j`=CAST('[1]' AS JSON)) LIMIT 1"});
    EXPECT_EQ(texts(group_of(plan, OperationKind::Delete, rows, {}), {.json_cast = false}),
              Lines{"DELETE FROM `s`.`t` WHERE (`j`='[1]') LIMIT 1"});
}

TEST(StatementBuilder, writes_vectors_as_the_target_takes_them) {
    schema::Column vector = int_column("v");
    vector.type = schema::ColumnType::Vector;
    const auto definition = table({int_column("id", false), vector}, {unique_index("PRIMARY", {"id"})});
    const Rows rows = {{model::Value::of_int(1), model::Value::of_view(model::ValueKind::Bytes, {"\0\0\x80\x3f", 4})}};
    const auto insert = [&](const TablePlan& plan) { return texts(group_of(plan, OperationKind::Insert, {}, rows)); };
    EXPECT_EQ(insert(TablePlan::compile(definition, definition)),
              Lines{"INSERT INTO `s`.`t` (`id`,`v`) VALUES (1,x'0000803f')"});
    EXPECT_EQ(insert(TablePlan::compile(definition, definition, {}, Images::Whole, VectorForm::Text)),
              Lines{"INSERT INTO `s`.`t` (`id`,`v`) VALUES (1,'[1]')"});
    auto blob = definition;
    blob.columns[1].type = schema::ColumnType::LongBlob;
    EXPECT_EQ(insert(TablePlan::compile(definition, blob, {}, Images::Whole, VectorForm::Text)),
              Lines{"INSERT INTO `s`.`t` (`id`,`v`) VALUES (1,x'0000803f')"})
        << "a table made by hand";
}

TEST(TablePlan, leaves_out_what_the_target_generates_and_names_the_rest) {
    auto source = table({int_column("id", false), int_column("g"), int_column("x")}, {});
    auto target =
        table({int_column("extra"), int_column("id", false), int_column("g")}, {unique_index("PRIMARY", {"id"})});
    target.columns[2].generated = schema::Generated::Stored;
    const auto plan = TablePlan::compile(source, target);
    EXPECT_EQ(plan.column_list(), "(`id`,`x`)");
    EXPECT_TRUE(plan.can_upsert());
    target.columns[0].is_nullable = false;
    EXPECT_FALSE(TablePlan::compile(source, target).can_upsert());
}

}  // namespace
}  // namespace dm::dml
