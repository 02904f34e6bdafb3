#include "unit/target/fence.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "core/sql/fake_sql_session.h"

namespace dm::target {
namespace {

using sql::FakeSqlServer;

class FenceTest : public testing::Test {
  protected:
    FenceTest() { set_epoch("3"); }
    void set_epoch(const std::string& epoch) {
        server_.on("SELECT epoch", FakeSqlServer::result({"epoch"}, {{epoch}}));
    }
    Fence fence() {
        return Fence({.meta_schema = "dm_meta", .task = model::TaskName("t"), .source = model::SourceId("s")},
                     server_.connector(), clock_, {});
    }

    FakeSqlServer server_;
    SystemClock clock_;
};

TEST_F(FenceTest, TakesTheEpochItRaised) {
    EXPECT_EQ(fence().epoch(), 3U);
    EXPECT_EQ(server_.statements("KILL").size(), 0U);
    EXPECT_EQ(server_.statements("DELETE FROM `dm_meta`.`t_fence_session`").size(), 1U);
}

TEST_F(FenceTest, EndsOldSessionsUntilTheyAreGone) {
    int asked = 0;
    server_.on("SELECT p.ID", [&](std::string_view) {
        ++asked;
        return asked <= 2 ? FakeSqlServer::result({"id"}, {{"17"}, {"18"}}) : FakeSqlServer::result({"id"}, {});
    });
    server_.fail("KILL 18", FakeSqlServer::server_error(1094, "Unknown thread id: 18"), 0, 2);
    fence();
    EXPECT_EQ(server_.statements("KILL"), (std::vector<std::string>{"KILL 17", "KILL 18", "KILL 17", "KILL 18"}));
    EXPECT_EQ(asked, 3);
}

TEST_F(FenceTest, AForbiddenKillIsAnError) {
    server_.on("SELECT p.ID", FakeSqlServer::result({"id"}, {{"17"}}));
    server_.fail("KILL", FakeSqlServer::server_error(1095, "You are not owner of thread 17"));
    EXPECT_THROW(fence(), Error);
}

TEST_F(FenceTest, SessionsAreRegisteredBeforeUse) {
    const Fence taken = fence();
    const auto session = taken.connector()();
    session->execute("INSERT INTO x VALUES (1)");
    const std::vector<std::string> statements = server_.statements();
    const auto count = statements.size();
    ASSERT_GE(count, 4U);
    EXPECT_EQ(statements[count - 1], "INSERT INTO x VALUES (1)");
    EXPECT_EQ(statements[count - 2], "COMMIT");
    EXPECT_TRUE(statements[count - 3].starts_with("REPLACE INTO `dm_meta`.`t_fence_session`")) << statements[count - 3];
}

TEST_F(FenceTest, ALateRunIsRefused) {
    const Fence taken = fence();
    set_epoch("4");
    try {
        static_cast<void>(taken.connector()());
        FAIL() << "the epoch has moved on";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::WorkerFenced);
    }
    EXPECT_EQ(server_.statements("REPLACE").size(), 0U);
}

}  // namespace
}  // namespace dm::target
