#include "io/mysql/mysql_session.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "io/mysql/mysql_handle.h"
#include "io/mysql/server_errors.h"

namespace dm::mysql {
namespace {

constexpr std::size_t kShownStatementBytes = 160;
constexpr std::size_t kSearchedBytes = 64UL << 10U;  // the head of an INSERT, names of its columns included
constexpr std::size_t kTogetherBytes = 256UL << 10U;
constexpr std::uint64_t kTrafficStep = 64UL << 10U;  // received bytes are added to the counters in steps of this size

struct FreeResult {
    void operator()(MYSQL_RES* result) const noexcept { mysql_free_result(result); }
};
using Result = std::unique_ptr<MYSQL_RES, FreeResult>;

/// Enough of a statement to recognise it: not the rows of an INSERT, and cut at a character's border.
std::string shown(std::string_view statement) {
    std::size_t end = std::min(statement.size(), statement.substr(0, kSearchedBytes).find(" VALUES "));
    if (end == statement.size() && end <= kShownStatementBytes) return std::string(statement);
    end = std::min(end, kShownStatementBytes);
    while (end > 0 && (static_cast<unsigned char>(statement[end]) & 0xc0U) == 0x80U) --end;
    return fmt::format("{}... ({} bytes)", statement.substr(0, end), statement.size());
}

std::vector<sql::ResultColumn> columns_of(MYSQL_RES& result) {
    std::vector<sql::ResultColumn> columns;
    const unsigned count = mysql_num_fields(&result);
    const MYSQL_FIELD* fields = mysql_fetch_fields(&result);
    columns.reserve(count);
    for (unsigned i = 0; i < count; ++i) {
        columns.push_back({.name = {fields[i].name, fields[i].name_length},
                           .type = static_cast<int>(fields[i].type),
                           .flags = fields[i].flags,
                           .charset = fields[i].charsetnr});
    }
    return columns;
}

/// Ends a result early: the socket is shut down first, so that freeing it does not read the rest.
struct AbandonResult {
    SocketSwitch* socket;
    bool is_complete = false;
    ~AbandonResult() {
        if (!is_complete) socket->shut_down();
    }
};

std::uint64_t to_number(const sql::ResultSet& result, std::string_view column) {
    const std::string text = result.text(0, column);
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

}  // namespace

struct MySqlSession::State {
    explicit State(const ConnectOptions& options)
        : scope(options.scope), traffic(options.traffic), handle(open_handle(options)), socket(*handle) {}

    [[nodiscard]] Error error(ErrorCode code, std::string_view statement) {
        Error result = handle_error(*handle, code, fmt::format("statement failed: {}", shown(statement)), scope);
        if (result.code() == ErrorCode::DbInvalidConnection) is_dead = true;
        return result;
    }

    void send(std::string_view statement, ErrorCode code) {
        if (is_dead) {
            throw Error(ErrorCode::DbBadConnection,
                        fmt::format("the connection is closed, not sent: {}", shown(statement)))
                .with_cause("Error 2006 (HY000): Server has gone away")
                .with_scope(scope);
        }
        if (traffic) traffic->bytes_out += statement.size();
        if (mysql_real_query(handle.get(), statement.data(), statement.size()) != 0) throw error(code, statement);
    }

    /// The result of a statement that returns no rows, when it is there to be read.
    [[nodiscard]] sql::ExecResult read_result(std::string_view statement) {
        const Result unwanted(mysql_store_result(handle.get()));
        if (!unwanted && mysql_errno(handle.get()) != 0) throw error(ErrorCode::DbExecuteFailed, statement);
        return {.affected_rows = unwanted ? 0 : mysql_affected_rows(handle.get()),
                .last_insert_id = mysql_insert_id(handle.get()),
                .warnings = mysql_warning_count(handle.get())};
    }

    /// Whether the server takes several statements at once; asked once.
    [[nodiscard]] bool takes_several() {
        if (!several) several = mysql_set_server_option(handle.get(), MYSQL_OPTION_MULTI_STATEMENTS_ON) == 0;
        return *several;
    }

