#include "unit/target/fence.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "core/sql/fake_sql_session.h"

namespace dm::target {
namespace {

using sql::FakeSqlServer;

class FenceTest : public testing::Test {
  protected:
    FenceTest() {
        set_epoch("3");
        server_.on("SELECT CONNECTION_ID()", FakeSqlServer::result({"id"}, {{"21"}}));
        server_.on("SHOW PROCESSLIST", sessions({{"21", "h:5"}}));
    }
    static sql::ResultSet sessions(std::vector<std::vector<std::string>> rows) {
        return FakeSqlServer::result({"Id", "Host"}, std::move(rows));
    }
    void set_old_sessions() {
        server_.on("SELECT connection_id",
                   FakeSqlServer::result({"connection_id", "host"}, {{"17", "h:1"}, {"18", "h:2"}, {"19", "h:3"}}));
    }
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
    set_old_sessions();
    server_.on("SHOW PROCESSLIST", [&](std::string_view) {
        ++asked;
        // 19 is somebody else's by now: the address is another.
        return asked <= 2 ? sessions({{"17", "h:1"}, {"18", "h:2"}, {"19", "h:9"}}) : sessions({{"19", "h:9"}});
    });
    server_.fail("KILL 18", FakeSqlServer::server_error(1094, "Unknown thread id: 18"), 0, 2);
    fence();
    EXPECT_EQ(server_.statements("KILL"), (std::vector<std::string>{"KILL 17", "KILL 18", "KILL 17", "KILL 18"}));
    EXPECT_EQ(asked, 3);
}

TEST_F(FenceTest, AForbiddenKillIsAnError) {
    set_old_sessions();
    server_.on("SHOW PROCESSLIST", sessions({{"17", "h:1"}}));
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
    EXPECT_EQ(statements[count - 3],
              "REPLACE INTO `dm_meta`.`t_fence_session` (id, connection_id, host, epoch) VALUES ('s', 21, 'h:5', 3)");
}

TEST_F(FenceTest, ClosedSessionsAreGoneBeforeTheNextOneIsUsed) {
    const auto connect = fence().connector();
    connect().reset();  // as 21 from h:5; the server has not noticed
    int asked = 0;
    server_.on("SELECT CONNECTION_ID()", FakeSqlServer::result({"id"}, {{"22"}}));
    server_.on("SHOW PROCESSLIST", [&](std::string_view) {
        ++asked;
        return asked <= 3 ? sessions({{"21", "h:5"}, {"22", "h:6"}}) : sessions({{"22", "h:6"}});
    });
    const auto next = connect();
    EXPECT_EQ(server_.statements("KILL"), (std::vector<std::string>{"KILL 21", "KILL 21"}));
    EXPECT_EQ(asked, 4);
    const auto third = connect();
    EXPECT_EQ(server_.statements("KILL").size(), 2U);
}

TEST_F(FenceTest, AConnectionNumberThatSomeoneElseHasByNowIsLeftAlone) {
    const auto connect = fence().connector();
    connect().reset();
    server_.on("SELECT CONNECTION_ID()", FakeSqlServer::result({"id"}, {{"22"}}));
    server_.on("SHOW PROCESSLIST", sessions({{"21", "other:9"}, {"22", "h:6"}}));
    static_cast<void>(connect());
    EXPECT_EQ(server_.statements("KILL").size(), 0U);
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
