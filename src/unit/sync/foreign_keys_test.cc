#include "unit/sync/foreign_keys.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "core/dml/dml_test_util.h"
#include "core/sql/fake_sql_session.h"

namespace dm::sync {
namespace {

using model::Value;

class ForeignKeysTest : public ::testing::Test {
  protected:
    ForeignKeysTest() {
        target_.on("SELECT 1 FROM information_schema.KEY_COLUMN_USAGE", [this](std::string_view) {
            return is_referenced_ ? sql::FakeSqlServer::result({"1"}, {{"1"}}) : sql::ResultSet{};
        });
    }
    [[nodiscard]] dml::RowChange update(const std::vector<Value>& before, const std::vector<Value>& after) const {
        return {.kind = dml::ChangeKind::Update,
                .is_safe = false,
                .plan = &plan_,
                .before = before,
                .after = after,
                .keys = {}};
    }

    bool is_referenced_ = true;
    sql::FakeSqlServer target_;
    std::unique_ptr<sql::SqlSession> session_ = target_.connect();
    dml::TablePlan plan_ = dml::testing::plan_of(
        dml::testing::table({dml::testing::int_column("id", false), dml::testing::int_column("v")},
                            {dml::testing::unique_index("PRIMARY", {"id"})}));
    const std::vector<Value> old_ = {Value::of_int(1), Value::of_int(5)};
    const std::vector<Value> same_key_ = {Value::of_int(1), Value::of_int(6)};
    const std::vector<Value> other_key_ = {Value::of_int(2), Value::of_int(5)};
};

TEST_F(ForeignKeysTest, a_safe_change_of_a_key_that_is_referred_to_is_refused) {
    std::vector<dml::RowChange> changes = {update(old_, other_key_)};
    ensure_safe_updates(*session_, changes, false);
    EXPECT_TRUE(target_.statements().empty());
    const auto code = [&](bool is_repeated) {
        try {
            ensure_safe_updates(*session_, changes, is_repeated);
        } catch (const Error& error) {
            EXPECT_NE(error.message().find("`s`.`t`"), std::string::npos);
            EXPECT_FALSE(error.workaround().empty());
            return error.code();
        }
        return ErrorCode::NotSet;
    };
    EXPECT_EQ(code(true), ErrorCode::SyncForeignKey);
    changes[0].is_safe = true;
    EXPECT_EQ(code(false), ErrorCode::SyncForeignKey);
    is_referenced_ = false;
    EXPECT_EQ(code(true), ErrorCode::NotSet);
}

TEST_F(ForeignKeysTest, other_changes_are_not_asked_for) {
    const std::vector<dml::RowChange> changes = {
        update(old_, same_key_),
        {.kind = dml::ChangeKind::Insert, .is_safe = true, .plan = &plan_, .before = {}, .after = old_, .keys = {}},
        {.kind = dml::ChangeKind::Delete, .is_safe = true, .plan = &plan_, .before = old_, .after = {}, .keys = {}}};
    ensure_safe_updates(*session_, changes, true);
    EXPECT_TRUE(target_.statements().empty());
}

}  // namespace
}  // namespace dm::sync
