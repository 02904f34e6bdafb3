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
        return journal.begin(*session_, {.targets = targets, .part = part, .location = location, .partition = {}}) ==
               StatementJournal::Begun::Execute;
    }
    /// What a journal that begins now comes to about partition p0 of t and table u.
    bool exchange(StatementJournal& journal) {
        const std::vector<model::TableName> targets = {{"s", "t"}, {"s", "u"}};
        const model::Location location{.position = {.file = "bin.000001", .offset = 100}, .gtid_set = {}};
        return journal.begin(*session_, {.targets = targets, .part = 0, .location = location, .partition = "p0"}) ==
               StatementJournal::Begun::Execute;
    }
    void have_rows(const std::vector<std::vector<std::string>>& partition,
                   const std::vector<std::vector<std::string>>& table) {
        server_.on("SHOW KEYS", FakeSqlServer::result({"Column_name"}, {{"a"}}));
        server_.on("SELECT * FROM `s`.`t` PARTITION (`p0`) ORDER BY `a`", FakeSqlServer::result({"a"}, partition));
        server_.on("SELECT * FROM `s`.`u` ORDER BY `a`", FakeSqlServer::result({"a"}, table));
    }
    /// The record that the last write left.
    std::string recorded() {
        const std::string text = server_.statements("REPLACE INTO `m`.`t_syncer_ddl`").back();
        const auto begin = text.rfind(",'") + 2;
        return text.substr(begin, text.rfind("')") - begin);
    }
    /// What the last run left.
    std::optional<target::StatementUnderWay> saved() {
        StatementJournal journal(checkpoint_, std::nullopt, false);
        EXPECT_TRUE(begin(journal));
        const std::string before = "`s`.`t`: CREATE TABLE `t` (\n  `a` int\n) ENGINE=InnoDB\n";
        return target::StatementUnderWay{.location = "(bin.000001, 100)", .part = 0, .before = before};
    }
    /// What the last write left for the next run.
    std::optional<target::StatementUnderWay> left(std::size_t part = 0) {
        return target::StatementUnderWay{.location = "(bin.000001, 100)", .part = part, .before = recorded()};
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

TEST_F(StatementJournalTest, what_the_target_refused_is_executed_after_the_table_was_mended) {
    StatementJournal refusing(checkpoint_, std::nullopt, false);
    EXPECT_TRUE(begin(refusing));
    EXPECT_TRUE(begin(refusing, 1));
    refusing.refused(*session_);
    EXPECT_EQ(recorded(), "");
    have("CREATE TABLE `t` (\n  `a` int\n) ENGINE=InnoDB ROW_FORMAT=DYNAMIC");
    StatementJournal resumed(checkpoint_, left(1), false);
    EXPECT_FALSE(begin(resumed, 0)) << "the part before it is done";
    EXPECT_TRUE(begin(resumed, 1));
}

TEST_F(StatementJournalTest, only_an_answer_of_the_server_is_a_certain_refusal) {
    for (const int number : {1062, 1071, 1118, 1205, 3819, 8214})
        EXPECT_TRUE(is_certain_refusal(FakeSqlServer::server_error(number, "no"))) << number;
    for (const int number : {1105, 1317, 1969, 2013, 3024})
        EXPECT_FALSE(is_certain_refusal(FakeSqlServer::server_error(number, "no"))) << number;
    EXPECT_FALSE(is_certain_refusal(FakeSqlServer::server_error(9007, "busy").with_retry(RetryClass::Resume)));
    EXPECT_FALSE(is_certain_refusal(FakeSqlServer::server_error(1927, "killed", ErrorCode::DbInvalidConnection)));
    EXPECT_FALSE(is_certain_refusal(Error(ErrorCode::SyncDdlUnsupported, "not of a server")));
}

TEST_F(StatementJournalTest, actions_go_on_where_they_stopped) {
    const std::vector<model::TableName> targets = {{"s", "t"}};
    const model::Location location{.position = {.file = "bin.000001", .offset = 100}, .gtid_set = {}};
    const StatementJournal::Statement whole{
        .targets = targets, .part = 0, .location = location, .action = 0, .partition = {}};
    auto second = whole;
    second.action = 2;
    auto first = whole;
    first.action = 1;
    StatementJournal journal(checkpoint_, saved(), false);
    EXPECT_FALSE(journal.is_amid_actions(whole));
    EXPECT_EQ(journal.begin(*session_, second), StatementJournal::Begun::Execute);
    EXPECT_TRUE(journal.is_amid_actions(whole));
    EXPECT_EQ(journal.begin(*session_, first), StatementJournal::Begun::IsDone);
    EXPECT_EQ(journal.begin(*session_, second), StatementJournal::Begun::Execute);
    have("CREATE TABLE `t` (\n  `b` int\n) ENGINE=InnoDB");
    EXPECT_EQ(journal.begin(*session_, second), StatementJournal::Begun::LooksDone);
}

TEST_F(StatementJournalTest, the_rows_tell_whether_a_partition_was_exchanged) {
    have_rows({{"1"}}, {});
    StatementJournal first(checkpoint_, std::nullopt, false);
    EXPECT_TRUE(exchange(first));
    const auto last = left();
    EXPECT_TRUE(last->before.starts_with("exchange ") && last->before.ends_with(" empty")) << last->before;
    StatementJournal unchanged(checkpoint_, last, false);
    EXPECT_TRUE(exchange(unchanged)) << "died before it was executed";
    have_rows({}, {{"1"}});
    StatementJournal changed(checkpoint_, last, false);
    EXPECT_FALSE(exchange(changed));
    have_rows({{"1"}}, {{"2"}});
    StatementJournal strange(checkpoint_, last, false);
    EXPECT_THROW((void)exchange(strange), Error);
}

TEST_F(StatementJournalTest, an_exchange_of_equal_rows_cannot_be_told) {
    for (const bool is_empty : {true, false}) {
        is_empty ? have_rows({}, {}) : have_rows({{"1"}}, {{"1"}});
        StatementJournal first(checkpoint_, std::nullopt, false);
        EXPECT_TRUE(exchange(first));
        const auto last = left();
        StatementJournal resumed(checkpoint_, last, false);
        if (is_empty) {
            EXPECT_TRUE(exchange(resumed)) << "nothing is moved";
        } else {
            EXPECT_THROW((void)exchange(resumed), Error);
        }
    }
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
