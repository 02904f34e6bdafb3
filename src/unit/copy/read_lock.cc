#include "unit/copy/read_lock.h"

#include <charconv>
#include <functional>
#include <optional>
#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/log.h"
#include "unit/target/server_error.h"

namespace dm::copy {
namespace {

constexpr int kLockWaitTimeout = 1205;
constexpr std::int64_t kLongStatement = 2;  // seconds
/// The first for locks of the server, the others for those of InnoDB: without autocommit it takes one of its own, which
/// waits for transactions until they are visible.
constexpr std::string_view kShortWait = "SET SESSION lock_wait_timeout = 2";
constexpr std::string_view kTableWait =
    "SET SESSION lock_wait_timeout = 2, innodb_lock_wait_timeout = 2, innodb_table_locks = 1, autocommit = 0";

bool is_gone(const Error& error) {
    const auto number = target::sql_error_number(error);
    return number == target::server_error::kNoSuchTable || number == target::server_error::kUnknownDatabase;
}

bool is_late(const Error& error) { return target::sql_error_number(error) == kLockWaitTimeout; }

std::int64_t to_number(const std::string& digits) {
    std::int64_t value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
}

/// A statement of somebody else.
struct Statement {
    std::string user;
    std::string connection;
    std::int64_t seconds = 0;
};

/// The one that has run longest, of those the account may see.
std::optional<Statement> longest_statement(sql::SqlSession& session) {
    const auto list = session.query("SHOW PROCESSLIST");
    const std::string own = std::to_string(session.connection_id());
    std::optional<Statement> longest;
    for (std::size_t i = 0; i < list.rows.size(); ++i) {
        const bool is_running = list.text(i, "Command") == "Query" || list.text(i, "Command") == "Execute";
        const std::int64_t seconds = to_number(list.text(i, "Time"));
        if (!is_running || list.text(i, "Id") == own || (longest && longest->seconds >= seconds)) continue;
        longest = {.user = list.text(i, "User"), .connection = list.text(i, "Id"), .seconds = seconds};
    }
    return longest;
}

/// For people: whose it is, but nothing of its text, which holds values.
std::string describe(const std::optional<Statement>& holder) {
    if (!holder) return "a transaction that is open, or a statement of another user";
    return fmt::format("a statement of '{}' on connection {}, {} s old", holder->user, holder->connection,
                       holder->seconds);
}

std::string name_list(std::span<const model::TableName> tables) {
    if (tables.empty()) return "all tables";
    if (tables.size() == 1) return tables.front().quoted();
    return fmt::format("{} and {} more", tables.front().quoted(), tables.size() - 1);
}

/// Locks, or leaves nothing locked and returns why: a refusal, a table that is gone, or the lock was not to be had in
/// time.
std::optional<Error> lock_or_say_why(sql::SqlSession& session, std::string_view preparation,
                                     const std::string& statement) {
    session.execute(preparation);
    try {
        session.execute(statement);
        return std::nullopt;
    } catch (const Error& error) {
        // MySQL keeps the global lock where it waited in vain for statements that were reading.
        if (!target::is_connection_lost(error)) unlock(session);
        if (!is_late(error) && !is_refused(error) && !is_gone(error)) throw;
        return error;
    }
}

std::optional<Error> tables_or_why(sql::SqlSession& session, std::span<const model::TableName> tables) {
    std::string names;
    for (const model::TableName& table : tables)
        names += fmt::format("{}{} READ", names.empty() ? "" : ", ", table.quoted());
    return lock_or_say_why(session, kTableWait, fmt::format("LOCK TABLES {}", names));
}

std::optional<Error> everything_or_why(sql::SqlSession& session) {
    return lock_or_say_why(session, kShortWait, "FLUSH TABLES WITH READ LOCK");
}

struct Outcome {
    bool is_locked = false;
    std::optional<Error> hindrance;  ///< if it was tried
};

Outcome outcome_of(std::optional<Error> hindrance) {
    const bool is_locked = !hindrance.has_value();
    return {.is_locked = is_locked, .hindrance = std::move(hindrance)};
}

/// Tries until nothing is in the way, or patience ends; the last attempt has to be made.
void lock_patiently(sql::SqlSession& session, std::span<const model::TableName> tables, const LockPatience& patience,
                    const std::function<Outcome(bool is_last)>& attempt) {
    Backoff backoff(patience.policy);
    for (;;) {
        const auto wait = backoff.next();
        const Outcome outcome = attempt(!wait);
        if (outcome.is_locked) return;
        if (outcome.hindrance && !is_late(*outcome.hindrance)) throw Error(*outcome.hindrance);
        const std::string holder = describe(longest_statement(session));
        if (wait) {
            log::warn("a read lock for a moment is not to be had, it is asked for again",
                      {{"tables", name_list(tables)},
                       {"behind", holder},
                       {"wait_ms", std::chrono::duration_cast<std::chrono::milliseconds>(*wait).count()}});
            if (patience.clock.sleep(*wait, patience.stop)) continue;
        }
        ensure(outcome.hindrance.has_value(), ErrorCode::DbBadConnection, "the copy is being stopped");
        throw outcome.hindrance
            ->with_context(fmt::format("locking {} for a moment to read the binlog position", name_list(tables)))
            .with_workaround(
                fmt::format("It waits for {}: let it end upstream, or end it, then resume the task.", holder));
    }
}

/// Whether asking for everything would be in vain, and leave the tables of a long statement closed to others until it
/// ends, which is how MySQL flushes tables.
bool is_long_in_use(sql::SqlSession& session) {
    const auto longest = longest_statement(session);
    return longest && longest->seconds >= kLongStatement;
}

}  // namespace

bool is_refused(const Error& error) {
    const auto number = target::sql_error_number(error);
    return number == 1044 || number == 1045 || number == 1142 || number == 1227 || number == 1235;
}

void lock_tables(sql::SqlSession& session, std::span<const model::TableName> tables, const LockPatience& patience) {
    lock_patiently(session, tables, patience, [&](bool) { return outcome_of(tables_or_why(session, tables)); });
}

void lock_commits(sql::SqlSession& session, std::span<const model::TableName> tables, const LockPatience& patience) {
    lock_patiently(session, tables, patience, [&](bool is_last) -> Outcome {
        const auto first = tables.empty() ? std::nullopt : tables_or_why(session, tables);
        if (!first && !tables.empty()) return {.is_locked = true, .hindrance = {}};
        if (!is_last && is_long_in_use(session)) return {};
        const auto second = everything_or_why(session);
        if (!second || is_late(*second)) return outcome_of(second);
        if (first && !is_refused(*first)) return outcome_of(first);
        throw Error(ErrorCode::CopyPositionUnknown,
                    "may not take a read lock for the moment of reading the binlog position: grant RELOAD")
            .with_cause(*second);
    });
}

void unlock(sql::SqlSession& session) {
    session.execute("UNLOCK TABLES");
    session.execute("SET SESSION autocommit = 1");
}

}  // namespace dm::copy
