#pragma once

#include <chrono>
#include <span>
#include <stop_token>

#include "base/clock.h"
#include "base/error.h"
#include "base/retry.h"
#include "core/model/names.h"
#include "core/sql/sql_session.h"

/// Read locks of the upstream, held for milliseconds. Waiting for one holds up all writes that come after it, so each
/// attempt is short and between two of them there is room for others.
namespace dm::copy {

/// How often a lock is asked for; the log says each time what it waits for. The clock outlives its users.
struct LockPatience {
    Clock& clock;
    std::stop_token stop;
    RetryPolicy policy{
        .max_attempts = 8, .initial_wait = std::chrono::seconds(1), .max_wait = std::chrono::seconds(20)};
};

/// Whether the server refused for want of a privilege (1044, 1045, 1142, 1227) or does not have the command (1235).
[[nodiscard]] bool is_refused(const Error& error);

/// Locks the tables against writes until `unlock`, after all transactions that wrote to them have committed. MySQL 5.6
/// does not wait for these by itself. The session must not be in a transaction. Throws the server's error, with advice
/// if the lock was not to be had in time; nothing is locked then.
void lock_tables(sql::SqlSession& session, std::span<const model::TableName> tables, const LockPatience& patience);

/// Stops all commits that `tables` could see, until `unlock`: by a lock on the tables or, if that is refused or a
/// transaction is in its way, on everything; without names on everything. That is not asked for while a long statement
/// runs, unless patience ends. Otherwise as `lock_tables`. Throws Error{CopyPositionUnknown} if no such lock is
/// allowed.
void lock_commits(sql::SqlSession& session, std::span<const model::TableName> tables, const LockPatience& patience);

void unlock(sql::SqlSession& session);

}  // namespace dm::copy
