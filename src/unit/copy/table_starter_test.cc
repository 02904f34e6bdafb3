#include "unit/copy/table_starter.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "base/error.h"
#include "core/sql/fake_sql_session.h"

namespace dm::copy {
namespace {

using sql::FakeSqlServer;
using sql::ResultSet;

constexpr model::ServerVersion kMariaDb{.flavor = model::Flavor::MariaDb, .major = 10, .minor = 11, .patch = 6};
constexpr auto kTable = "CREATE TABLE `t` (\n  `id` bigint NOT NULL,\n  PRIMARY KEY (`id`)\n) ENGINE=InnoDB";

/// Tables of schema `s` with a primary key `id` upstream, and a target that has none of them.
class TableStarterTest : public testing::Test {
  protected:
    TableStarterTest() {
        up_.on("SHOW STATUS LIKE 'binlog_snapshot_%'",
               FakeSqlServer::result({"n", "v"},
                                     {{"Binlog_snapshot_file", "bin.000007"}, {"Binlog_snapshot_position", "500"}}));
        up_.on("SELECT BINLOG_GTID_POS", FakeSqlServer::result({"g"}, {{"0-1-5"}}));
        up_.on("SELECT DATA_LENGTH", FakeSqlServer::result({"d", "r"}, {{"1000", "100"}}));
        up_.on("SELECT COLUMN_NAME AS c, DATA_TYPE",
               FakeSqlServer::result({"c", "t", "e", "n", "o"}, {{"id", "bigint", "", "NO", "NULL"}}));
        up_.on("SELECT INDEX_NAME", FakeSqlServer::result({"i", "c", "p"}, {{"PRIMARY", "id", "NULL"}}));
        have(up_, kTable);
        lack(down_);
    }

    static void have(FakeSqlServer& server, const std::string& structure) {
        server.on("SHOW CREATE TABLE", FakeSqlServer::result({"Table", "Create Table"}, {{"t", structure}}));
    }

    static void lack(FakeSqlServer& server) {
        server.on("SHOW CREATE TABLE",
                  [](std::string_view) -> ResultSet { throw FakeSqlServer::server_error(1146, "no such table"); });
    }

    static std::shared_ptr<TableJob> job(const std::string& table) {
        auto job = std::make_shared<TableJob>();
        job->source = job->target = {"s", table};
        return job;
    }

    /// A copy that was under way, its LOW at this place.
    static std::shared_ptr<TableJob> begun(model::BinlogPosition low) {
        auto job = TableStarterTest::job("t");
        job->record = {.point = {.source = job->source,
                                 .low = {.position = std::move(low), .gtid_set = {}},
                                 .high = {},
                                 .create_table = kTable},
                       .target = job->target,
                       .owns_target = true,
                       .was_empty = true};
        return job;
    }

    TableStarter starter() {
        return {options_, router_, checkpoint_, purged_, notices_, {.patience = {.clock = clock_, .stop = {}}}};
    }

    auto start(const std::vector<std::shared_ptr<TableJob>>& jobs) {
        const auto up = up_.connect();
        const auto down = down_.connect();
        return starter().start(jobs, {*up, *down});
    }

    auto finish(const std::vector<std::shared_ptr<TableJob>>& jobs) {
        const auto up = up_.connect();
        const auto down = down_.connect();
        return starter().finish(jobs, {*up, *down});
    }

    [[nodiscard]] std::string told() const {
        const auto list = notices_.list();
        std::string text;
        for (const auto& notice : list) text += (text.empty() ? "" : "; ") + notice.kind + " " + notice.where;
        return text;
    }

