#include <fmt/format.h>
#include <gtest/gtest.h>

#include "unit/sync/sync_unit_fixture.h"

namespace dm::sync {
namespace {

TEST_F(SyncUnitTest, unknown_statements_are_refused_with_their_place) {
    BinlogScript script;
    script.statement("FROBNICATE t");
    try {
        (void)make_unit(script.bytes())->run({});
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::SyncDdlUnsupported);
        EXPECT_NE(std::string(error.what()).find("FROBNICATE"), std::string::npos);
    }
}

TEST_F(SyncUnitTest, statements_that_the_target_refuses_are_told_with_their_place) {
    BinlogScript script;
    const auto before = script.offset();
    script.statement("TRUNCATE TABLE t");
    target_->fail("TRUNCATE", sql::FakeSqlServer::server_error(1142, "TRUNCATE command denied"), 1);
    try {
        (void)make_unit(script.bytes())->run({});
        FAIL();
    } catch (const Error& error) {
        EXPECT_TRUE(error.message().starts_with(fmt::format(
            "startLocation: [position: (bin.000001, {})], endLocation: [position: (bin.000001, {})], origin SQL: "
            "[TRUNCATE TABLE t]: ",
            before, script.offset())))
            << error.message();
        EXPECT_NE(error.raw_cause().find("1142"), std::string::npos);
    }
}

TEST_F(SyncUnitTest, what_stands_behind_set_statement_is_executed) {
    BinlogScript script;
    script.statement("SET STATEMENT max_statement_time=20 FOR TRUNCATE TABLE t");
    ASSERT_EQ(make_unit(script.bytes())->run({}), target::UnitOutcome::Stopped);
    EXPECT_EQ(target_->ddls(), std::vector<std::string>{"TRUNCATE TABLE `s`.`t`"});
}

TEST_F(SyncUnitTest, rows_of_an_xa_transaction_count_from_its_commit) {
    BinlogScript script;
    script.xa("START", 'a');
    script.insert({1, 1, 1});
    script.xa_prepare('a');
    script.xa("START", 'b');
    script.insert({2, 2, 2});
    script.xa_prepare('b');
    script.begin();
    script.insert({3, 3, 3});
    script.commit();
    script.xa("ROLLBACK", 'b');
    script.xa("START", 'c');
    script.insert({2, 2, 4});
    script.xa_prepare('c', true);
    const auto before_commit = script.bytes();
    ASSERT_EQ(make_unit(before_commit)->run({}), target::UnitOutcome::Stopped);
    MiniTarget::Rows expected = {{"2", {"2", "2", "4"}}, {"3", {"3", "3", "3"}}};
    EXPECT_EQ(target_->rows(), expected);
    // The next run, which begins behind the preparation, reads it again.
    script.xa("COMMIT", 'a');
    const auto unit = make_unit(script.bytes());
    ASSERT_EQ(unit->run({}), target::UnitOutcome::Stopped);
    expected["1"] = {"1", "1", "1"};
    EXPECT_EQ(target_->rows(), expected);
    EXPECT_TRUE(std::get<target::SyncStatus>(unit->status()).noticed.empty());
}

/// One that works on 20 rows, goes back to a savepoint twice, and may end in ROLLBACK. With a GTID its rows are applied
/// before it is known what it undoes, as those of a large transaction are.
BinlogScript undone_script(bool is_committed, bool has_gtid) {
    BinlogScript script;
    script.begin();
    for (int id = 1; id <= 20; ++id) script.insert({id, id, 0});
    script.commit();
    if (has_gtid) script.gtid(1);
    script.begin();
    script.statement("SAVEPOINT `a`");
    script.update({1, 1, 0}, {31, 1, 0});
    script.update({2, 2, 0}, {2, 2, 7});
    script.statement("SAVEPOINT `b`");
    // Values that go from row to row, which only comes right backwards.
    script.update_all({{10, 10, 0}, {10, 40, 0}, {11, 11, 0}, {11, 10, 0}, {12, 12, 0}, {12, 11, 0}});
    script.remove({3, 3, 0});
    script.insert({50, 3, 9});
    script.insert_all({{3, 60, 1}, {51, 61, 1}});
    script.statement("ROLLBACK TO `b`");
    script.remove({4, 4, 0});
    script.insert({52, 62, 0});
    script.statement("ROLLBACK TO `b`");
    script.insert({53, 63, 0});
    if (is_committed) {
        script.commit();
    } else {
        script.statement("ROLLBACK");
    }
    script.begin();
    script.insert({99, 99, 0});
    script.commit();
    return script;
}

MiniTarget::Rows rows_after_undone(bool is_committed) {
    MiniTarget::Rows rows = {{"99", {"99", "99", "0"}}};
    for (int id = 1; id <= 20; ++id) {
        const std::string text = std::to_string(id);
        rows[text] = {text, text, "0"};
    }
    if (!is_committed) return rows;
    rows.erase("1");
    rows["31"] = {"31", "1", "0"};
    rows["2"] = {"2", "2", "7"};
    rows["53"] = {"53", "63", "0"};
    return rows;
}

TEST_F(SyncUnitTest, what_a_transaction_has_undone_is_undone_in_the_target) {
    for (const bool is_committed : {true, false}) {
        for (const bool has_gtid : {true, false}) {
            renew_target();
            const auto unit = make_unit(undone_script(is_committed, has_gtid).bytes());
            ASSERT_EQ(unit->run({}), target::UnitOutcome::Stopped);
            EXPECT_EQ(target_->rows(), rows_after_undone(is_committed));
            const auto noticed = std::get<target::SyncStatus>(unit->status()).noticed;
            ASSERT_EQ(noticed.size(), has_gtid ? 1U : 0U);
            if (has_gtid) {
                EXPECT_EQ(noticed[0].kind, "changes of a large transaction were applied before it undid them");
            }
        }
    }
}

TEST_F(SyncUnitTest, what_is_undone_survives_broken_streams_and_kills) {
    for (const bool has_gtid : {true, false}) {
        const std::string binlog = undone_script(true, has_gtid).bytes();
        for (std::size_t events = 1; events < 100; ++events) {
            renew_target();
            ASSERT_EQ(make_unit(binlog, events)->run({}), target::UnitOutcome::Stopped);
            ASSERT_EQ(target_->rows(), rows_after_undone(true)) << "broken after " << events;
        }
        for (std::size_t at = 1; at < 60; ++at) {
            renew_target();
            run_killed_at(at, binlog);
            ASSERT_EQ(make_unit(binlog)->run({}), target::UnitOutcome::Stopped);
            ASSERT_EQ(target_->rows(), rows_after_undone(true)) << "killed at statement " << at;
        }
    }
}

TEST_F(SyncUnitTest, what_is_undone_leaves_alone_what_others_did_meanwhile) {
    BinlogScript script;
    script.begin();
    script.insert_all({{1, 1, 1}, {2, 2, 2}, {3, 3, 3}});
    script.commit();
    // The transaction below had let these rows go before it was logged.
    script.begin();
    script.remove({1, 1, 1});
    script.insert({4, 4, 4});
    script.update({2, 2, 2}, {2, 2, 9});
    script.commit();
    script.begin();
    script.insert({5, 5, 5});
    script.statement("SAVEPOINT `a`");
    script.update({1, 1, 1}, {1, 1, 7});
    script.remove({2, 2, 2});
    script.insert({4, 4, 7});
    script.statement("ROLLBACK TO `a`");
    script.commit();
    const MiniTarget::Rows expected = {
        {"2", {"2", "2", "9"}}, {"3", {"3", "3", "3"}}, {"4", {"4", "4", "4"}}, {"5", {"5", "5", "5"}}};
    for (const bool is_safe : {true, false}) {
        config_.sync.safe_mode = is_safe;
        renew_target();
        const auto unit = make_unit(script.bytes());
        ASSERT_EQ(unit->run({}), target::UnitOutcome::Stopped);
        EXPECT_EQ(target_->rows(), expected);
        EXPECT_TRUE(std::get<target::SyncStatus>(unit->status()).noticed.empty());
    }
}

TEST_F(SyncUnitTest, an_xa_transaction_may_undo_a_part_of_itself) {
    BinlogScript script;
    script.xa("START", 'a');
    script.insert({1, 1, 1});
    script.statement("SAVEPOINT `s`");
    script.insert({2, 2, 2});
    script.statement("ROLLBACK TO `s`");
    script.insert({3, 3, 3});
    script.xa_prepare('a');
    const auto prepared = script.bytes();
    script.xa("COMMIT", 'a');
    ASSERT_EQ(make_unit(script.bytes())->run({}), target::UnitOutcome::Stopped);
    EXPECT_EQ(target_->rows(), (MiniTarget::Rows{{"1", {"1", "1", "1"}}, {"3", {"3", "3", "3"}}}));
    // Not so where it is read again.
    renew_target();
    ASSERT_EQ(make_unit(prepared)->run({}), target::UnitOutcome::Stopped);
    try {
        (void)make_unit(script.bytes())->run({});
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::SyncEventUnsupported);
    }
}

