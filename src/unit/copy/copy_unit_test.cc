#include "unit/copy/copy_unit.h"

#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "core/dml/key_fineness.h"
#include "core/sql/fake_sql_session.h"
#include "unit/target/unit.h"

namespace dm::copy {
namespace {

using sql::FakeSqlServer;
using sql::ResultSet;

std::int64_t number_after(std::string_view text, std::string_view word, std::int64_t otherwise) {
    const std::size_t at = text.find(word);
    if (at == std::string_view::npos) return otherwise;
    std::int64_t number = otherwise;
    std::from_chars(text.data() + at + word.size(), text.data() + text.size(), number);
    return number;
}

/// An upstream with one table `s`.`t` (id bigint primary key) of the rows 1 to 100, and an empty downstream.
class CopyUnitTest : public testing::Test {
  protected:
    CopyUnitTest() {
        up_.on("SHOW BINARY LOGS", FakeSqlServer::result({"Log_name"}, {{"bin.000001"}}));
        up_.on("SHOW STATUS LIKE 'binlog_snapshot_%'",
               FakeSqlServer::result({"n", "v"},
                                     {{"Binlog_snapshot_file", "bin.000001"}, {"Binlog_snapshot_position", "500"}}));
        up_.on("SELECT BINLOG_GTID_POS", FakeSqlServer::result({"g"}, {{"0-1-5"}}));
        up_.on("SELECT TABLE_SCHEMA AS s",
               FakeSqlServer::result({"s", "t", "k", "d", "r"},
                                     {{"s", "t", "BASE TABLE", "1000", "100"}, {"s", "v", "VIEW", "NULL", "NULL"}}));
        up_.on("SELECT DATA_LENGTH", FakeSqlServer::result({"d", "r"}, {{"1000", "100"}}));
        up_.on("SELECT COLUMN_NAME AS c, DATA_TYPE",
               FakeSqlServer::result({"c", "t", "e", "n", "o"}, {{"id", "bigint", "", "NO", "NULL"}}));
        up_.on("SELECT INDEX_NAME", FakeSqlServer::result({"i", "c", "p"}, {{"PRIMARY", "id", "NULL"}}));
        set_structure("CREATE TABLE `t` (`id` bigint)");
        up_.on("SELECT `id` FROM `s`.`t` FORCE INDEX", [](std::string_view query) {
            const std::int64_t last = number_after(query, "`id`>", 0) + number_after(query, "OFFSET ", 0) + 1;
            return FakeSqlServer::result({"id"}, last > 100
                                                     ? std::vector<std::vector<std::string>>{}
                                                     : std::vector<std::vector<std::string>>{{std::to_string(last)}});
        });
        up_.on("SELECT /*!40001", [](std::string_view query) {
            std::vector<std::vector<std::string>> rows;
            for (std::int64_t id = number_after(query, "`id`>", 0) + 1; id <= number_after(query, "`id`<=", 100); ++id)
                rows.push_back({std::to_string(id)});
            return FakeSqlServer::result({"id"}, rows);
        });
        down_.on("SHOW CREATE TABLE",
                 [](std::string_view) -> ResultSet { throw FakeSqlServer::server_error(1146, "no such table"); });
        options_.task = "task";
        options_.source_id = "source";
        options_.readers = 2;
        options_.writers = 2;
        options_.chunk_bytes = 300;  // 30 rows
        options_.statement_bytes = 120;
        options_.retry = {
            .max_attempts = 3, .initial_wait = std::chrono::milliseconds(1), .max_wait = std::chrono::milliseconds(1)};
    }

    void set_structure(const std::string& text) {
        up_.on("SHOW CREATE TABLE `s`.`t`", FakeSqlServer::result({"Table", "Create Table"}, {{"t", text}}));
    }

    static bool is_done_record(const std::string& statement) {
        return statement.starts_with("REPLACE INTO `dm_meta`") && statement.find("'done'") != std::string::npos;
    }
    /// What writers have sent, in order where there is one of them.
    [[nodiscard]] std::vector<std::string> writer_statements() const {
        auto all = down_.statements();
        std::erase_if(all, [](const std::string& statement) {
            return !is_done_record(statement) && !statement.starts_with("INSERT        INTO `s`.`t`") &&
                   statement != "START TRANSACTION" && statement != "COMMIT";
        });
        return all;
    }

