#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/model/names.h"
#include "core/sql/sql_session.h"
#include "unit/copy/read_lock.h"
#include "unit/copy/session_group.h"

/// The copy of an upstream whose binlog cannot be had: everything is read as it was at one moment.
namespace dm::copy {

/// Why nothing can be read of the upstream's binlog, for people; nothing if it can.
[[nodiscard]] std::optional<std::string> why_no_binlog(sql::SqlSession& session);

/// Opens `count` sessions inside read-only snapshots of the same moment: nothing can be written while they open, by a
/// global read lock or, without the privilege, a lock on `tables`. The sessions are fixed. Throws
/// Error{CopyPositionUnknown} if neither lock is allowed.
[[nodiscard]] std::vector<std::unique_ptr<ManagedSession>> open_locked_snapshot(
    SessionGroup& group, const std::vector<model::TableName>& tables, int count, const LockPatience& patience);

}  // namespace dm::copy