TEST_F(SyncUnitTest, an_xa_commit_without_its_rows_in_any_binlog_is_refused) {
    BinlogScript script;
    script.xa("START", 'a');
    script.insert({1, 1, 1});
    script.xa_prepare('a');
    script.xa("COMMIT", 'b');
    try {
        (void)make_unit(script.bytes())->run({});
        FAIL() << "the commit has nothing to commit";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::SyncBinlogPurged);
        EXPECT_NE(std::string(error.what()).find("x'62',x'',1"), std::string::npos) << error.what();
    }
}

/// MariaDB that dies while it ends a transaction has the end in its binlog, and the transaction still prepared.
TEST_F(SyncUnitTest, the_last_end_of_an_xa_transaction_counts) {
    const MiniTarget::Rows before = {{"1", {"1", "1", "1"}}, {"2", {"2", "2", "2"}}};
    const MiniTarget::Rows after = {{"1", {"1", "1", "7"}}, {"3", {"3", "3", "3"}}, {"4", {"4", "4", "4"}}};
    for (const std::string_view first : {"COMMIT", "ROLLBACK"}) {
        for (const std::string_view second : {"COMMIT", "ROLLBACK"}) {
            BinlogScript script;
            script.begin();
            script.insert_all({{1, 1, 1}, {2, 2, 2}});
            script.commit();
            script.xa("START", 'a');
            script.update({1, 1, 1}, {1, 1, 7});
            script.remove({2, 2, 2});
            script.insert_all({{3, 3, 3}, {4, 4, 4}});
            script.xa_prepare('a');
            script.xa(first, 'a');
            const std::string once = script.bytes();
            script.xa(second, 'a');
            for (const bool is_two_runs : {false, true}) {
                renew_target();
                if (is_two_runs) {
                    ASSERT_EQ(make_unit(once)->run({}), target::UnitOutcome::Stopped);
                }
                const auto unit = make_unit(script.bytes());
                ASSERT_EQ(unit->run({}), target::UnitOutcome::Stopped);
                EXPECT_EQ(target_->rows(), second == "COMMIT" ? after : before) << first << ", then " << second;
                const auto noticed = std::get<target::SyncStatus>(unit->status()).noticed;
                ASSERT_EQ(noticed.size(), 1U);
                EXPECT_EQ(noticed[0].kind, "XA transaction that the upstream ended twice");
            }
        }
    }
}