    /// The checkpoint holds the table, and chunks 1 (done, to 30) and 2 (planned, to 60).
    void have_checkpoint(const std::string& state) {
        down_.on("SELECT 1 FROM information_schema.TABLES", FakeSqlServer::result({"1"}, {{"1"}}));
        down_.on("SHOW CREATE TABLE `s`.`t`",
                 FakeSqlServer::result({"Table", "Create Table"}, {{"t", "CREATE TABLE `t` (`id` bigint)"}}));
        down_.on("SELECT low_name,low_pos",
                 FakeSqlServer::result({"low_name", "low_pos", "low_gtid"}, {{"bin.000001", "400", "0-1-4"}}));
        down_.on("SELECT cp_schema", [this, state](std::string_view) {
            const std::string now = down_.statements("DELETE FROM `dm_meta`").empty() ? state : "complete";
            return FakeSqlServer::result({"cp_schema", "cp_table", "state", "target_schema", "target_table",
                                          "owns_target", "was_empty", "low_name", "low_pos", "low_gtid", "high_name",
                                          "high_pos", "high_gtid", "table_structure", "rows_done", "bytes_done"},
                                         {{"s", "t", now, "s", "t", "1", "1", "bin.000001", "450", "0-1-4",
                                           "bin.000001", "600", "0-1-6", "CREATE TABLE `t` (`id` bigint)", "0", "0"}});
        });
        down_.on("SELECT chunk,state",
                 FakeSqlServer::result({"chunk", "state", "lower_bound", "upper_bound", "rows_done", "bytes_done"},
                                       {{"1", "done", "[]", R"(["30"])", "30", "60"},
                                        {"2", "planned", R"(["30"])", R"(["60"])", "0", "0"}}));
    }

    CopyUnit unit() {
        rules::BlockAllowRules all;
        return CopyUnit(options_,
                        {.upstream = up_.connector(),
                         .downstream = down_.connector(),
                         .filter = std::make_shared<rules::TableFilter>(all, true),
                         .router = std::make_shared<rules::TableRouter>(std::vector<rules::RouteRule>{}, true),
                         .clock = &clock_});
    }

    /// Once the table is complete, so says the checkpoint.
    void complete_when_recorded() {
        down_.on("SELECT 1 FROM information_schema.TABLES", FakeSqlServer::result({"1"}, {{"1"}}));
        down_.on("SELECT cp_schema", [this](std::string_view) {
            std::vector<std::vector<std::string>> rows;
            for (const std::string& statement : down_.statements("REPLACE INTO `dm_meta`")) {
                if (statement.find("'complete'") == std::string::npos) continue;
                rows = {{"s", "t", "complete", "s", "t", "1", "1", "bin.000001", "450", "0-1-4", "bin.000001", "600",
                         "0-1-6", "x", "100", "192"}};
            }
            return FakeSqlServer::result({"cp_schema", "cp_table", "state", "target_schema", "target_table",
                                          "owns_target", "was_empty", "low_name", "low_pos", "low_gtid", "high_name",
                                          "high_pos", "high_gtid", "table_structure", "rows_done", "bytes_done"},
                                         rows);
        });
    }

    /// Ids in the statements for the target that begin with `verb`.
    std::multiset<std::int64_t> written(const std::string& verb) const {
        std::multiset<std::int64_t> ids;
        for (const std::string& statement : down_.statements(verb)) {
            std::size_t at = statement.find("VALUES ");
            if (statement.find("`s`.`t`") == std::string::npos) continue;
            while ((at = statement.find('(', at)) != std::string::npos)
                ids.insert(number_after(std::string_view(statement).substr(at++), "(", -1));
        }
        return ids;
    }

    static std::multiset<std::int64_t> numbers(std::int64_t from, std::int64_t to) {
        std::multiset<std::int64_t> ids;
        for (; from <= to; ++from) ids.insert(from);
        return ids;
    }

