#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/sql/fake_sql_session.h"
#include "core/sql/sql_session.h"

/// A target for tests: executes the statement forms that sync writes on one table `s`.`t` (id, u, p) with primary key
/// id and unique key u, and keeps checkpoint rows. Transactions are applied at their COMMIT and lost with their
/// session.
namespace dm::sync::testing {

class MiniTarget {
  public:
    using Tuple = std::vector<std::optional<std::string>>;
    using Rows = std::map<std::string, Tuple>;

    [[nodiscard]] sql::SqlConnector connector() {
        return [this] { return std::make_unique<Session>(*this); };
    }
    [[nodiscard]] Rows rows() const {
        const std::lock_guard lock(mutex_);
        return rows_;
    }
    [[nodiscard]] Tuple global_checkpoint() const {
        const std::lock_guard lock(mutex_);
        const auto found = checkpoint_.find({"", ""});
        return found == checkpoint_.end() ? Tuple{} : found->second;
    }
    [[nodiscard]] std::size_t statements() const {
        const std::lock_guard lock(mutex_);
        return count_;
    }
    /// Called once before the statement with this number (from 1) runs, without a lock.
    void at_statement(std::size_t number, std::function<void()> hook) {
        const std::lock_guard lock(mutex_);
        hook_at_ = number;
        hook_ = std::move(hook);
    }
    /// The next statement that begins so calls `hook`, then waits until its session is cut.
    void hold(std::string prefix, std::function<void()> hook) {
        const std::lock_guard lock(mutex_);
        held_ = std::move(prefix);
        hold_hook_ = std::move(hook);
    }
    [[nodiscard]] std::size_t killed() const {
        const std::lock_guard lock(mutex_);
        return killed_;
    }
    /// The next statements that begin so fail.
    void fail(std::string prefix, Error error, int times) {
        const std::lock_guard lock(mutex_);
        failing_ = std::move(prefix);
        error_ = std::move(error);
        failures_ = times;
    }
    /// Statements that changed rows, in the order in which they were committed.
    [[nodiscard]] std::vector<std::string> row_statements() const {
        const std::lock_guard lock(mutex_);
        return row_statements_;
    }
    /// The most statements that came at once.
    std::atomic<std::size_t> most_at_once = 0;
    /// Changes are said to have found this many rows, however many they found.
    std::uint64_t affected_rows = 1'000'000;
    [[nodiscard]] std::vector<std::string> ddls() const {
        const std::lock_guard lock(mutex_);
        return ddls_;
    }
    std::string create_table =
        "CREATE TABLE `t` (`id` int NOT NULL, `u` int DEFAULT NULL, `p` int DEFAULT NULL, PRIMARY KEY (`id`), UNIQUE "
        "KEY `u` (`u`))";

  private:
    class Session final : public sql::SqlSession {
      public:
        explicit Session(MiniTarget& target) : target_(target) {}
        sql::ResultSet query(std::string_view statement) override {
            target_.arrive(statement, is_cancelled_);
            return target_.answer(statement);
        }
        std::vector<sql::ResultColumn> stream(std::string_view, const RowSink&) override { return {}; }
        sql::ExecResult execute(std::string_view statement) override {
            target_.arrive(statement, is_cancelled_);
            if (statement == "BEGIN") {
                is_open_ = true;
            } else if (statement == "COMMIT") {
                target_.commit(pending_);
                pending_.clear();
                is_open_ = false;
            } else if (is_open_) {
                target_.ensure_alone(statement);
                pending_.emplace_back(statement);
            } else {
                target_.commit({std::string(statement)});
            }
            return {.affected_rows = target_.affected_rows};
        }
        void execute_all(std::span<const std::string_view> statements, const ResultSink& done) override {
            target_.most_at_once = std::max(target_.most_at_once.load(), statements.size());
            SqlSession::execute_all(statements, done);
        }
        [[nodiscard]] const model::ServerVersion& version() const override { return version_; }
        [[nodiscard]] std::uint64_t connection_id() const override { return 1; }
        [[nodiscard]] std::uint64_t max_packet_bytes() const override { return 1U << 20U; }
        void cancel() noexcept override {
            is_cancelled_ = true;
            is_cancelled_.notify_all();
        }

      private:
        MiniTarget& target_;
        const model::ServerVersion version_{.flavor = model::Flavor::MySql, .major = 8, .minor = 0, .patch = 36};
        std::atomic<bool> is_cancelled_ = false;
        bool is_open_ = false;
        std::vector<std::string> pending_;
    };

