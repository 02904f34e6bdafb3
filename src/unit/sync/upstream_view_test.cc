#include "unit/sync/upstream_view.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "core/sql/fake_sql_session.h"

namespace dm::sync {
namespace {

using sql::FakeSqlServer;

TEST(UpstreamViewTest, newer_servers_have_another_statement) {
    FakeSqlServer server({.flavor = model::Flavor::MySql, .major = 9, .minor = 7, .patch = 0});
    server.on("SHOW BINARY LOG STATUS",
              FakeSqlServer::result({"File", "Position", "Executed_Gtid_Set"}, {{"bin.000003", "5000000000", ""}}));
    const auto session = server.connect();
    EXPECT_EQ(fetch_upstream_location(*session).position.offset, 5'000'000'000U);
    FakeSqlServer silent;
    const auto other = silent.connect();
    EXPECT_THROW((void)fetch_upstream_location(*other), Error);
}

}  // namespace
}  // namespace dm::sync