    FakeSqlServer up_{{.flavor = model::Flavor::MariaDb, .major = 10, .minor = 11, .patch = 6}};
    FakeSqlServer down_;
    SystemClock clock_;
    CopyOptions options_;
};

TEST_F(CopyUnitTest, CopiesEveryRowOnce) {
    complete_when_recorded();
    CopyUnit copy = unit();
    EXPECT_EQ(copy.run({}), target::UnitOutcome::Finished);
    EXPECT_EQ(written("INSERT        INTO"), numbers(1, 100));
    EXPECT_EQ(down_.statements("CREATE TABLE IF NOT EXISTS `s`.`t`").size(), 1U);
    const auto status = std::get<target::CopyStatus>(copy.status());
    EXPECT_EQ(status.tables_done, 1U);
    EXPECT_EQ(status.rows_done, 100U);
    ASSERT_EQ(status.noticed.size(), 1U);
    EXPECT_EQ(status.noticed[0].kind, "view not copied");
    EXPECT_EQ(copy.highest_point().position, (model::BinlogPosition{.file = "bin.000001", .offset = 600}));
}

TEST_F(CopyUnitTest, AChunkHasNoMoreRowsThanTheUserWants) {
    complete_when_recorded();
    options_.chunk_rows = 10;
    ASSERT_EQ(unit().run({}), target::UnitOutcome::Finished);
    EXPECT_EQ(written("INSERT        INTO"), numbers(1, 100));
    EXPECT_EQ(up_.statements("SELECT /*!40001").size(), 11U) << "ten, and what may have come after them";
}

TEST_F(CopyUnitTest, LowIsTakenAndRecordedBeforeTheFirstChunkIsRead) {
    complete_when_recorded();
    ASSERT_EQ(unit().run({}), target::UnitOutcome::Finished);
    const auto all = up_.statements();
    const auto read = std::ranges::find_if(all, [](const std::string& s) { return s.starts_with("SELECT /*!40001"); });
    EXPECT_EQ(std::count(all.begin(), read, "START TRANSACTION WITH CONSISTENT SNAPSHOT"), 2)
        << "the floor and the table's own";
    const auto recorded =
        down_.statements("REPLACE INTO `dm_meta`.`task_copy_checkpoint` (id,cp_schema,cp_table,chunk,state,low_name");
    EXPECT_FALSE(recorded.empty()) << "the floor is recorded";
}

TEST_F(CopyUnitTest, ResumesFromTheChunksThatAreDone) {
    have_checkpoint("copying");
    EXPECT_EQ(unit().run({}), target::UnitOutcome::Finished);
    EXPECT_TRUE(written("INSERT").empty()) << "what may be there already is replaced";
    EXPECT_EQ(written("REPLACE       INTO"), numbers(31, 100));
    EXPECT_TRUE(down_.statements("DROP TABLE").empty());
}

TEST_F(CopyUnitTest, AChunksLastRowsAndItsRecordAreOneTransaction) {
    complete_when_recorded();
    options_.writers = 1;
    ASSERT_EQ(unit().run({}), target::UnitOutcome::Finished);
    const auto all = writer_statements();
    int records = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (!is_done_record(all[i])) continue;
        ++records;
        ASSERT_GE(i, 1U);
        ASSERT_LT(i + 2, all.size());
        EXPECT_EQ(all[i - 1], "START TRANSACTION");
        EXPECT_TRUE(all[i + 1].starts_with("INSERT        INTO `s`.`t`")) << all[i + 1];
        EXPECT_EQ(all[i + 2], "COMMIT");
    }
    EXPECT_EQ(records, 4) << "chunks of 30, 30, 30 and 10 rows";
}

TEST_F(CopyUnitTest, NoSessionOfTheTargetChecksForeignKeys) {
    complete_when_recorded();
    CopyUnit copy = unit();
    const auto before = down_.sessions_opened();
    ASSERT_EQ(copy.run({}), target::UnitOutcome::Finished);
    EXPECT_EQ(down_.statements("SET SESSION foreign_key_checks = 0").size(), down_.sessions_opened() - before)
        << "children may be copied before their parents";
}

/// A table that is one chunk of one statement.
class SmallTableTest : public CopyUnitTest {
  protected:
    SmallTableTest() {
        options_.chunk_bytes = 10'000;
        options_.statement_bytes = 10'000;
        complete_when_recorded();
    }

