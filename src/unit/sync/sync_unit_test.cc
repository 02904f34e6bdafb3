#include <map>
#include <random>
#include <regex>
#include <tuple>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "unit/sync/sync_unit_fixture.h"

namespace dm::sync {
namespace {

using testing::IntRow;

/// A random history of one table, as a binlog and as its end state.
class History {
  public:
    History(unsigned seed, std::size_t transactions, bool has_gtids = false) : random_(seed) {
        for (std::size_t i = 0; i < transactions; ++i) {
            if (has_gtids) script_.gtid(i + 1);
            script_.begin();
            for (int change = pick(5) + 1; change > 0; --change) step();
            script_.commit();
        }
    }
    [[nodiscard]] const BinlogScript& script() const { return script_; }
    [[nodiscard]] MiniTarget::Rows rows() const {
        MiniTarget::Rows rows;
        const auto text = [](const std::optional<std::int32_t>& value) {
            return value ? std::optional(std::to_string(*value)) : std::nullopt;
        };
        for (const auto& [id, row] : rows_) rows[std::to_string(id)] = {text(row[0]), text(row[1]), text(row[2])};
        return rows;
    }

  private:
    int pick(int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(random_); }
    [[nodiscard]] bool fits(const IntRow& row, std::optional<int> except) const {
        return std::ranges::none_of(rows_, [&](const auto& entry) {
            return entry.first != except && (entry.first == *row[0] || (row[1] && entry.second[1] == row[1]));
        });
    }
    void step() {
        const IntRow row = {pick(30), pick(4) == 0 ? std::nullopt : std::optional(pick(30)), pick(1000)};
        const auto victim = rows_.find(pick(30));
        if (pick(3) == 0 && fits(row, std::nullopt)) {
            script_.insert(row);
            rows_[*row[0]] = row;
        } else if (victim != rows_.end() && pick(4) == 0) {
            script_.remove(victim->second);
            rows_.erase(victim);
        } else if (victim != rows_.end()) {
            const IntRow next = pick(2) == 0 ? IntRow{victim->second[0], victim->second[1], row[2]} : row;
            if (!fits(next, victim->first)) return;
            script_.update(victim->second, next);
            rows_.erase(victim);
            rows_[*next[0]] = next;
        }
    }

