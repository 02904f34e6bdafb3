#include "core/binlog/xa_id.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace dm::binlog {
namespace {

using namespace std::string_view_literals;

TEST(XaIdTest, statement_and_event_name_the_same_transaction) {
    const XaPrepare event{.is_one_phase = false, .xid = "\1\0\0\0\2\0\0\0\6\0\0\0x1branch"sv};
    const auto commit = parse_xa_statement("XA COMMIT X'7831',X'6272616E6368',1");
    ASSERT_TRUE(commit.has_value());
    EXPECT_EQ(commit->kind, XaStatement::Kind::Commit);
    EXPECT_EQ(commit->id, xa_id(event));
}

TEST(XaIdTest, kinds_of_statements) {
    using Kind = XaStatement::Kind;
    EXPECT_EQ(parse_xa_statement("XA START X'78',X'',1")->kind, Kind::Start);
    EXPECT_EQ(parse_xa_statement("XA END X'78',X'',1")->kind, Kind::End);
    EXPECT_EQ(parse_xa_statement("xa rollback X'78',X'',1")->kind, Kind::Rollback);
    EXPECT_EQ(parse_xa_statement("xa rollback X'78',X'',1")->id, "x'78',x'',1");
    EXPECT_FALSE(parse_xa_statement("XA RECOVER").has_value());
    EXPECT_FALSE(parse_xa_statement("BEGIN").has_value());
    EXPECT_FALSE(parse_xa_statement("").has_value());
}

TEST(XaIdTest, an_id_that_is_cut_off_is_refused) {
    EXPECT_THROW((void)xa_id({.is_one_phase = false, .xid = "\1\0\0\0\2\0\0\0\6\0\0\0x"sv}), Error);
    EXPECT_THROW((void)xa_id({.is_one_phase = false, .xid = "\1\0"sv}), Error);
}

}  // namespace
}  // namespace dm::binlog