    [[nodiscard]] std::ptrdiff_t chunk_records() const {
        return std::ranges::count_if(down_.statements("REPLACE INTO `dm_meta`"), [](const std::string& statement) {
            return statement.find("'done'") != std::string::npos;
        });
    }
};

TEST_F(SmallTableTest, IsWrittenWithoutARecordOfItsChunk) {
    ASSERT_EQ(unit().run({}), target::UnitOutcome::Finished);
    EXPECT_EQ(written("INSERT        INTO"), numbers(1, 100));
    EXPECT_EQ(chunk_records(), 0);
    EXPECT_TRUE(down_.statements("START TRANSACTION").empty());
}

TEST_F(SmallTableTest, IsUpsertedWhereItWasBegun) {
    have_checkpoint("copying");
    down_.on("SELECT chunk,state", FakeSqlServer::result({"chunk"}, {}));
    down_.on("SELECT cp_schema", [this](std::string_view) {
        const bool is_over = std::ranges::any_of(
            down_.statements("REPLACE INTO `dm_meta`"),
            [](const std::string& statement) { return statement.find("'complete'") != std::string::npos; });
        return FakeSqlServer::result(
            {"cp_schema", "cp_table", "state", "target_schema", "target_table", "owns_target", "was_empty", "low_name",
             "low_pos", "low_gtid", "high_name", "high_pos", "high_gtid", "table_structure", "rows_done", "bytes_done"},
            {{"s", "t", is_over ? "complete" : "copying", "s", "t", "1", "1", "bin.000001", "450", "0-1-4",
              "bin.000001", "600", "0-1-6", "CREATE TABLE `t` (`id` bigint)", "0", "0"}});
    });
    EXPECT_EQ(unit().run({}), target::UnitOutcome::Finished);
    EXPECT_TRUE(written("INSERT").empty()) << "its rows may have been written before";
    EXPECT_EQ(written("REPLACE       INTO"), numbers(1, 100));
}

TEST_F(SmallTableTest, HasARecordWhereExistingRowsAreKept) {
    options_.on_duplicate = OnDuplicate::Ignore;
    ASSERT_EQ(unit().run({}), target::UnitOutcome::Finished);
    EXPECT_EQ(chunk_records(), 1) << "or its own rows would be told as kept";
}

TEST_F(SmallTableTest, HasARecordWhereItTakesSeveralStatements) {
    options_.statement_bytes = 120;
    ASSERT_EQ(unit().run({}), target::UnitOutcome::Finished);
    EXPECT_EQ(written("INSERT        INTO"), numbers(1, 100));
    EXPECT_EQ(chunk_records(), 1);
}

TEST_F(CopyUnitTest, AnUnknownFateOfTheLastTransactionRepeatsIt) {
    complete_when_recorded();
    down_.fail("COMMIT",
               FakeSqlServer::server_error(2013, "Lost connection", ErrorCode::DbInvalidConnection)
                   .with_retry(RetryClass::Resume),
               0, 1, true);
    EXPECT_EQ(unit().run({}), target::UnitOutcome::Finished);
    EXPECT_EQ(down_.statements("COMMIT").size(), 5U);
    EXPECT_FALSE(written("REPLACE       INTO").empty()) << "it may have been committed";
}

TEST_F(CopyUnitTest, IndexesOfALargeTableComeAfterItsRows) {
    complete_when_recorded();
    options_.late_index_bytes = 1000;
    set_structure("CREATE TABLE `t` (\n  `id` bigint,\n  PRIMARY KEY (`id`),\n  KEY `k` (`id`)\n) ENGINE=InnoDB");
    ASSERT_EQ(unit().run({}), target::UnitOutcome::Finished);
    const auto all = down_.statements();
    const auto find = [&](std::string_view begin, std::string_view part) {
        return std::ranges::find_if(all, [&](const std::string& statement) {
            return statement.starts_with(begin) && statement.find(part) != std::string::npos;
        });
    };
    const auto recorded = find("REPLACE INTO `dm_meta`", R"x('["KEY `k` (`id`)"]')x");
    const auto created = find("CREATE TABLE IF NOT EXISTS `s`.`t`", "");
    const auto added = find("ALTER TABLE `s`.`t` ADD KEY `k` (`id`)", "");
    const auto complete = find("REPLACE INTO `dm_meta`", "'complete'");
    ASSERT_NE(complete, all.end());
    EXPECT_EQ(created->find("KEY `k`"), std::string::npos) << *created;
    EXPECT_LT(recorded, created) << "whoever finds the table must know that the index is missing";
    EXPECT_LT(created, added);
    EXPECT_LT(added, complete);
    EXPECT_EQ(std::count_if(added, all.end(), [](const auto& s) { return s.starts_with("INSERT        "); }), 0);
    EXPECT_EQ(complete->find("KEY `k` (`id`)\"]"), std::string::npos) << "nothing is pending any more";
}

TEST_F(CopyUnitTest, IndexesThatAreThereAlreadyAreNotAddedAgain) {
    complete_when_recorded();
    options_.late_index_bytes = 1000;
    set_structure("CREATE TABLE `t` (\n  `id` bigint,\n  KEY `k` (`id`),\n  KEY `l` (`id`)\n) ENGINE=InnoDB");
    down_.on("SELECT DISTINCT INDEX_NAME", FakeSqlServer::result({"i"}, {{"PRIMARY"}, {"K"}}));
    ASSERT_EQ(unit().run({}), target::UnitOutcome::Finished);
    EXPECT_EQ(down_.statements("ALTER TABLE"), std::vector<std::string>{"ALTER TABLE `s`.`t` ADD KEY `l` (`id`)"});
}

TEST_F(CopyUnitTest, AnotherStructureMakesTheCopyVoid) {
    have_checkpoint("copying");
    set_structure("CREATE TABLE `t` (`id` bigint, `b` int)");
    EXPECT_EQ(unit().run({}), target::UnitOutcome::Finished);
    EXPECT_EQ(down_.statements("DROP TABLE IF EXISTS `s`.`t`").size(), 1U);
    EXPECT_EQ(written("INSERT        INTO").size() + written("REPLACE       INTO").size(), 100U);
}

TEST_F(CopyUnitTest, CompleteTablesAreLeftAlone) {
    have_checkpoint("complete");
    EXPECT_EQ(unit().run({}), target::UnitOutcome::Finished);
    EXPECT_TRUE(up_.statements("SELECT /*!40001").empty());
}

TEST_F(CopyUnitTest, ATargetTableIsRecordedBeforeItIsCreated) {
    complete_when_recorded();
    ASSERT_EQ(unit().run({}), target::UnitOutcome::Finished);
    const auto statements = down_.statements();
    const auto find = [&](std::string_view begin, std::string_view part) {
        return std::ranges::find_if(statements, [&](const std::string& statement) {
            return statement.starts_with(begin) && statement.find(part) != std::string::npos;
        });
    };
    EXPECT_LT(find("REPLACE INTO `dm_meta`", "'void'"), find("CREATE TABLE IF NOT EXISTS `s`.`t`", ""));
}

TEST_F(CopyUnitTest, SchemasWithoutTablesAreMadeToo) {
    complete_when_recorded();
    up_.on("SELECT SCHEMA_NAME AS s", FakeSqlServer::result({"s"}, {{"s"}, {"empty"}, {"mysql"}}));
    EXPECT_EQ(unit().run({}), target::UnitOutcome::Finished);
    EXPECT_EQ(down_.statements("CREATE DATABASE IF NOT EXISTS `empty`").size(), 1U);
    EXPECT_TRUE(down_.statements("CREATE DATABASE IF NOT EXISTS `mysql`").empty());
}

TEST_F(CopyUnitTest, ABegunCopyOfATableThatIsGoneIsTakenBack) {
    have_checkpoint("copying");
    up_.on("SELECT TABLE_SCHEMA AS s", FakeSqlServer::result({"s", "t", "k", "d", "r"}, {}));
    EXPECT_EQ(unit().run({}), target::UnitOutcome::Finished);
    EXPECT_EQ(down_.statements("DROP TABLE IF EXISTS `s`.`t`").size(), 1U);
    EXPECT_FALSE(down_.statements("DELETE FROM `dm_meta`").empty());
}

TEST_F(CopyUnitTest, TablesUnknownToTheCheckpointAreReplicationsOwnOnceItHasBegun) {
    have_checkpoint("complete");
    up_.on("SELECT TABLE_SCHEMA AS s",
           FakeSqlServer::result({"s", "t", "k", "d", "r"},
                                 {{"s", "t", "BASE TABLE", "1000", "100"}, {"s", "later", "BASE TABLE", "9", "1"}}));
    options_.is_sync_fresh = false;
    EXPECT_EQ(unit().run({}), target::UnitOutcome::Finished);
    EXPECT_TRUE(up_.statements("SHOW CREATE TABLE `s`.`later`").empty());
    EXPECT_TRUE(down_.statements("CREATE TABLE IF NOT EXISTS `s`.`later`").empty());
}

/// Replication gave `t` back, which is `later` by now: nobody else would make `later`, unless it is there already.
TEST_F(CopyUnitTest, ATableToBeCopiedAgainIsFoundUnderItsNewName) {
    have_checkpoint("void");
    up_.on("SELECT TABLE_SCHEMA AS s",
           FakeSqlServer::result({"s", "t", "k", "d", "r"}, {{"s", "later", "BASE TABLE", "9", "1"}}));
    options_.is_sync_fresh = false;
    EXPECT_THROW((void)unit().run({}), Error) << "the script tells no structure of `later`";
    EXPECT_FALSE(up_.statements("SHOW CREATE TABLE `s`.`later`").empty());
}

TEST_F(CopyUnitTest, WhatReplicationHasMadeIsNotCopiedAgain) {
    have_checkpoint("void");
    up_.on("SELECT TABLE_SCHEMA AS s",
           FakeSqlServer::result({"s", "t", "k", "d", "r"}, {{"s", "later", "BASE TABLE", "9", "1"}}));
    down_.on("SHOW CREATE TABLE `s`.`later`",
             FakeSqlServer::result({"Table", "Create Table"}, {{"later", "CREATE TABLE `later` (`id` bigint)"}}));
    options_.is_sync_fresh = false;
    EXPECT_EQ(unit().run({}), target::UnitOutcome::Finished);
    EXPECT_TRUE(up_.statements("SHOW CREATE TABLE `s`.`later`").empty());
}

/// Each listing finds another table: those that come during twenty listings are copied, the next is named.
TEST_F(CopyUnitTest, ATableThatComesWhenThereWereListingsEnoughIsNamed) {
    complete_when_recorded();
    int listings = 0;
    up_.on("SELECT TABLE_SCHEMA AS s", [&](std::string_view) {
        return FakeSqlServer::result({"s", "t", "k", "d", "r"},
                                     {{"s", fmt::format("t{}", ++listings), "BASE TABLE", "9", "1"}});
    });
    up_.on("SHOW CREATE TABLE",
           FakeSqlServer::result({"Table", "Create Table"}, {{"t", "CREATE TABLE `t` (`id` bigint)"}}));
    CopyUnit copy = unit();
    EXPECT_EQ(copy.run({}), target::UnitOutcome::Finished);
    EXPECT_EQ(listings, 21);
    EXPECT_EQ(down_.statements("CREATE TABLE IF NOT EXISTS `s`.`t").size(), 20U);
    const auto noticed = std::get<target::CopyStatus>(copy.status()).noticed;
    ASSERT_EQ(noticed.size(), 1U);
    EXPECT_EQ(noticed[0].kind, "table that came as the copy ended, left to replication");
    EXPECT_EQ(noticed[0].where, "`s`.`t21`");
}

TEST_F(CopyUnitTest, WhatWasBegunIsNotLeft) {
    have_checkpoint("void");
    int listings = 0;
    up_.on("SELECT TABLE_SCHEMA AS s", [&](std::string_view) {
        ++listings;
        return FakeSqlServer::result({"s", "t", "k", "d", "r"}, {{"s", "t", "BASE TABLE", "9", "1"}});
    });
    down_.on("SELECT cp_schema", [&](std::string_view) {
        const std::string state = listings > 24 ? "complete" : "void";
        return FakeSqlServer::result(
            {"cp_schema", "cp_table", "state", "target_schema", "target_table", "owns_target", "was_empty", "low_name",
             "low_pos", "low_gtid", "high_name", "high_pos", "high_gtid", "table_structure", "rows_done", "bytes_done"},
            {{"s", "t", state, "s", "t", "1", "1", "bin.000001", "450", "0-1-4", "bin.000001", "600", "0-1-6",
              "CREATE TABLE `t` (`id` bigint)", "0", "0"}});
    });
    CopyUnit copy = unit();
    EXPECT_EQ(copy.run({}), target::UnitOutcome::Finished);
    EXPECT_GT(listings, 24);
    EXPECT_TRUE(std::get<target::CopyStatus>(copy.status()).noticed.empty());
}

TEST_F(CopyUnitTest, ReplicationDropsWhatWasCopiedWhole) {
    have_checkpoint("complete");
    up_.on("SELECT TABLE_SCHEMA AS s", FakeSqlServer::result({"s", "t", "k", "d", "r"}, {}));
    EXPECT_EQ(unit().run({}), target::UnitOutcome::Finished);
    EXPECT_TRUE(down_.statements("DROP TABLE").empty());
}

TEST_F(CopyUnitTest, ALostConnectionIsReplacedAndTheRowsUpserted) {
    complete_when_recorded();
    down_.fail("INSERT        INTO",
               FakeSqlServer::server_error(2013, "Lost connection", ErrorCode::DbInvalidConnection)
                   .with_retry(RetryClass::Resume),
               1, 1, true);
    EXPECT_EQ(unit().run({}), target::UnitOutcome::Finished);
    auto ids = written("INSERT        INTO");
    const auto again = written("REPLACE       INTO");
    EXPECT_FALSE(again.empty());
    EXPECT_EQ(ids, numbers(1, 100)) << "the failed statement counts, too";
}

TEST_F(CopyUnitTest, ATableThatVanishesWhileItIsReadIsListedAgain) {
    complete_when_recorded();
    up_.fail("SELECT /*!40001",
             FakeSqlServer::server_error(1146, "Table 's.t' doesn't exist").with_scope(ErrorScope::Upstream));
    EXPECT_EQ(unit().run({}), target::UnitOutcome::Finished);
}

TEST_F(CopyUnitTest, ATableThatVanishesAgainAndAgainIsTriedLater) {
    up_.fail("SELECT /*!40001",
             FakeSqlServer::server_error(1146, "Table 's.t' doesn't exist").with_scope(ErrorScope::Upstream), 0, 1000);
    try {
        unit().run({});
        FAIL() << "the table is gone";
    } catch (const Error& error) {
        EXPECT_EQ(error.retry_class(), RetryClass::Resume);
    }
}

TEST_F(CopyUnitTest, ALostUpstreamConnectionReadsTheChunkAgain) {
    complete_when_recorded();
    up_.fail("SELECT /*!40001",
             FakeSqlServer::server_error(2013, "Lost connection", ErrorCode::DbInvalidConnection)
                 .with_retry(RetryClass::Resume),
             1, 1, true);
    EXPECT_EQ(unit().run({}), target::UnitOutcome::Finished);
    auto ids = written("INSERT        INTO");
    ids.merge(written("REPLACE       INTO"));
    EXPECT_EQ(ids, numbers(1, 100));
}

TEST_F(CopyUnitTest, AnErrorThatCannotBeWaitedOutEndsTheRun) {
    down_.fail("INSERT        INTO", FakeSqlServer::server_error(1054, "Unknown column").with_retry(RetryClass::Never),
               0, 100);
    CopyUnit copy = unit();
    EXPECT_THROW(copy.run({}), Error);
}

TEST_F(CopyUnitTest, RowsThatCannotBeInATransactionAreRecordedAfterwards) {
    options_.readers = 1;
    options_.writers = 1;
    options_.statement_bytes = 1U << 20U;  // one statement for each chunk
    down_.fail("INSERT        INTO", FakeSqlServer::server_error(1785, "Statement violates GTID consistency"));
    EXPECT_EQ(unit().run({}), target::UnitOutcome::Finished);
    const auto all = writer_statements();
    ASSERT_GE(all.size(), 5U);
    EXPECT_EQ(all[0], "START TRANSACTION");
    EXPECT_TRUE(is_done_record(all[1])) << all[1];
    EXPECT_EQ(all[3], all[2]) << "the rows, which were refused";
    EXPECT_EQ(all[4], all[1]);
    EXPECT_EQ(down_.statements("START TRANSACTION").size(), down_.statements("COMMIT").size() + 1);
}

TEST_F(CopyUnitTest, ExistingRowsAreAConflictWhereTheUserSaysSo) {
    options_.on_duplicate = OnDuplicate::Error;
    down_.on("SELECT 1 FROM `s`.`t`", FakeSqlServer::result({"1"}, {{"1"}}));
    down_.fail("INSERT        INTO", FakeSqlServer::server_error(1062, "Duplicate entry").with_retry(RetryClass::Never),
               0, 100);
    down_.on("SHOW CREATE TABLE", FakeSqlServer::result({"Table", "Create Table"}, {{"t", "x"}}));
    try {
        unit().run({});
        FAIL() << "rows were there";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::CopyTargetConflict) << error.what();
    }
}

