#pragma once

#include "core/config/field_reader.h"
#include "core/config/task_config.h"

namespace dm::config {

/// The checks on a task file as a whole, in the order in which the first failure is reported. `root` and `context` are
/// what `config` was read from. Only parse_task_yaml calls it.
void check_task(const TaskConfig& config, const Node& root, const ReadContext& context);

/// Which block an instance names; the block's name is empty for an inline one or none at all.
[[nodiscard]] DumpConfig effective_dump(const TaskConfig& task, const InstanceConfig& instance);
[[nodiscard]] LoadConfig effective_load(const TaskConfig& task, const InstanceConfig& instance);
[[nodiscard]] SyncConfig effective_sync(const TaskConfig& task, const InstanceConfig& instance);
[[nodiscard]] ValidatorConfig effective_validator(const TaskConfig& task, const InstanceConfig& instance);

}  // namespace dm::config
