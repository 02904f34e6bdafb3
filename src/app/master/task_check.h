#pragma once

#include <string>
#include <vector>

#include "app/master/master_context.h"
#include "app/master/scheduler.h"
#include "core/config/subtask_config.h"

namespace dm::master {

/// A task file that makes sense on this cluster. A plain value.
struct CheckedTask {
    config::TaskConfig task;
    std::vector<config::SubTaskConfig> subtasks;  ///< one per source of the file, to be stored
    std::vector<config::SubTaskConfig>
        effective;  ///< the same with the sources' own settings, as workers will run them
};

/// Parses the file, refuses what this version cannot do, and splits it by source.
/// Throws what the parser throws, Error{ConfigSourceUnknown, ConfigFeatureMissing}.
[[nodiscard]] CheckedTask read_task(const MasterContext& context, Scheduler& scheduler, const std::string& text);

/// What the pre-check has to say. A plain value.
struct CheckOutcome {
    bool is_passed = true;
    std::string text;  ///< "pre-check is passed. " or what was found, item by item
};

/// Reaches every server of the task and looks at the privileges and variables that it needs. `ignore-checking-items:
/// [all]` skips everything and leaves the text empty. At most `max_errors` and `max_warnings` items are listed. Gives
/// up, and is not passed, after half an hour or when the command is cancelled.
[[nodiscard]] CheckOutcome pre_check(const MasterContext& context, const CheckedTask& task, std::int64_t max_errors,
                                     std::int64_t max_warnings);

/// Puts the places of `start_time` into `meta` of every subtask. Only incremental tasks begin at a time: others are
/// refused by name. All sources are searched at the same time. Throws Error{ConfigStartTimeLate} if a source has
/// nothing that late yet, or what connecting to it throws; both name the source.
void begin_at_time(const MasterContext& context, CheckedTask& task, const std::string& start_time);

/// Puts the place where each source is now into `meta` of the subtasks of an incremental task that have none: without
/// that, replication would repeat all that the source still has in its binlog. A checkpoint that the task has left goes
/// before it. Throws what connecting to a source throws; it names the source.
void begin_now_without_meta(const MasterContext& context, CheckedTask& task);

/// Forgets how far replication of these subtasks had come, so that it begins at `meta`.
void forget_progress(const MasterContext& context, const CheckedTask& task);

/// Drops what the task has left in the downstream's meta schema. Throws what the session throws.
void drop_downstream_meta(const MasterContext& context, const config::TaskConfig& task);

}  // namespace dm::master