    std::mt19937 random_;
    BinlogScript script_;
    std::map<int, IntRow> rows_;
};

TEST_F(SyncUnitTest, end_state_is_that_of_the_upstream) {
    for (unsigned seed = 1; seed <= 5; ++seed) {
        const History history(seed, 200);
        renew_target();
        const auto unit = make_unit(history.script().bytes());
        ASSERT_EQ(unit->run({}), target::UnitOutcome::Stopped);
        ASSERT_EQ(target_->rows(), history.rows()) << "seed " << seed;
        const auto status = std::get<target::SyncStatus>(unit->status());
        EXPECT_EQ(status.flushed.position.offset, history.script().offset());
        EXPECT_TRUE(status.noticed.empty());
    }
}

TEST_F(SyncUnitTest, an_end_in_good_order_is_recorded_as_exit_of_safe_mode) {
    const History history(7, 20);
    ASSERT_EQ(make_unit(history.script().bytes())->run({}), target::UnitOutcome::Stopped);
    const auto row = target_->global_checkpoint();
    ASSERT_FALSE(row.empty());
    EXPECT_EQ(row[3], row[6]);
    EXPECT_EQ(row[4], row[7]);
}

TEST_F(SyncUnitTest, killed_at_any_statement_the_next_run_ends_like_the_upstream) {
    const History history(11, 60);
    for (std::size_t at = 1; at < 400; at += 7) {
        renew_target();
        run_killed_at(at, history.script().bytes());
        ASSERT_EQ(make_unit(history.script().bytes())->run({}), target::UnitOutcome::Stopped);
        ASSERT_EQ(target_->rows(), history.rows()) << "killed at statement " << at;
    }
}

TEST_F(SyncUnitTest, a_run_that_stops_before_it_got_anywhere_leaves_safe_mode_to_the_next) {
    const History history(11, 60);
    const std::string binlog = history.script().bytes();
    std::size_t begun = 0;
    for (std::size_t at = 1; at < 400; at += 7) {
        renew_target();
        run_killed_at(at, binlog);
        const auto row = target_->global_checkpoint();
        if (row.empty()) continue;
        ++begun;
        const auto unit = make_unit(binlog.substr(0, std::stoul(row[4].value())));
        end_ = binlog.size();
        ASSERT_EQ(unit->run({}), target::UnitOutcome::Stopped);
        ASSERT_EQ(make_unit(binlog)->run({}), target::UnitOutcome::Stopped) << "killed at statement " << at;
        ASSERT_EQ(target_->rows(), history.rows()) << "killed at statement " << at;
    }
    EXPECT_GT(begun, 10U);
}

TEST_F(SyncUnitTest, broken_streams_are_taken_up_again_without_loss_or_doubles) {
    // Without GTIDs transactions are handled as wholes, with them event by event.
    for (const bool has_gtids : {false, true}) {
        const History history(13, 60, has_gtids);
        for (std::size_t events = 1; events < 260; events += 9) {
            renew_target();
            ASSERT_EQ(make_unit(history.script().bytes(), events)->run({}), target::UnitOutcome::Stopped);
            ASSERT_EQ(target_->rows(), history.rows()) << "broken after " << events;
        }
    }
}

TEST_F(SyncUnitTest, passing_failures_of_the_target_are_repeated) {
    const History history(17, 60);
    for (const int number : {1213, 1205, 2013}) {
        renew_target();
        target_->fail("COMMIT", sql::FakeSqlServer::server_error(number, "passing").with_retry(RetryClass::Resume), 3);
        ASSERT_EQ(make_unit(history.script().bytes())->run({}), target::UnitOutcome::Stopped);
        ASSERT_EQ(target_->rows(), history.rows()) << "error " << number;
    }
}

TEST_F(SyncUnitTest, tables_without_transactions_are_changed_statement_by_statement) {
    const auto deadlock = sql::FakeSqlServer::server_error(1213, "passing").with_retry(RetryClass::Resume);
    const History history(23, 60);
    for (const auto* failing : {"nothing", "INSERT", "DELETE", "UPDATE", "REPLACE"}) {
        for (const bool checks : {false, true}) {
            renew_target();
            target_->create_table += " ENGINE=MyISAM";
            target_->fail(failing, deadlock, 3);
            config_.to.session["foreign_key_checks"] = checks ? "1" : "0";
            ASSERT_EQ(make_unit(history.script().bytes())->run({}), target::UnitOutcome::Stopped) << failing;
            ASSERT_EQ(target_->rows(), history.rows()) << failing;
        }
    }
}

TEST_F(SyncUnitTest, cut_connections_do_not_end_the_run) {
    using sql::FakeSqlServer;
    const auto cut = FakeSqlServer::server_error(2013, "Lost connection").with_retry(RetryClass::Resume);
    const History history(19, 60);
    for (const auto* statement : {"SELECT @@global.lower", "SHOW MASTER STATUS", "SHOW CREATE TABLE", "SELECT UNIX"}) {
        renew_target();
        upstream_.fail(statement, cut, 0, 2, true);
        ASSERT_EQ(make_unit(history.script().bytes())->run({}), target::UnitOutcome::Stopped) << statement;
        ASSERT_EQ(target_->rows(), history.rows()) << statement;
    }
    for (const auto* statement : {"CREATE TABLE", "SELECT", "SHOW CREATE TABLE", "INSERT", "REPLACE"}) {
        renew_target();
        target_->fail(statement, cut, 3);
        ASSERT_EQ(make_unit(history.script().bytes())->run({}), target::UnitOutcome::Stopped) << statement;
        ASSERT_EQ(target_->rows(), history.rows()) << statement;
    }
}

TEST_F(SyncUnitTest, a_server_that_stays_away_ends_the_run_to_be_resumed_later) {
    const auto cut = sql::FakeSqlServer::server_error(2013, "Lost connection").with_retry(RetryClass::Resume);
    const History history(19, 60);
    for (const auto* statement : {"SHOW CREATE TABLE", "SELECT @@global.lower"}) {
        renew_target();
        upstream_.fail(statement, cut, 0, 1000, true);
        try {
            (void)make_unit(history.script().bytes())->run({});
            FAIL() << statement;
        } catch (const Error& error) {
            EXPECT_EQ(error.retry_class(), RetryClass::Resume) << error.what();
        }
    }
}

TEST_F(SyncUnitTest, a_failed_change_is_never_passed_by_the_checkpoint) {
    BinlogScript script;
    script.begin();
    script.insert({1, 1, 1});
    script.commit();
    const auto before = script.offset();
    script.begin();
    script.insert({2, 1, 2});  // clashes: the target must refuse it
    const auto after = script.offset();
    script.commit();
    script.begin();
    script.insert({3, 3, 3});
    script.commit();
    config_.sync.safe_mode_duration = std::chrono::nanoseconds(0);
    config_.sync.batch = 1;  // a batch names its first and its last change
    auto unit = make_unit(script.bytes());
    try {
        (void)unit->run({});
        FAIL() << "the target refuses a row";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::DbExecuteFailed);
        EXPECT_NE(error.raw_cause().find("1062"), std::string::npos) << error.what();
        EXPECT_NE(error.message().find(fmt::format("endLocation: [position: (bin.000001, {})]", after)),
                  std::string::npos)
            << error.message();
        EXPECT_TRUE(error.message().starts_with("startLocation: [position: (bin.000001, ")) << error.message();
    }
    const auto row = target_->global_checkpoint();
    ASSERT_FALSE(row.empty());
    EXPECT_LE(std::stoull(*row[4]), before);
    EXPECT_EQ(row[6], "") << "not an end in good order";
}

TEST_F(SyncUnitTest, statements_wait_for_rows_and_later_rows_use_the_new_structure) {
    BinlogScript script;
    script.begin();
    script.insert({1, 1, 1});
    script.commit();
    script.statement("TRUNCATE TABLE t");
    script.statement("CREATE VIEW v AS SELECT 1");
    script.begin();
    script.insert({2, 2, 2});
    script.commit();
    const auto unit = make_unit(script.bytes());
    ASSERT_EQ(unit->run({}), target::UnitOutcome::Stopped);
    EXPECT_EQ(target_->ddls().size(), 1U);
    const auto status = std::get<target::SyncStatus>(unit->status());
    ASSERT_EQ(status.noticed.size(), 1U);
    EXPECT_EQ(status.noticed[0].kind, "skipped statement on a view");
    EXPECT_EQ(status.total_rows, 2U);
}

TEST_F(SyncUnitTest, statement_format_changes_are_counted) {
    BinlogScript script;
    script.begin();
    script.statement("INSERT INTO t VALUES (1,1,1)");
    script.commit();
    const auto unit = make_unit(script.bytes());
    ASSERT_EQ(unit->run({}), target::UnitOutcome::Stopped);
    const auto status = std::get<target::SyncStatus>(unit->status());
    ASSERT_EQ(status.noticed.size(), 1U);
    EXPECT_EQ(status.noticed[0].kind, "statement-format DML");
}

TEST_F(SyncUnitTest, a_strict_task_passes_nothing_over) {
    config_.strict = true;
    BinlogScript dml;
    dml.begin();
    dml.statement("INSERT INTO t VALUES (1,1,1)");
    dml.commit();
    BinlogScript view;
    view.statement("CREATE VIEW v AS SELECT 1");
    BinlogScript missing;
    missing.begin();
    missing.remove({5, 5, 5});
    missing.commit();
    config_.meta = config::MetaConfig{.binlog_name = "bin.000001", .binlog_pos = 4, .binlog_gtid = ""};
    config_.sync.safe_mode_duration = std::chrono::nanoseconds(0);
    for (const auto& [script, code, word] : {std::tuple(&dml, ErrorCode::SyncStatementBinlog, "statement-format DML"),
                                             std::tuple(&view, ErrorCode::SyncEventUnsupported, "view"),
                                             std::tuple(&missing, ErrorCode::SyncEventUnsupported, "missing")}) {
        renew_target();
        target_->affected_rows = 0;
        try {
            (void)make_unit(script->bytes())->run({});
            FAIL() << word;
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), code) << error.what();
            EXPECT_NE(std::string(error.what()).find(word), std::string::npos) << error.what();
            EXPECT_EQ(error.retry_class(), RetryClass::Never);
        }
    }
    BinlogScript among_others;
    among_others.begin();
    among_others.insert({7, 7, 7});
    among_others.remove({5, 5, 5});
    among_others.commit();
    renew_target();
    target_->affected_rows = 0;
    EXPECT_THROW((void)make_unit(among_others.bytes())->run({}), Error);
    EXPECT_TRUE(target_->row_statements().empty()) << "what was found missing must not be committed with the rest";
    BinlogScript harmless;
    harmless.statement("ANALYZE TABLE t");
    renew_target();
    auto unit = make_unit(harmless.bytes());
    EXPECT_EQ(unit->run({}), target::UnitOutcome::Stopped);
    EXPECT_NE(metrics_.expose().find("dm_syncer_passed_over_total{"), std::string::npos);
    unit.reset();
    EXPECT_EQ(metrics_.expose().find("dm_syncer_passed_over_total{"), std::string::npos) << "goes with its task";
}