    /// As MySQL with GTIDs wants it of MyISAM.
    void ensure_alone(std::string_view statement) const {
        if (is_row_statement(statement) && create_table.find("ENGINE=MyISAM") != std::string::npos)
            throw sql::FakeSqlServer::server_error(1785, "Statement violates GTID consistency");
    }
    static bool is_row_statement(std::string_view statement) {
        return statement.find("INTO `s`.`t`") != std::string::npos || statement.starts_with("UPDATE `s`.`t`") ||
               statement.starts_with("DELETE FROM `s`.`t`");
    }
    void arrive(std::string_view statement, const std::atomic<bool>& is_cancelled) {
        std::function<void()> hook;
        {
            const std::lock_guard lock(mutex_);
            ++count_;
            if (count_ == hook_at_) hook = std::exchange(hook_, nullptr);
        }
        if (hook) hook();
        wait_if_held(statement, is_cancelled);
        const std::lock_guard lock(mutex_);
        if (is_cancelled)
            throw sql::FakeSqlServer::server_error(2013, "Lost connection", ErrorCode::DbInvalidConnection);
        if (failures_ > 0 && statement.starts_with(failing_)) {
            --failures_;
            throw *error_;
        }
    }
    void wait_if_held(std::string_view statement, const std::atomic<bool>& is_cancelled) {
        std::function<void()> hook;
        {
            const std::lock_guard lock(mutex_);
            if (statement.starts_with("KILL ")) ++killed_;
            if (held_.empty() || !statement.starts_with(held_)) return;
            held_.clear();
            hook = std::exchange(hold_hook_, nullptr);
        }
        hook();
        is_cancelled.wait(false);
    }
    sql::ResultSet answer(std::string_view statement) {
        const std::lock_guard lock(mutex_);
        if (statement.starts_with("SHOW CREATE TABLE"))
            return sql::FakeSqlServer::result({"Table", "Create Table"}, {{"t", create_table}});
        if (statement.starts_with("SELECT @@global.lower"))
            return sql::FakeSqlServer::result({"l", "c", "k"}, {{"0", "utf8mb4", "utf8mb4_bin"}});
        if (statement.starts_with("SELECT cp_schema")) {
            std::vector<std::vector<std::string>> rows;
            for (const auto& [name, row] : checkpoint_) {
                std::vector<std::string> cells;
                for (std::size_t i = 1; i < row.size(); ++i) cells.push_back(row[i].value_or("NULL"));
                rows.push_back(std::move(cells));
            }
            return sql::FakeSqlServer::result(
                {"cp_schema", "cp_table", "binlog_name", "binlog_pos", "binlog_gtid", "exit_safe_binlog_name",
                 "exit_safe_binlog_pos", "exit_safe_binlog_gtid", "table_info", "is_global"},
                std::move(rows));
        }
        return {};
    }

    /// The literals of "(1,'x',NULL),(2,...)" from `at` on; moves `at` behind them.
    static std::vector<Tuple> tuples(std::string_view text, std::size_t& at) {
        std::vector<Tuple> result;
        while (at < text.size() && text[at] == '(') {
            Tuple tuple;
            do {
                ++at;
                tuple.push_back(literal(text, at));
            } while (text[at] == ',');
            ++at;
            result.push_back(std::move(tuple));
            if (at < text.size() && text[at] == ',') ++at;
        }
        return result;
    }
    static std::optional<std::string> literal(std::string_view text, std::size_t& at) {
        std::string value;
        if (text[at] != '\'') {
            while (at < text.size() && text[at] != ',' && text[at] != ')' && text[at] != ' ') value += text[at++];
            if (value == "NULL") return std::nullopt;
            return value;
        }
        for (++at; text[at] != '\''; ++at) {
            if (text[at] == '\\') ++at;
            value += text[at];
        }
        ++at;
        return value;
    }

