#include "core/dml/table_plan.h"

#include <gtest/gtest.h>

#include "core/dml/causality_keys.h"
#include "core/dml/dml_test_util.h"
#include "core/dml/statement_builder.h"

namespace dm::dml {
namespace {

using testing::int_column;
using testing::plan_of;
using testing::table;
using testing::unique_index;

model::Value number(std::int64_t value) { return model::Value::of_int(value); }

schema::Column generated_column(std::string name, schema::Generated how = schema::Generated::Virtual) {
    schema::Column column = int_column(std::move(name));
    column.generated = how;
    return column;
}

/// (n, g), g being computed, with these keys.
schema::TableDefinition computed(std::vector<schema::Index> indexes) {
    return table({int_column("n", false), generated_column("g")}, std::move(indexes));
}

std::vector<CausalityKey> keys_of(const TablePlan& plan, const std::vector<model::Value>& row) {
    std::vector<CausalityKey> keys;
    CausalityKeys().append(plan, {}, row, keys);
    return keys;
}

TEST(TablePlanTest, only_generated_columns_that_nothing_reads_may_be_missing) {
    const TablePlan plan = plan_of(computed({unique_index("PRIMARY", {"n"})}));
    EXPECT_FALSE(plan.may_be_missing(0));
    EXPECT_TRUE(plan.may_be_missing(1));
    EXPECT_FALSE(plan.may_be_missing(2));
    EXPECT_FALSE(plan.is_generated(0));
    EXPECT_TRUE(plan.is_generated(1));
    EXPECT_TRUE(plan_of(computed({})).may_be_missing(1));
    EXPECT_TRUE(
        plan_of(table({int_column("n"), generated_column("g", schema::Generated::Stored)}, {})).may_be_missing(1));
    EXPECT_FALSE(plan_of(computed({unique_index("u", {"n", "g"})})).may_be_missing(1));

    const auto plain = table({int_column("n", false), int_column("g")}, {});
    EXPECT_FALSE(TablePlan::compile(computed({}), plain).may_be_missing(1)) << "the target's is written";
    EXPECT_FALSE(TablePlan::compile(plain, computed({})).may_be_missing(1)) << "the upstream logs it";
    EXPECT_FALSE(TablePlan::compile(computed({}), table({int_column("n")}, {})).may_be_missing(1));
}

TEST(TablePlanTest, columns_that_no_statement_can_name_may_be_missing) {
    schema::Column hash = int_column("DB_ROW_HASH_1");
    hash.is_hidden = true;
    EXPECT_TRUE(plan_of(table({int_column("n"), hash}, {})).may_be_missing(1));
}

TEST(TablePlanTest, without_generated_columns_their_keys_order_rows_but_do_not_find_them) {
    const auto definition = computed({unique_index("u", {"g"})});
    const TablePlan whole = plan_of(definition);
    const TablePlan plan = TablePlan::compile(definition, definition, {}, Images::WithoutGenerated);
    EXPECT_FALSE(whole.may_be_missing(1));
    EXPECT_TRUE(plan.may_be_missing(1));

    const std::vector<model::Value> logged = {number(4), number(12)};
    const std::vector<model::Value> missing = {number(4), model::Value::null()};
    const std::vector<model::Value> other = {number(5), model::Value::null()};
    EXPECT_NE(keys_of(whole, logged), keys_of(whole, missing));
    EXPECT_EQ(keys_of(plan, logged), keys_of(plan, missing));
    EXPECT_EQ(keys_of(plan, missing).front(), keys_of(plan, other).front()) << "their g may be equal";
    EXPECT_TRUE(plan.changes_unique_key(missing, other));

    EXPECT_NE(whole.where_key(logged), nullptr);
    EXPECT_EQ(plan.where_key(logged), nullptr);
    OperationGroup group{.kind = OperationKind::Delete, .plan = &plan, .is_safe = false, .operations = {}};
    group.operations.push_back({.before = missing, .after = {}});
    std::vector<Statement> statements;
    StatementBuilder({}).append(group, statements);
    ASSERT_EQ(statements.size(), 1U);
    EXPECT_EQ(statements.front().text, "DELETE FROM `s`.`t` WHERE (`n`=4) LIMIT 1");
}

TEST(TablePlanTest, without_generated_columns_other_keys_stay) {
    const auto definition = computed({unique_index("PRIMARY", {"n"}), unique_index("u", {"n", "g"})});
    const TablePlan plan = TablePlan::compile(definition, definition, {}, Images::WithoutGenerated);
    ASSERT_NE(plan.row_key(), nullptr);
    EXPECT_EQ(plan.row_key()->name, "PRIMARY");
    EXPECT_NE(keys_of(plan, {number(4), {}}), keys_of(plan, {number(5), {}}));
}

}  // namespace
}  // namespace dm::dml
