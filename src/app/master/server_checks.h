#pragma once

#include <functional>
#include <string>
#include <vector>

#include "app/master/check_report.h"
#include "core/config/subtask_config.h"
#include "core/sql/sql_session.h"

namespace dm::master {

/// Says whether the item of this name is wanted; the names are those of `ignore-checking-items`.
using IsWanted = std::function<bool(std::string_view item)>;

/// Looks at an upstream as the task's mode needs it: version, binary log, row format, replication privileges.
/// Throws what the session throws.
[[nodiscard]] std::vector<CheckItem> check_upstream(sql::SqlSession& session, const config::SubTaskConfig& subtask,
                                                    const IsWanted& is_wanted);

/// Looks at the downstream: the privileges that writing needs.
[[nodiscard]] std::vector<CheckItem> check_downstream(sql::SqlSession& session, const config::SubTaskConfig& subtask,
                                                      const IsWanted& is_wanted);

}  // namespace dm::master