TEST_F(CopyUnitTest, RowsThatClashInTheirOwnNewTableAreAnErrorAndTheCopyVoid) {
    down_.fail("INSERT        INTO", FakeSqlServer::server_error(1062, "Duplicate entry").with_retry(RetryClass::Never),
               0, 100);
    try {
        unit().run({});
        FAIL() << "one of the rows would be lost";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::CopyTargetConflict) << error.what();
        EXPECT_EQ(error.retry_class(), RetryClass::Never);
    }
    EXPECT_FALSE(down_.statements("UPDATE `dm_meta`").empty()) << "resumed, it must not write over what is there";
    EXPECT_TRUE(down_.statements("REPLACE       INTO `s`").empty());
}

TEST_F(CopyUnitTest, UnderKeysThatTellApartLessNothingIsWrittenTwice) {
    const auto keys = [](const std::string& collation) {
        return FakeSqlServer::result({"i", "c", "p", "k", "t"}, {{"PRIMARY", "id", "NULL", collation, "varchar"}});
    };
    up_.on("SELECT s.INDEX_NAME", keys("utf8mb4_bin"));
    down_.on("SELECT s.INDEX_NAME", keys("utf8mb4_general_ci"));
    down_.on("SHOW CREATE TABLE", FakeSqlServer::result({"Table", "Create Table"}, {{"t", "x"}}));
    down_.fail("INSERT        INTO",
               FakeSqlServer::server_error(2013, "Lost connection", ErrorCode::DbInvalidConnection)
                   .with_retry(RetryClass::Resume),
               1, 1, true);
    CopyUnit copy = unit();
    try {
        copy.run({});
        FAIL() << "whether the rows were written nobody knows";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::CopyStructureChanged) << error.what();
        EXPECT_EQ(error.retry_class(), RetryClass::Resume);
    }
    EXPECT_TRUE(down_.statements("REPLACE       INTO `s`").empty());
    const auto noticed = std::get<target::CopyStatus>(copy.status()).noticed;
    EXPECT_NE(std::ranges::find(noticed, dml::kCoarserKey, &target::Noticed::kind), noticed.end());
}

TEST_F(CopyUnitTest, AStopWhileItIsPlannedIsNoError) {
    std::stop_source stop;
    up_.on("SHOW BINARY LOGS", [&](std::string_view) -> ResultSet {
        stop.request_stop();
        throw FakeSqlServer::server_error(1205, "Lock wait timeout exceeded").with_retry(RetryClass::Resume);
    });
    EXPECT_EQ(unit().run(stop.get_token()), target::UnitOutcome::Stopped);
}

TEST_F(CopyUnitTest, AStopRequestIsNoError) {
    std::stop_source stop;
    stop.request_stop();
    EXPECT_EQ(unit().run(stop.get_token()), target::UnitOutcome::Stopped);
    CopyUnit copy = unit();
    copy.kill();
    EXPECT_EQ(copy.run({}), target::UnitOutcome::Stopped);
}

}  // namespace
}  // namespace dm::copy
