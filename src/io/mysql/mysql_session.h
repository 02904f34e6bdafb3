#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "core/sql/sql_session.h"
#include "io/mysql/connect_options.h"

namespace dm::mysql {

/// A session over libmariadb: the text protocol of COM_QUERY, results of `stream` unbuffered. One statement at a time,
/// but for `execute_all`, which sends up to 256 KiB of them in one packet as multi-statements. Threads and failures as
/// SqlSession says; `cancel` must not race with the destructor. A session whose connection was lost, cancelled or left
/// in the middle of a result answers every call with Error{DbBadConnection}.
class MySqlSession final : public sql::SqlSession {
  public:
    /// Connects. Throws Error{DbBadConnection} or, for refused logins and session variables, Error{DbDriver}.
    explicit MySqlSession(const ConnectOptions& options);
    ~MySqlSession() override;

    sql::ResultSet query(std::string_view statement) override;
    std::vector<sql::ResultColumn> stream(std::string_view statement, const RowSink& sink) override;
    sql::ExecResult execute(std::string_view statement) override;
    void execute_all(std::span<const std::string_view> statements, const ResultSink& done) override;
    [[nodiscard]] const model::ServerVersion& version() const override;
    [[nodiscard]] std::uint64_t connection_id() const override;
    [[nodiscard]] std::uint64_t max_packet_bytes() const override;
    void cancel() noexcept override;

  private:
    void execute_together(std::span<const std::string_view> statements, const ResultSink& done);

    struct State;
    std::unique_ptr<State> state_;
};

/// A connector that opens such sessions. The options are copied.
[[nodiscard]] sql::SqlConnector make_connector(ConnectOptions options);

}  // namespace dm::mysql