TEST_F(SyncUnitTest, an_xa_transaction_that_was_never_prepared_holds_nothing_up) {
    BinlogScript script;
    script.xa("START", 'a');
    script.insert({1, 1, 1});
    script.xa("ROLLBACK", 'a');
    script.begin();
    script.insert({2, 2, 2});
    script.commit();
    ASSERT_EQ(make_unit(script.bytes())->run({}), target::UnitOutcome::Stopped);
    EXPECT_EQ(target_->rows(), (MiniTarget::Rows{{"2", {"2", "2", "2"}}}));
}

TEST_F(SyncUnitTest, xa_transactions_survive_broken_streams) {
    BinlogScript script;
    for (int i = 0; i < 8; ++i) {
        script.xa("START", static_cast<char>('a' + i));
        script.insert({i, i, i});
        script.insert({i + 100, i + 100, i});
        script.xa_prepare(static_cast<char>('a' + i));
    }
    for (int i = 7; i >= 0; --i) script.xa(i % 2 == 0 ? "COMMIT" : "ROLLBACK", static_cast<char>('a' + i));
    for (std::size_t events = 1; events < 60; events += 2) {
        renew_target();
        ASSERT_EQ(make_unit(script.bytes(), events)->run({}), target::UnitOutcome::Stopped);
        ASSERT_EQ(target_->rows().size(), 8U) << "broken after " << events;
    }
}

const std::string kServer = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
constexpr auto kCreate = "CREATE TABLE t (id int NOT NULL PRIMARY KEY, u int UNIQUE, p int) START TRANSACTION";

/// CREATE TABLE ... SELECT of these rows as MySQL logs it, then one more.
BinlogScript create_with_rows(int rows) {
    BinlogScript script;
    script.gtid(1);
    script.begin();
    script.statement(kCreate);
    for (int i = 0; i < rows; ++i) script.insert({i, i, i});
    script.commit();
    script.gtid(2);
    script.begin();
    script.insert({rows, rows, rows});
    script.commit();
    return script;
}

TEST_F(SyncUnitTest, create_table_select_is_not_passed_before_its_last_row) {
    constexpr int kRows = 30;
    const auto script = create_with_rows(kRows);
    config_.sync.enable_gtid = true;
    begin_behind_another_server();
    upstream_.on("SHOW MASTER STATUS",
                 sql::FakeSqlServer::result({"File", "Position", "Executed_Gtid_Set"},
                                            {{"bin.000001", std::to_string(script.offset()),
                                              config_.meta->binlog_gtid + "," + kServer + ":1-2"}}));
    for (std::size_t at = 1; at < 90; at += 2) {
        renew_target();
        run_killed_at(at, script.bytes());
        const auto row = target_->global_checkpoint();
        const bool is_passed = !row.empty() && row[5].value().find(kServer) != std::string::npos;
        EXPECT_TRUE(!is_passed || target_->rows().size() >= kRows) << "killed at statement " << at;
        ASSERT_EQ(make_unit(script.bytes())->run({}), target::UnitOutcome::Stopped);
        ASSERT_EQ(target_->rows().size(), kRows + 1U) << "killed at statement " << at;
    }
}

