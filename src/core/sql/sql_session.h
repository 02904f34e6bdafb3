#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "core/model/flavor.h"

namespace dm::sql {

/// One result cell: the server's text, or nothing for NULL. Views are valid as stated where they are handed out.
using Cell = std::optional<std::string_view>;
using CellRow = std::span<const Cell>;

/// Column of a result as the server describes it.
struct ResultColumn {
    std::string name;
    int type = 0;               ///< protocol type number (MYSQL_TYPE_*)
    std::uint32_t flags = 0;    ///< protocol flags (UNSIGNED_FLAG 32, BINARY_FLAG 128, ...)
    std::uint32_t charset = 0;  ///< collation id; 63 is binary
};

/// A whole result, in memory. A value type.
struct ResultSet {
    std::vector<ResultColumn> columns;
    std::vector<std::vector<std::optional<std::string>>> rows;

    /// Index of the column called `name`, ignoring case; nothing if absent.
    [[nodiscard]] std::optional<std::size_t> find(std::string_view name) const;
    /// The cell as text; "" for NULL or if there is no such row or column.
    [[nodiscard]] std::string text(std::size_t row, std::string_view column) const;
};

struct ExecResult {
    std::uint64_t affected_rows = 0;  ///< of UPDATE: rows found, changed or not
    std::uint64_t last_insert_id = 0;
    std::uint32_t warnings = 0;
};

/// One connection to a MySQL-compatible server: a seam, implemented by io/mysql and by FakeSqlSession.
/// Text protocol, connection charset utf8mb4. Used by one thread at a time; `cancel` may be called from any thread.
/// Failures throw Error (DbQueryFailed, DbExecuteFailed, DbBadConnection, DbInvalidConnection) whose cause is the
/// server's "Error NNNN (SQLSTATE): text", whose retry class follows that number, and `server_error_of` reads the
/// number back. After a connection error the session is dead: open another.
class SqlSession {
  public:
    virtual ~SqlSession() = default;
    SqlSession() = default;
    SqlSession(const SqlSession&) = delete;
    SqlSession& operator=(const SqlSession&) = delete;

    /// Runs one statement and collects its result.
    virtual ResultSet query(std::string_view statement) = 0;

    /// Called per row; the cells are valid during the call. Returns false to stop reading early, which ends the
    /// session.
    using RowSink = std::function<bool(CellRow)>;
    /// Runs one statement and hands over its rows as they arrive, unbuffered. Returns the columns.
    virtual std::vector<ResultColumn> stream(std::string_view statement, const RowSink& sink) = 0;

    /// Runs one statement that returns no rows.
    virtual ExecResult execute(std::string_view statement) = 0;

    using ResultSink = std::function<void(const ExecResult&)>;
    /// Runs statements that return no rows one after the other, until one fails, which throws; `done` is called after
    /// each that did not. The server may be sent several at once, which saves waiting for each answer.
    virtual void execute_all(std::span<const std::string_view> statements, const ResultSink& done);

    [[nodiscard]] virtual const model::ServerVersion& version() const = 0;
    /// The server's id of this connection, for KILL.
    [[nodiscard]] virtual std::uint64_t connection_id() const = 0;
    /// max_allowed_packet as negotiated, in bytes.
    [[nodiscard]] virtual std::uint64_t max_packet_bytes() const = 0;
    /// Shuts the socket down, so that a blocked call fails soon. The session is dead afterwards. Thread-safe.
    virtual void cancel() noexcept = 0;
};

/// The server's error number in the cause of an Error that a SqlSession threw; nothing for other errors.
[[nodiscard]] std::optional<int> server_error_of(const Error& error) noexcept;

/// Opens a new session to one server with everything set (user, TLS, session variables). Thread-safe.
/// Throws Error{DbBadConnection} or, for refused logins, Error{DbDriver}.
using SqlConnector = std::function<std::unique_ptr<SqlSession>()>;

}  // namespace dm::sql