    FakeSqlServer up_{kMariaDb};
    FakeSqlServer down_;
    const rules::TableRouter router_{std::vector<rules::RouteRule>{}, true};
    CopyOptions options_;
    target::CopyCheckpoint checkpoint_{"dm_meta", "task", "source", model::Flavor::MariaDb};
    PurgedBinlog purged_{.first_file = "bin.000005", .gtid_set = model::GtidSet(model::Flavor::MariaDb)};
    NoticeBook notices_;
    SystemClock clock_;
};

TEST_F(TableStarterTest, ManyTablesShareOnePlaceAndOneRecord) {
    const auto started = start({job("a"), job("b"), job("c")});
    EXPECT_EQ(started.size(), 3U);
    EXPECT_TRUE(std::ranges::all_of(started, [](const auto& one) { return one.has_value(); }));
    EXPECT_EQ(up_.statements("START TRANSACTION").size(), 1U);
    EXPECT_EQ(down_.statements("CREATE DATABASE").size(), 1U);
    EXPECT_EQ(down_.statements("SHOW CREATE TABLE").size(), 3U) << "each is looked for once";
    const auto records = down_.statements("REPLACE INTO `dm_meta`");
    ASSERT_EQ(records.size(), 2U) << "announced before they are created, then begun";
    EXPECT_NE(records[0].find("'void'"), std::string::npos);
    EXPECT_NE(records[1].find("'copying'"), std::string::npos);
}

TEST_F(TableStarterTest, AnInterruptedStartIsRecordedWhenItIsTriedAgain) {
    down_.fail("CREATE TABLE IF NOT EXISTS `s`.`b`",
               FakeSqlServer::server_error(1205, "Lock wait timeout").with_retry(RetryClass::Resume), 0, 1);
    const std::vector<std::shared_ptr<TableJob>> jobs{job("a"), job("b")};
    EXPECT_THROW((void)start(jobs), Error);
    have(down_, kTable);
    const auto started = start(jobs);
    EXPECT_TRUE(std::ranges::all_of(started, [](const auto& one) { return one.has_value(); }));
    const std::string record = down_.statements("REPLACE INTO `dm_meta`").back();
    EXPECT_NE(record.find("'s','a',0,'copying','s','a',1,1"), std::string::npos) << record;
    EXPECT_NE(record.find("'s','b',0,'copying','s','b',1,1"), std::string::npos) << record;
    for (const auto& table : jobs) EXPECT_EQ(table->record.target, table->target);
}

TEST_F(TableStarterTest, RowsThatNoSnapshotHoldsAreNamed) {
    up_.on("SELECT INDEX_NAME", FakeSqlServer::result({"i", "c", "p"}, {}));
    (void)start({job("t")});
    EXPECT_EQ(told(), "");
    have(up_, "CREATE TABLE `t` (\n  `id` bigint NOT NULL\n) ENGINE=MyISAM");
    (void)start({job("t")});
    EXPECT_EQ(told(), "table without a key and without transactions `s`.`t`");
}

TEST_F(TableStarterTest, AVanishedTableIsForgotten) {
    lack(up_);
    const auto gone = begun({.file = "bin.000007", .offset = 4});
    EXPECT_FALSE(start({gone}).front().has_value());
    EXPECT_EQ(down_.statements("DROP TABLE IF EXISTS `s`.`t`").size(), 1U);
    EXPECT_FALSE(down_.statements("DELETE FROM `dm_meta`").empty());
}

TEST_F(TableStarterTest, ContinuesWhereTheBinlogIsStillThere) {
    have(down_, kTable);
    const auto table = begun({.file = "bin.000005", .offset = 4});
    EXPECT_TRUE(start({table}).front().has_value());
    EXPECT_EQ(table->record.point.low.position.file, "bin.000005");
    EXPECT_TRUE(down_.statements("DROP TABLE").empty());
    EXPECT_EQ(told(), "");
}

TEST_F(TableStarterTest, StartsAnewAndSaysSoWhereTheBinlogIsGone) {
    have(down_, kTable);
    const auto table = begun({.file = "bin.000004", .offset = 4});
    EXPECT_TRUE(start({table}).front().has_value());
    EXPECT_EQ(table->record.point.low.position.file, "bin.000007");
    EXPECT_EQ(down_.statements("DROP TABLE IF EXISTS `s`.`t`").size(), 1U);
    EXPECT_EQ(told(), "copy of a table started anew `s`.`t`");
}

TEST_F(TableStarterTest, RowsThatCannotBeToldFromOthersAreNotCopiedTwice) {
    have(down_, kTable);
    const auto table = begun({.file = "bin.000004", .offset = 4});
    table->record.owns_target = table->record.was_empty = false;
    try {
        (void)start({table});
        FAIL() << "the target holds rows of others";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::CopyStructureChanged);
        EXPECT_EQ(error.retry_class(), RetryClass::Never);
    }
    EXPECT_TRUE(down_.statements("DROP TABLE").empty());
    EXPECT_TRUE(down_.statements("TRUNCATE").empty());
}

TEST_F(TableStarterTest, WhatATableMadeByHandKeepsIsSaid) {
    up_.on("SELECT COLUMN_NAME AS c, DATA_TYPE",
           FakeSqlServer::result({"c", "t", "e", "n", "o", "y"}, {{"id", "bigint", "", "NO", "NULL", "bigint"},
                                                                  {"v", "int", "", "YES", "NULL", "int"}}));
    have(down_, kTable);
    down_.on("SELECT 1 FROM `s`.`t`", FakeSqlServer::result({"1"}, {{"1"}}));
    down_.on("SELECT COLUMN_NAME AS c, EXTRA",
             FakeSqlServer::result({"c", "e"}, {{"id", ""}, {"v", "VIRTUAL GENERATED"}, {"w", "STORED GENERATED"}}));
    const auto table = job("t");
    (void)start({table});
    EXPECT_EQ(table->shape.columns.size(), 1U);
    EXPECT_EQ(told(),
              "column that the target computes, the upstream's values are left out `s`.`t`; "
              "target table that held rows before `s`.`t`");
}

TEST_F(TableStarterTest, ATableThatIsRefusedMayBeMadeByHand) {
    down_.fail("CREATE TABLE", FakeSqlServer::server_error(1005, "no").with_retry(RetryClass::Never), 0, 2);
    try {
        (void)start({job("t")});
        FAIL() << "refused";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::CopyPlan);
    }
    const auto all = down_.statements();
    EXPECT_TRUE(all.back().starts_with("DELETE FROM `dm_meta`")) << "or the next run would drop it: " << all.back();
}