TEST_F(SyncUnitTest, a_batch_goes_to_the_target_at_once) {
    config_.meta = config::MetaConfig{.binlog_name = "bin.000001", .binlog_pos = 4, .binlog_gtid = ""};
    BinlogScript script;
    script.begin();
    script.insert({7, 7, 7});
    script.remove({5, 5, 5});
    script.commit();
    EXPECT_EQ(make_unit(script.bytes())->run({}), target::UnitOutcome::Stopped);
    EXPECT_EQ(target_->most_at_once, 4U) << "BEGIN, two changes, COMMIT";
    EXPECT_EQ(target_->row_statements().size(), 2U);
}

TEST_F(SyncUnitTest, with_foreign_keys_checked_a_batch_is_safe_only_if_it_may_be_there) {
    config_.meta = config::MetaConfig{.binlog_name = "bin.000001", .binlog_pos = 4, .binlog_gtid = ""};
    config_.sync.safe_mode_duration = std::chrono::nanoseconds(0);
    config_.to.session["foreign_key_checks"] = "1";
    BinlogScript script;
    script.begin();
    script.insert({7, 7, 7});
    script.commit();
    const auto first_word = [&](int number, ErrorCode code) {
        renew_target();
        const Error error = sql::FakeSqlServer::server_error(number, "passes", code);
        target_->fail("INSERT INTO `s`.`t`", error.with_retry(RetryClass::Resume), 1);
        EXPECT_EQ(make_unit(script.bytes())->run({}), target::UnitOutcome::Stopped);
        const auto statements = target_->row_statements();
        return statements.size() == 1 ? statements.front().substr(0, 7) : std::to_string(statements.size());
    };
    EXPECT_EQ(first_word(1205, ErrorCode::DbExecuteFailed), "INSERT ");
    EXPECT_EQ(first_word(2013, ErrorCode::DbInvalidConnection), "REPLACE");
}

