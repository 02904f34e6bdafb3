#include "unit/sync/statement_journal.h"

#include <gtest/gtest.h>

#include "core/sql/fake_sql_session.h"

namespace dm::sync {
namespace {

using sql::FakeSqlServer;

class StatementJournalTest : public ::testing::Test {
  protected:
    StatementJournalTest() { have("CREATE TABLE `t` (\n  `a` int\n) ENGINE=InnoDB"); }

    void have(const std::string& structure) {
        server_.on("SHOW CREATE TABLE", FakeSqlServer::result({"Table", "Create Table"}, {{"t", structure}}));
    }
    bool begin(StatementJournal& journal, std::size_t part = 0, std::uint64_t offset = 100) {
        const std::vector<model::TableName> targets = {{"s", "t"}};
        const model::Location location{.position = {.file = "bin.000001", .offset = offset}, .gtid_set = {}};
        return journal.begin(*session_, {.targets = targets, .part = part, .location = location});
    }
    /// What the last run left.
    std::optional<target::StatementUnderWay> saved() {
        StatementJournal journal(checkpoint_, std::nullopt, false);
        EXPECT_TRUE(begin(journal));
        const std::string before = "`s`.`t`: CREATE TABLE `t` (\n  `a` int\n) ENGINE=InnoDB\n";
        return target::StatementUnderWay{.location = "(bin.000001, 100)", .part = 0, .before = before};
    }

    FakeSqlServer server_;
    std::unique_ptr<sql::SqlSession> session_ = server_.connect();
    target::SyncCheckpoint checkpoint_{"m", "t", "s1", model::Flavor::MySql};
};

TEST_F(StatementJournalTest, records_the_structure_before_each_statement) {
    StatementJournal journal(checkpoint_, std::nullopt, false);
    EXPECT_TRUE(begin(journal));
    EXPECT_TRUE(begin(journal, 1));
    const auto written = server_.statements("REPLACE INTO `m`.`t_syncer_ddl`");
    ASSERT_EQ(written.size(), 2U);
    EXPECT_NE(written[0].find("'(bin.000001, 100)',0,"), std::string::npos) << written[0];
    EXPECT_NE(written[0].find("`a` int"), std::string::npos) << written[0];
}

TEST_F(StatementJournalTest, a_statement_that_was_executed_is_told_by_the_changed_structure) {
    const auto last = saved();
    StatementJournal unchanged(checkpoint_, last, false);
    EXPECT_TRUE(begin(unchanged)) << "died before it was executed";
    have("CREATE TABLE `t` (\n  `a` int,\n  KEY `a` (`a`)\n) ENGINE=InnoDB");
    StatementJournal changed(checkpoint_, last, false);
    EXPECT_FALSE(begin(changed));
    EXPECT_TRUE(begin(changed, 1)) << "the next part is another statement";
    EXPECT_TRUE(begin(changed, 0, 200)) << "and so is the next event's";
}

TEST_F(StatementJournalTest, parts_before_the_recorded_one_are_done) {
    auto last = saved();
    last->part = 2;
    StatementJournal journal(checkpoint_, last, false);
    EXPECT_FALSE(begin(journal, 0));
    EXPECT_FALSE(begin(journal, 1));
    EXPECT_TRUE(begin(journal, 2));
}

TEST_F(StatementJournalTest, counters_are_no_structure) {
    const auto last = saved();
    have("CREATE TABLE `t` (\n  `a` int\n) ENGINE=InnoDB AUTO_INCREMENT=77");
    StatementJournal journal(checkpoint_, last, false);
    EXPECT_TRUE(begin(journal));
    have("CREATE TABLE `t` (\n  `a` int COMMENT ' AUTO_INCREMENT=5'\n) ENGINE=InnoDB");
    EXPECT_FALSE(begin(journal)) << "a comment is";
}

TEST_F(StatementJournalTest, a_failed_attempt_is_ended_on_the_server_before_the_next) {
    StatementJournal journal(checkpoint_, std::nullopt, false);
    EXPECT_TRUE(begin(journal));
    journal.interrupted();
    session_ = server_.connect();
    server_.on("SELECT 1 FROM information_schema.PROCESSLIST", FakeSqlServer::result({"1"}, {{"1"}}));
    try {
        (void)begin(journal);
        FAIL() << "the server may still be at it";
    } catch (const Error& error) {
        EXPECT_EQ(error.retry_class(), RetryClass::Resume);
    }
    server_.on("SELECT 1 FROM information_schema.PROCESSLIST", FakeSqlServer::result({"1"}, {}));
    server_.fail("KILL", FakeSqlServer::server_error(1094, "Unknown thread id"), 0, 1);
    EXPECT_TRUE(begin(journal));
    EXPECT_EQ(server_.statements("KILL").size(), 2U);
}

}  // namespace
}  // namespace dm::sync