TEST_F(TableStarterTest, StrictCollationsAreStatedAndNotReplaced) {
    options_.keeps_collations = true;
    up_.on("SHOW CHARACTER SET",
           FakeSqlServer::result({"Charset", "Default collation"}, {{"utf8mb4", "utf8mb4_uca1400_ai_ci"}}));
    have(up_, "CREATE TABLE `t` (\n  `id` bigint NOT NULL\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4");
    down_.fail("CREATE TABLE", FakeSqlServer::server_error(1273, "Unknown collation").with_retry(RetryClass::Never));
    try {
        (void)start({job("t")});
        FAIL() << "the target does not know it";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::CopyPlan);
        EXPECT_NE(std::string(error.what()).find("utf8mb4_uca1400_ai_ci"), std::string::npos) << error.what();
    }
    const auto created = down_.statements("CREATE TABLE");
    ASSERT_EQ(created.size(), 1U);
    EXPECT_TRUE(created.front().ends_with("COLLATE=utf8mb4_uca1400_ai_ci")) << created.front();
}

TEST_F(TableStarterTest, AnotherStructureAtTheEndMakesTheCopyVoid) {
    const auto same = begun({.file = "bin.000007", .offset = 4});
    const auto other = begun({.file = "bin.000007", .offset = 4});
    other->record.point.create_table = "CREATE TABLE `t` (`x` int)";
    for (const auto& table : {same, other}) table->shape.key_name = "PRIMARY";
    const auto ends = finish({same, other});
    EXPECT_EQ(ends, (std::vector{TableStarter::End::Complete, TableStarter::End::Again}));
    EXPECT_EQ(other->record.state, target::CopyState::Void);
    EXPECT_EQ(told(), "copy of a table started anew `s`.`t`");
}

}  // namespace
}  // namespace dm::copy