TEST_F(SyncUnitTest, merging_and_statements_of_several_rows_can_be_switched_off) {
    BinlogScript several;
    several.begin();
    several.insert_all({{1, 1, 0}, {2, 2, 0}, {3, 3, 0}});
    several.commit();
    BinlogScript same;
    same.begin();
    same.update_all({{1, 1, 0}, {1, 1, 1}, {1, 1, 1}, {1, 1, 2}, {1, 1, 2}, {1, 1, 3}});
    same.commit();
    config_.meta = config::MetaConfig{.binlog_name = "bin.000001", .binlog_pos = 4, .binlog_gtid = ""};
    config_.sync.safe_mode_duration = std::chrono::nanoseconds(0);
    const auto statements = [&](const BinlogScript& script) {
        renew_target();
        EXPECT_EQ(make_unit(script.bytes())->run({}), target::UnitOutcome::Stopped);
        return target_->row_statements().size();
    };
    EXPECT_EQ(statements(several), 1U);
    EXPECT_EQ(statements(same), 1U);
    config_.sync.multiple_rows = false;
    EXPECT_EQ(statements(several), 3U);
    EXPECT_EQ(statements(same), 1U);
    config_.sync.multiple_rows = true;
    config_.sync.compact = false;
    EXPECT_EQ(statements(several), 1U);
    EXPECT_EQ(statements(same), 3U);
}