    const ErrorScope scope;
    const std::shared_ptr<TrafficCounters> traffic;
    std::optional<bool> several;
    MysqlHandle handle;
    SocketSwitch socket;
    std::atomic<bool> is_dead{false};
    model::ServerVersion version;
    std::uint64_t connection_id = 0;
    std::uint64_t max_packet_bytes = 0;
};

MySqlSession::MySqlSession(const ConnectOptions& options) : state_(std::make_unique<State>(options)) {
    const sql::ResultSet facts =
        query("SELECT VERSION() AS v, CONNECTION_ID() AS c, @@SESSION.max_allowed_packet AS p");
    state_->version = model::parse_server_version(facts.text(0, "v"));
    state_->connection_id = to_number(facts, "c");
    state_->max_packet_bytes = to_number(facts, "p");
}

MySqlSession::~MySqlSession() = default;

std::vector<sql::ResultColumn> MySqlSession::stream(std::string_view statement, const RowSink& sink) {
    state_->send(statement, ErrorCode::DbQueryFailed);
    const Result result(mysql_use_result(state_->handle.get()));
    if (!result) {
        if (mysql_errno(state_->handle.get()) != 0) throw state_->error(ErrorCode::DbQueryFailed, statement);
        return {};
    }
    AbandonResult abandon{&state_->socket};
    std::vector<sql::ResultColumn> columns = columns_of(*result);
    std::vector<sql::Cell> cells(columns.size());
    std::uint64_t received = 0;
    while (const MYSQL_ROW row = mysql_fetch_row(result.get())) {
        const unsigned long* lengths = mysql_fetch_lengths(result.get());
        for (std::size_t i = 0; i < cells.size(); ++i) {
            received += lengths[i];
            cells[i] = row[i] == nullptr ? sql::Cell{} : sql::Cell({row[i], lengths[i]});
        }
        if (received >= kTrafficStep && state_->traffic) state_->traffic->bytes_in += std::exchange(received, 0);
        if (!sink(cells)) {
            state_->is_dead = true;
            return columns;
        }
    }
    if (state_->traffic) state_->traffic->bytes_in += received;
    if (mysql_errno(state_->handle.get()) != 0) throw state_->error(ErrorCode::DbQueryFailed, statement);
    abandon.is_complete = true;
    return columns;
}

sql::ResultSet MySqlSession::query(std::string_view statement) {
    sql::ResultSet result;
    result.columns = stream(statement, [&](sql::CellRow row) {
        auto& copy = result.rows.emplace_back();
        copy.reserve(row.size());
        for (const sql::Cell& cell : row) copy.push_back(cell ? std::optional<std::string>(*cell) : std::nullopt);
        return true;
    });
    return result;
}

sql::ExecResult MySqlSession::execute(std::string_view statement) {
    state_->send(statement, ErrorCode::DbExecuteFailed);
    return state_->read_result(statement);
}

void MySqlSession::execute_together(std::span<const std::string_view> statements, const ResultSink& done) {
    MYSQL* handle = state_->handle.get();
    const std::string text = fmt::format("{}", fmt::join(statements, ";"));
    state_->send(text, ErrorCode::DbExecuteFailed);
    // The server stops at the first that fails: its error is the last thing to be read.
    for (std::size_t i = 0;; ++i) {
        done(state_->read_result(statements[i]));
        if (i + 1 == statements.size()) break;
        const int next = mysql_next_result(handle);
        if (next > 0) throw state_->error(ErrorCode::DbExecuteFailed, statements[i + 1]);
        ensure(next == 0, ErrorCode::DbExecuteFailed,
               [&] { return fmt::format("the server answered {} of {} statements", i + 1, statements.size()); });
    }
}

void MySqlSession::execute_all(std::span<const std::string_view> statements, const ResultSink& done) {
    while (!statements.empty()) {
        std::size_t bytes = statements[0].size();
        std::size_t count = 1;
        for (; count < statements.size() && bytes + 1 + statements[count].size() <= kTogetherBytes; ++count)
            bytes += 1 + statements[count].size();
        if (count > 1 && !state_->is_dead && state_->takes_several()) {
            execute_together(statements.first(count), done);
        } else {
            for (const std::string_view statement : statements.first(count)) done(execute(statement));
        }
        statements = statements.subspan(count);
    }
}

const model::ServerVersion& MySqlSession::version() const { return state_->version; }
std::uint64_t MySqlSession::connection_id() const { return state_->connection_id; }
std::uint64_t MySqlSession::max_packet_bytes() const { return state_->max_packet_bytes; }

void MySqlSession::cancel() noexcept {
    state_->is_dead = true;
    state_->socket.shut_down();
}

sql::SqlConnector make_connector(ConnectOptions options) {
    return [options = std::move(options)]() -> std::unique_ptr<sql::SqlSession> {
        return std::make_unique<MySqlSession>(options);
    };
}

}  // namespace dm::mysql
