#include "core/sql/fake_sql_session.h"

#include <algorithm>
#include <atomic>

#include <fmt/format.h>

#include "core/sql/lexer.h"

namespace dm::sql {

namespace {

bool begins_with(std::string_view statement, std::string_view prefix) {
    return statement.size() >= prefix.size() && equal_ignoring_case(statement.substr(0, prefix.size()), prefix);
}

}  // namespace

/// One session of a FakeSqlServer.
class FakeSqlSession final : public SqlSession {
  public:
    FakeSqlSession(FakeSqlServer& server, std::uint64_t id) : server_(server), id_(id) {}

    ResultSet query(std::string_view statement) override {
        bool is_dead = is_dead_;
        const Closing closing{*this, is_dead};
        return server_.answer(statement, is_dead);
    }

    std::vector<ResultColumn> stream(std::string_view statement, const RowSink& sink) override {
        const ResultSet result = query(statement);
        for (const auto& row : result.rows) {
            const std::vector<Cell> cells(row.begin(), row.end());
            if (!sink(cells)) {
                is_dead_ = true;
                break;
            }
        }
        return result.columns;
    }

    ExecResult execute(std::string_view statement) override {
        bool is_dead = is_dead_;
        const Closing closing{*this, is_dead};
        return server_.run(statement, is_dead);
    }

    [[nodiscard]] const model::ServerVersion& version() const override { return server_.version_; }
    [[nodiscard]] std::uint64_t connection_id() const override { return id_; }
    [[nodiscard]] std::uint64_t max_packet_bytes() const override { return 64UL << 20U; }
    void cancel() noexcept override { is_dead_ = true; }

  private:
    /// Takes over what the server said of the session, also when it threw.
    struct Closing {
        FakeSqlSession& session;
        const bool& is_dead;
        ~Closing() {
            if (is_dead) session.is_dead_ = true;
        }
    };

    FakeSqlServer& server_;
    const std::uint64_t id_;
    std::atomic<bool> is_dead_{false};
};

void FakeSqlServer::on(std::string prefix, ResultSet result) {
    on(std::move(prefix), [result = std::move(result)](std::string_view) { return result; });
}

void FakeSqlServer::on(std::string prefix, Answer answer) {
    const std::lock_guard lock(mutex_);
    answers_.emplace_back(std::move(prefix), std::move(answer));
}

ResultSet FakeSqlServer::result(std::vector<std::string> columns, std::vector<std::vector<std::string>> rows) {
    ResultSet set;
    for (auto& column : columns) set.columns.push_back({.name = std::move(column)});
    for (auto& row : rows) {
        auto& cells = set.rows.emplace_back();
        for (auto& cell : row) {
            cells.push_back(equal_ignoring_case(cell, "NULL") ? std::nullopt : std::optional(std::move(cell)));
        }
    }
    return set;
}

void FakeSqlServer::on_execute(std::string prefix, ExecResult result) {
    const std::lock_guard lock(mutex_);
    executions_.emplace_back(std::move(prefix), result);
}

void FakeSqlServer::fail(std::string prefix, Error error, int successes, int failures, bool is_lost) {
    const std::lock_guard lock(mutex_);
    failures_.push_back({std::move(prefix), std::move(error), successes, failures, is_lost});
}

void FakeSqlServer::set_strict(bool is_strict) {
    const std::lock_guard lock(mutex_);
    is_strict_ = is_strict;
}

std::vector<std::string> FakeSqlServer::statements() const { return statements(""); }

std::vector<std::string> FakeSqlServer::statements(std::string_view prefix) const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> found;
    std::copy_if(statements_.begin(), statements_.end(), std::back_inserter(found),
                 [&](const std::string& statement) { return begins_with(statement, prefix); });
    return found;
}

std::size_t FakeSqlServer::sessions_opened() const {
    const std::lock_guard lock(mutex_);
    return sessions_;
}

std::unique_ptr<SqlSession> FakeSqlServer::connect() {
    const std::lock_guard lock(mutex_);
    return std::make_unique<FakeSqlSession>(*this, ++sessions_);
}

SqlConnector FakeSqlServer::connector() {
    return [this] { return connect(); };
}

Error FakeSqlServer::server_error(int number, std::string_view text, ErrorCode code) {
    return Error(code, "the server refused the statement")
        .with_cause(fmt::format("Error {} (HY000): {}", number, text));
}

void FakeSqlServer::record(std::string_view statement, bool& is_dead) {
    const std::lock_guard lock(mutex_);
    ensure(!is_dead, ErrorCode::DbInvalidConnection, "the session is closed");
    statements_.emplace_back(statement);
    for (auto& failure : failures_) {
        if (!begins_with(statement, failure.prefix)) continue;
        if (failure.successes > 0) {
            --failure.successes;
        } else if (failure.failures > 0) {
            --failure.failures;
            is_dead = failure.is_lost;
            throw failure.error;
        }
    }
}

ResultSet FakeSqlServer::answer(std::string_view statement, bool& is_dead) {
    record(statement, is_dead);
    Answer answer;
    {
        const std::lock_guard lock(mutex_);
        const auto rule = std::find_if(answers_.rbegin(), answers_.rend(),
                                       [&](const auto& entry) { return begins_with(statement, entry.first); });
        if (rule != answers_.rend()) answer = rule->second;
        ensure(answer || !is_strict_, ErrorCode::DbQueryFailed,
               fmt::format("the test's server has no answer to: {}", statement));
    }
    return answer ? answer(statement) : ResultSet{};
}

ExecResult FakeSqlServer::run(std::string_view statement, bool& is_dead) {
    record(statement, is_dead);
    const std::lock_guard lock(mutex_);
    const auto rule = std::find_if(executions_.rbegin(), executions_.rend(),
                                   [&](const auto& entry) { return begins_with(statement, entry.first); });
    return rule != executions_.rend() ? rule->second : ExecResult{};
}

}  // namespace dm::sql