TEST_F(SyncUnitTest, a_stop_does_not_wait_for_the_target) {
    BinlogScript script;
    script.begin();
    script.insert({1, 1, 1});
    script.commit();
    script.statement("ALTER TABLE t ADD COLUMN c INT");
    std::stop_source stop;
    target_->hold("ALTER TABLE", [&stop] { stop.request_stop(); });
    EXPECT_EQ(make_unit(script.bytes())->run(stop.get_token()), target::UnitOutcome::Stopped);
    EXPECT_TRUE(target_->ddls().empty());
    EXPECT_GE(target_->killed(), 1U);
    EXPECT_EQ(make_unit(script.bytes())->run({}), target::UnitOutcome::Stopped);
    EXPECT_EQ(target_->ddls().size(), 1U);
}

TEST_F(SyncUnitTest, updates_and_deletes_may_lack_generated_columns) {
    constexpr std::string_view kColumns =
        "CREATE TABLE `t` (`id` int NOT NULL, `u` int DEFAULT NULL, `p` int DEFAULT NULL, `g` int GENERATED ALWAYS AS "
        "(`p` "
        "* 3) VIRTUAL, PRIMARY KEY (`id`), UNIQUE KEY `u` (`u`)";
    BinlogScript script;
    script.begin();
    for (int id = 1; id <= 40; ++id) script.insert({id, id, id, 3 * id});
    script.commit();
    script.begin();
    // Each takes the value of `g` that the one before it gives free.
    for (int id = 1; id <= 40; ++id) script.update_part(4, {id, id, id}, {id, id, id - 1});
    script.remove_part(4, {40, 40, 39});
    script.insert({50, 50, 39, 117});
    script.commit();
    for (const std::string key : {")", ", UNIQUE KEY `g` (`g`))"}) {
        renew_target();
        target_->create_table = std::string(kColumns) + key;
        const auto unit = make_upstream_like_target(script.bytes());
        ASSERT_EQ(unit->run({}), target::UnitOutcome::Stopped);
        MiniTarget::Rows expected;
        for (int id = 1; id < 40; ++id)
            expected[std::to_string(id)] = {std::to_string(id), std::to_string(id), std::to_string(id - 1)};
        expected["50"] = {"50", "50", "39"};
        EXPECT_EQ(target_->rows(), expected) << key;
    }
}

TEST_F(SyncUnitTest, images_that_lack_what_the_target_needs_are_refused) {
    const auto advice = [&](const std::string& p, const std::string& binlog) {
        renew_target();
        const std::string plain = target_->create_table;
        target_->create_table = std::regex_replace(plain, std::regex("`p` int DEFAULT NULL"), "`p` int " + p);
        const auto unit = make_upstream_like_target(binlog);
        target_->create_table = plain;
        try {
            (void)unit->run({});
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::IncompleteRowImage);
            return std::string(error.workaround());
        }
        return std::string("none");
    };
    BinlogScript script;
    script.begin();
    script.update_part(3, {1, 1}, {1, 2});
    script.commit();
    EXPECT_NE(advice("DEFAULT NULL", script.bytes()).find("binlog_row_image"), std::string::npos);
    EXPECT_NE(advice("GENERATED ALWAYS AS (`u` + 1) STORED", script.bytes()).find("generate them"), std::string::npos);
}

TEST_F(SyncUnitTest, runs_to_a_location_and_finishes) {
    BinlogScript script;
    script.begin();
    script.insert({1, 1, 1});
    script.commit();
    const auto middle = script.offset();
    script.begin();
    script.insert({2, 2, 2});
    script.commit();
    end_ = script.offset();
    const auto bytes = script.bytes();
    SyncUnit unit(config_,
                  {.upstream = upstream_.connector(),
                   .downstream = target_->connector(),
                   .open_source = [bytes] { return std::make_unique<ScriptSource>(bytes, std::nullopt); },
                   .clock = clock_,
                   .metrics = metrics_,
                   .worker_name = "w",
                   .run_until = model::Location{.position = {"bin.000001", middle}, .gtid_set = model::GtidSet()}});
    EXPECT_EQ(unit.run({}), target::UnitOutcome::Finished);
    EXPECT_EQ(target_->rows().size(), 1U);
}

}  // namespace
}  // namespace dm::sync
