#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "core/sql/sql_session.h"

namespace dm::sql {

/// A scripted server for tests: answers statements by their beginning, records what it was asked, fails where told.
/// The last matching rule wins; a statement no rule matches gets an empty result or zero affected rows, unless the
/// server is strict, which makes it Error{DbQueryFailed}. All methods are thread-safe; it must outlive its sessions.
class FakeSqlServer {
  public:
    using Answer = std::function<ResultSet(std::string_view statement)>;

    explicit FakeSqlServer(
        model::ServerVersion version = {.flavor = model::Flavor::MySql, .major = 8, .minor = 0, .patch = 36})
        : version_(version) {}

    /// Answers queries that begin with `prefix` (any case).
    void on(std::string prefix, ResultSet result);
    void on(std::string prefix, Answer answer);
    /// Makes a result of text cells, "NULL" in any case standing for NULL.
    [[nodiscard]] static ResultSet result(std::vector<std::string> columns, std::vector<std::vector<std::string>> rows);
    /// What `execute` returns for statements that begin with `prefix`.
    void on_execute(std::string prefix, ExecResult result);
    /// Lets `successes` statements that begin with `prefix` pass, then throws `error` for the next `failures` of them.
    /// With `is_lost` the session is dead afterwards.
    void fail(std::string prefix, Error error, int successes = 0, int failures = 1, bool is_lost = false);
    void set_strict(bool is_strict);

    /// Every statement of every session in order of arrival, failed ones included.
    [[nodiscard]] std::vector<std::string> statements() const;
    /// Those that begin with `prefix`.
    [[nodiscard]] std::vector<std::string> statements(std::string_view prefix) const;
    [[nodiscard]] std::size_t sessions_opened() const;

    [[nodiscard]] std::unique_ptr<SqlSession> connect();
    [[nodiscard]] SqlConnector connector();

    /// An Error as a SqlSession throws it for the server's error `number`.
    [[nodiscard]] static Error server_error(int number, std::string_view text,
                                            ErrorCode code = ErrorCode::DbExecuteFailed);

  private:
    friend class FakeSqlSession;
    struct Failure {
        std::string prefix;
        Error error;
        int successes;
        int failures;
        bool is_lost;
    };

    /// Records and fails if told to; sets `is_dead` if the session is lost with it.
    void record(std::string_view statement, bool& is_dead);
    ResultSet answer(std::string_view statement, bool& is_dead);
    ExecResult run(std::string_view statement, bool& is_dead);

    const model::ServerVersion version_;
    mutable std::mutex mutex_;
    std::vector<std::pair<std::string, Answer>> answers_;
    std::vector<std::pair<std::string, ExecResult>> executions_;
    std::vector<Failure> failures_;
    std::vector<std::string> statements_;
    std::size_t sessions_ = 0;
    bool is_strict_ = false;
};

}  // namespace dm::sql