TEST_F(SyncUnitTest, a_stream_that_breaks_amid_create_table_select_repeats_nothing) {
    const auto script = create_with_rows(10);
    config_.sync.enable_gtid = true;
    config_.strict = true;
    begin_behind_another_server();
    for (std::size_t events = 1; events < 32; events += 3) {
        renew_target();
        ASSERT_EQ(make_unit(script.bytes(), events)->run({}), target::UnitOutcome::Stopped);
        ASSERT_EQ(target_->rows().size(), 11U) << "broken after " << events;
        ASSERT_EQ(target_->ddls().size(), 1U) << "broken after " << events;
    }
}

TEST_F(SyncUnitTest, a_transaction_that_the_upstream_lost_does_not_swallow_the_next) {
    BinlogScript before;
    before.gtid(1);
    before.begin();
    before.insert({1, 1, 1});
    before.insert({2, 2, 2});
    before.insert({3, 3, 3});
    before.commit();
    BinlogScript after;
    after.begin();
    after.insert({1, 1, 7});
    after.insert({4, 4, 4});
    after.commit();
    constexpr std::size_t kEventsUntilSecondRow = 8;
    const auto unit = make_unit_of({Files{{"bin.000001", before.bytes()}},
                                    Files{{"bin.000001", BinlogScript().bytes()}, {"bin.000002", after.bytes()}}},
                                   kEventsUntilSecondRow);
    ASSERT_EQ(unit->run({}), target::UnitOutcome::Stopped);
    const MiniTarget::Rows expected = {{"1", {"1", "1", "7"}}, {"2", {"2", "2", "2"}}, {"4", {"4", "4", "4"}}};
    EXPECT_EQ(target_->rows(), expected);
    const auto noticed = std::get<target::SyncStatus>(unit->status()).noticed;
    ASSERT_EQ(noticed.size(), 1U);
    EXPECT_EQ(noticed[0].kind, "transaction that the upstream lost after a part of it was applied");
}

TEST_F(SyncUnitTest, a_transaction_that_comes_again_from_another_server_is_applied_anew) {
    BinlogScript before;
    before.gtid(1);
    before.begin();
    before.insert({1, 1, 1});
    before.insert({2, 2, 2});
    before.insert({3, 3, 3});
    before.commit();
    BinlogScript elsewhere;
    elsewhere.gtid(1);
    elsewhere.begin();
    elsewhere.insert_all({{1, 1, 1}, {2, 2, 2}});
    elsewhere.insert({3, 3, 3});
    elsewhere.commit();
    config_.sync.enable_gtid = true;
    constexpr std::size_t kEventsUntilSecondRow = 8;
    const auto unit = make_unit_of({Files{{"bin.000001", before.bytes()}}, Files{{"bin.000001", elsewhere.bytes()}}},
                                   kEventsUntilSecondRow);
    ASSERT_EQ(unit->run({}), target::UnitOutcome::Stopped);
    EXPECT_EQ(target_->rows().size(), 3U);
    EXPECT_TRUE(std::get<target::SyncStatus>(unit->status()).noticed.empty());
}

TEST_F(SyncUnitTest, statements_are_read_in_the_charset_of_their_client) {
    constexpr std::uint16_t kLatin1 = 8;
    constexpr std::uint16_t kGbk = 28;
    constexpr std::uint16_t kHp8 = 6;
    BinlogScript script;
    script.statement("ALTER TABLE t COMMENT '\x80'", kLatin1);
    script.statement("ALTER TABLE t COMMENT '\xd5\x5c'", kGbk);
    ASSERT_EQ(make_unit(script.bytes())->run({}), target::UnitOutcome::Stopped);
    const std::vector<std::string> expected = {"ALTER TABLE `s`.`t` COMMENT '\xe2\x82\xac'",
                                               "ALTER TABLE `s`.`t` COMMENT '\xe8\xaa\xa0'"};
    EXPECT_EQ(target_->ddls(), expected);
    script.statement("ALTER TABLE t COMMENT '\xff'", kHp8);
    renew_target();
    try {
        (void)make_unit(script.bytes())->run({});
        FAIL() << "nobody reads hp8";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::ParseSql);
        EXPECT_NE(std::string(error.what()).find("bin.000001"), std::string::npos) << error.what();
    }
}

}  // namespace
}  // namespace dm::sync
