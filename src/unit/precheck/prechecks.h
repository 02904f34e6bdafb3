#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "core/config/subtask_config.h"
#include "unit/precheck/check_item.h"
#include "unit/precheck/table_facts.h"

namespace dm::precheck {

/// What the checks work with. All functions may be called by several threads at a time.
struct Environment {
    /// Opens a session; throws as SqlConnector. `scope` says whose server it is.
    std::function<std::unique_ptr<sql::SqlSession>(const config::DbConfig& database, ErrorScope scope)> connect;
    RunAll run_all;
    /// Reads the binlog from the subtask's `meta` on for a moment. Throws the server's refusal.
    std::function<void(const config::SubTaskConfig& subtask)> probe_position;
};

/// Looks at every server of a task; `subtasks` are those of one task with their sources' settings, at least one.
/// What goes wrong inside an item fails that item. Throws if the checks cannot even begin: Error{CheckOpenDb} naming
/// every server that cannot be reached, CheckRoutes, CheckBlockAllow, CheckTargetsByCase.
[[nodiscard]] std::vector<CheckItem> run_prechecks(const std::vector<config::SubTaskConfig>& subtasks,
                                                   const Environment& environment, const IsWanted& is_wanted);

}  // namespace dm::precheck
