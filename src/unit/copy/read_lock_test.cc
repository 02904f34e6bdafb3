#include "unit/copy/read_lock.h"

#include <vector>

#include <gtest/gtest.h>

#include "core/sql/fake_sql_session.h"

namespace dm::copy {
namespace {

using sql::FakeSqlServer;
using Statements = std::vector<std::string>;

const std::vector<model::TableName> kTables{{"s", "t"}, {"s", "u"}};

Error late() { return FakeSqlServer::server_error(1205, "Lock wait timeout exceeded").with_retry(RetryClass::Resume); }

Error refused() { return FakeSqlServer::server_error(1227, "Access denied"); }

/// Time passes at once.
class Waits final : public Clock {
  public:
    [[nodiscard]] TimePoint now() const override { return {}; }
    [[nodiscard]] WallTime wall_now() const override { return {}; }
    bool sleep(Duration duration, std::stop_token stop) override {
        waits.push_back(std::chrono::duration_cast<std::chrono::seconds>(duration).count());
        return !stop.stop_requested();
    }
    std::vector<std::int64_t> waits;
};

class ReadLockTest : public testing::Test {
  protected:
    ReadLockTest() { have_statements({{"9", "shop", "Query", "1"}}); }

    void have_statements(std::vector<std::vector<std::string>> rows) {
        rows.push_back({"7", "idle", "Sleep", "9000"});
        server_.on("SHOW PROCESSLIST", FakeSqlServer::result({"Id", "User", "Command", "Time"}, std::move(rows)));
    }

    LockPatience patience() { return {.clock = clock_, .stop = stop_.get_token()}; }

    /// The waits between UNLOCK and the next attempt are the room that others have.
    [[nodiscard]] bool has_unlocked_after(const std::string& statement) const {
        const auto all = server_.statements();
        for (std::size_t i = 0; i < all.size(); ++i)
            if (all[i].starts_with(statement) && (i + 1 == all.size() || all[i + 1] != "UNLOCK TABLES")) return false;
        return true;
    }

    FakeSqlServer server_;
    Waits clock_;
    std::stop_source stop_;
};

TEST_F(ReadLockTest, TheTablesAloneAreLockedFirst) {
    lock_commits(*server_.connect(), kTables, patience());
    EXPECT_EQ(server_.statements("LOCK TABLES"), Statements{"LOCK TABLES `s`.`t` READ, `s`.`u` READ"});
    EXPECT_TRUE(server_.statements("FLUSH").empty());
}

TEST_F(ReadLockTest, EverythingIsLockedWhereATransactionKeepsATable) {
    server_.fail("LOCK TABLES", late());
    lock_commits(*server_.connect(), kTables, patience());
    EXPECT_EQ(server_.statements("FLUSH").size(), 1U);
    EXPECT_TRUE(has_unlocked_after("LOCK TABLES"));
    EXPECT_TRUE(clock_.waits.empty());
}

TEST_F(ReadLockTest, EverythingIsLockedWhereSingleTablesMayNotBe) {
    server_.fail("LOCK TABLES", refused());
    lock_commits(*server_.connect(), kTables, patience());
    EXPECT_EQ(server_.statements("FLUSH").size(), 1U);
}

TEST_F(ReadLockTest, EverythingIsLockedWhereATableIsGone) {
    server_.fail("LOCK TABLES", FakeSqlServer::server_error(1146, "no such table"), 0, 2);
    lock_commits(*server_.connect(), kTables, patience());
    EXPECT_EQ(server_.statements("FLUSH").size(), 1U) << "whoever looks at the tables again finds out";
    server_.fail("FLUSH", refused());
    EXPECT_THROW(lock_commits(*server_.connect(), kTables, patience()), Error);
}

TEST_F(ReadLockTest, WritesHaveRoomBetweenShortAttempts) {
    server_.fail("FLUSH", late(), 0, 4);
    lock_commits(*server_.connect(), {}, patience());
    EXPECT_EQ(server_.statements("FLUSH").size(), 5U);
    EXPECT_EQ(clock_.waits, (std::vector<std::int64_t>{1, 2, 4, 8}));
    EXPECT_EQ(server_.statements("SET SESSION lock_wait_timeout = 2").size(), 5U);
    EXPECT_EQ(server_.statements("UNLOCK TABLES").size(), 4U) << "MySQL keeps the lock where it waited in vain";
}

TEST_F(ReadLockTest, EverythingIsNotAskedForBehindALongStatement) {
    have_statements({{"8", "report", "Query", "345"}, {"9", "shop", "Query", "2"}});
    lock_commits(*server_.connect(), {}, patience());
    EXPECT_EQ(clock_.waits, (std::vector<std::int64_t>{1, 2, 4, 8, 16, 20, 20}));
    EXPECT_EQ(server_.statements("FLUSH").size(), 1U) << "when patience ends: the statement may use no table at all";
}

TEST_F(ReadLockTest, SaysWhatIsInTheWayWhenPatienceEnds) {
    have_statements({{"9", "shop", "Query", "1"}, {"8", "report", "Query", "345"}});
    server_.fail("FLUSH", late(), 0, 100);
    try {
        lock_commits(*server_.connect(), {}, patience());
        FAIL() << "it was never to be had";
    } catch (const Error& error) {
        EXPECT_EQ(error.retry_class(), RetryClass::Resume);
        EXPECT_NE(error.message().find("locking all tables"), std::string::npos) << error.what();
        EXPECT_NE(error.workaround().find("a statement of 'report' on connection 8, 345 s old"), std::string::npos)
            << error.what();
    }
    EXPECT_EQ(clock_.waits.back(), 20);
}

TEST_F(ReadLockTest, AStopEndsTheWait) {
    server_.fail("LOCK TABLES", late(), 0, 100);
    stop_.request_stop();
    EXPECT_THROW(lock_tables(*server_.connect(), kTables, patience()), Error);
    EXPECT_EQ(clock_.waits.size(), 1U);
}

TEST_F(ReadLockTest, NeitherLockAllowedIsSaid) {
    server_.fail("LOCK TABLES", refused());
    server_.fail("FLUSH", refused());
    try {
        lock_commits(*server_.connect(), kTables, patience());
        FAIL() << "nothing was locked";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::CopyPositionUnknown);
    }
}

TEST_F(ReadLockTest, OtherErrorsAreNotWaitedOut) {
    server_.fail("LOCK TABLES", FakeSqlServer::server_error(1194, "Table is marked as crashed"));
    EXPECT_THROW(lock_commits(*server_.connect(), kTables, patience()), Error);
    EXPECT_TRUE(server_.statements("FLUSH").empty());
}

}  // namespace
}  // namespace dm::copy
