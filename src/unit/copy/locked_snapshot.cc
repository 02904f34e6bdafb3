#include "unit/copy/locked_snapshot.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"

namespace dm::copy {
namespace {

void lock(sql::SqlSession& session, const std::vector<model::TableName>& tables, const LockPatience& patience) {
    try {
        lock_commits(session, {}, patience);
        return;
    } catch (const Error& error) {
        if (error.code() != ErrorCode::CopyPositionUnknown) throw;
    }
    try {
        if (!tables.empty()) lock_tables(session, tables, patience);
    } catch (const Error& error) {
        if (!is_refused(error)) throw;
        throw Error(ErrorCode::CopyPositionUnknown,
                    "may neither read the upstream's binlog nor lock its tables for a moment: grant RELOAD, or LOCK "
                    "TABLES on the schemas that are copied")
            .with_cause(error);
    }
}

bool may_replicate(sql::SqlSession& session) {
    const auto grants = session.query("SHOW GRANTS");
    return std::ranges::any_of(grants.rows, [](const auto& row) {
        if (row.empty() || !row[0]) return false;
        // What a role brings is not listed: reading the binlog will tell.
        if (row[0]->find(" ON ") == std::string::npos) return true;
        return row[0]->find(" ON *.*") != std::string::npos && (row[0]->find("ALL PRIVILEGES") != std::string::npos ||
                                                                row[0]->find("REPLICATION SLAVE") != std::string::npos);
    });
}

}  // namespace

std::optional<std::string> why_no_binlog(sql::SqlSession& session) {
    const auto log_bin = session.query("SHOW GLOBAL VARIABLES LIKE 'log_bin'");
    if (log_bin.text(0, "Value") == "OFF") return "the upstream's binary log is off";
    if (!may_replicate(session)) return "the upstream's user has no REPLICATION SLAVE privilege";
    return std::nullopt;
}

std::vector<std::unique_ptr<ManagedSession>> open_locked_snapshot(SessionGroup& group,
                                                                  const std::vector<model::TableName>& tables,
                                                                  int count, const LockPatience& patience) {
    ManagedSession helper(group);
    lock(helper.get(), tables, patience);
    std::vector<std::unique_ptr<ManagedSession>> sessions;
    for (int i = 0; i < count; ++i) {
        auto session = std::make_unique<ManagedSession>(group);
        session->get().execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ");
        session->get().execute("START TRANSACTION WITH CONSISTENT SNAPSHOT");
        session->fix();
        sessions.push_back(std::move(session));
    }
    unlock(helper.get());
    return sessions;
}

}  // namespace dm::copy
