#include "unit/sync/packet_limit.h"

#include <string>

#include <gtest/gtest.h>

#include "base/error.h"
#include "core/dml/dml_test_util.h"

namespace dm::sync {
namespace {

using model::Value;

TEST(PacketLimit, a_row_that_no_statement_can_hold_is_named) {
    const auto plan = dml::testing::plan_of(dml::testing::table(
        {dml::testing::int_column("id", false), dml::testing::text_column("v", "utf8mb4_bin", true, 100'000)},
        {dml::testing::unique_index("PRIMARY", {"id"})}));
    const std::string large(40'000, 'x');
    const std::vector<std::vector<Value>> rows = {{Value::of_int(1), dml::testing::text("a")},
                                                  {Value::of_int(2), dml::testing::text("b")},
                                                  {Value::of_int(3), dml::testing::text(large)}};
    std::vector<dml::OperationGroup> groups(2);
    for (auto& group : groups) group = {.kind = dml::OperationKind::Insert, .plan = &plan};
    groups[0].operations.push_back({.before = {}, .after = rows[0]});
    for (const auto& row : rows) groups[1].operations.push_back({.before = {}, .after = row});
    std::vector<dml::Statement> statements;
    std::vector<std::size_t> group_of;
    const dml::StatementBuilder builder({.max_bytes = 15'000});
    for (std::size_t i = 0; i < groups.size(); ++i) {
        builder.append(groups[i], statements);
        group_of.resize(statements.size(), i);
    }
    ASSERT_EQ(statements.size(), 3U);
    ensure_fits(64UL << 20U, groups, statements, group_of);
    ensure_fits(0, groups, statements, group_of);
    try {
        ensure_fits(30'000, groups, statements, group_of);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::DbExecuteFailed);
        EXPECT_EQ(error.retry_class(), RetryClass::Never) << "nothing changes by itself";
        EXPECT_NE(error.message().find("`s`.`t` with `id` = 3 needs"), std::string::npos) << error.what();
        EXPECT_NE(error.message().find("max_allowed_packet of 30000"), std::string::npos);
        EXPECT_NE(error.workaround().find("1048576"), std::string_view::npos) << error.workaround();
    }
}

}  // namespace
}  // namespace dm::sync