    void commit(const std::vector<std::string>& statements) {
        const std::lock_guard lock(mutex_);
        const Rows rows = rows_;
        const auto checkpoint = checkpoint_;
        try {
            for (const auto& statement : statements) run(statement);
        } catch (...) {
            rows_ = rows;
            checkpoint_ = checkpoint;
            throw;
        }
    }
    void run(const std::string& statement) {
        if (is_row_statement(statement)) row_statements_.push_back(statement);
        if (statement.starts_with("INSERT INTO `m`.`t_syncer_checkpoint`")) return run_checkpoint(statement);
        if (statement.starts_with("INSERT INTO `s`.`t`")) return run_insert(statement);
        if (statement.starts_with("REPLACE INTO `s`.`t`")) return run_replace(statement);
        if (statement.starts_with("UPDATE `s`.`t` SET")) return run_update(statement);
        if (statement.starts_with("DELETE FROM `s`.`t` WHERE")) return run_delete(statement);
        if (statement.starts_with("REPLACE INTO `m`.`t_syncer_ddl`")) return;
        if (statement.find("`s`.`t`") != std::string::npos) ddls_.push_back(statement);
    }
    static std::size_t after(const std::string& text, std::string_view word) { return text.find(word) + word.size(); }
    void run_checkpoint(const std::string& statement) {
        std::size_t at = after(statement, " VALUES ");
        for (auto& tuple : tuples(statement, at)) checkpoint_[{*tuple[1], *tuple[2]}] = tuple;
    }
    [[nodiscard]] bool clashes(const Tuple& row, const std::string& except) const {
        return std::ranges::any_of(rows_, [&](const auto& entry) {
            return entry.first != except && (entry.first == *row[0] || (row[1] && entry.second[1] == row[1]));
        });
    }
    void run_insert(const std::string& statement) {
        std::size_t at = after(statement, " VALUES ");
        const auto rows = tuples(statement, at);
        const bool is_upsert = statement.find(" ON DUPLICATE KEY UPDATE ") != std::string::npos;
        for (const auto& row : rows) {
            const bool is_there = rows_.contains(*row[0]);
            if (clashes(row, is_upsert && is_there ? *row[0] : ""))
                throw sql::FakeSqlServer::server_error(1062, "Duplicate entry in " + statement);
            rows_[*row[0]] = row;
        }
    }
    void run_replace(const std::string& statement) {
        std::size_t at = after(statement, " VALUES ");
        for (const auto& row : tuples(statement, at)) {
            std::erase_if(rows_, [&](const auto& entry) {
                return entry.first == *row[0] || (row[1] && entry.second[1] == row[1]);
            });
            rows_[*row[0]] = row;
        }
    }
    /// The literal that `column` is set to for the row `id`: "`u`=5" or "`u`=CASE `id` WHEN 1 THEN 5 WHEN 2 THEN 6
    /// END".
    static std::optional<std::string> new_value(std::string_view statement, std::size_t at, const std::string& id) {
        constexpr std::string_view kCase = "CASE `id`";
        if (statement.substr(at, kCase.size()) != kCase) return literal(statement, at);
        for (at += kCase.size(); statement.substr(at, 6) == " WHEN ";) {
            at += 6;
            const bool is_found = literal(statement, at) == id;
            at += 6;  // " THEN "
            auto value = literal(statement, at);
            if (is_found) return value;
        }
        return std::nullopt;
    }
    void update_row(std::string_view statement, const std::string& id) {
        const auto found = rows_.find(id);
        if (found == rows_.end()) return;
        Tuple row = found->second;
        constexpr std::array<std::string_view, 3> kColumns = {"`id`=", "`u`=", "`p`="};
        const std::string_view assignments = statement.substr(0, statement.find(" WHERE "));
        for (std::size_t i = 0; i < kColumns.size(); ++i) {
            const auto at = assignments.find(kColumns[i]);
            if (at != std::string_view::npos) row[i] = new_value(assignments, at + kColumns[i].size(), id);
        }
        if (clashes(row, id))
            throw sql::FakeSqlServer::server_error(1062, "Duplicate entry in " + std::string(statement));
        rows_.erase(found);
        rows_[*row[0]] = row;
    }
    void run_update(const std::string& statement) {
        if (const auto in = statement.find(" IN ("); in != std::string::npos) {
            std::size_t at = in + 4;
            for (const auto& id : tuples(statement, at).front()) update_row(statement, *id);
            return;
        }
        std::size_t at = after(statement, " WHERE `id`=");
        update_row(statement, *literal(statement, at));
    }
    void run_delete(const std::string& statement) {
        if (const auto in = statement.find(" IN ("); in != std::string::npos) {
            std::size_t at = in + 4;
            const auto ids = tuples(statement, at);
            for (const auto& id : ids.front()) rows_.erase(*id);
            return;
        }
        std::size_t at = after(statement, "(`id`=");
        rows_.erase(*literal(statement, at));
    }

    mutable std::mutex mutex_;
    Rows rows_;
    std::map<std::pair<std::string, std::string>, Tuple> checkpoint_;
    std::vector<std::string> ddls_;
    std::vector<std::string> row_statements_;
    std::size_t count_ = 0;
    std::size_t hook_at_ = 0;
    std::function<void()> hook_;
    std::string failing_;
    std::optional<Error> error_;
    int failures_ = 0;
    std::string held_;
    std::function<void()> hold_hook_;
    std::size_t killed_ = 0;
};

}  // namespace dm::sync::testing
