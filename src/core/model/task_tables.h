#pragma once

#include <array>
#include <string>
#include <string_view>

#include "core/model/names.h"

/// The tables that a task keeps in the target's meta schema, named `<task><suffix>` (docs/formats/). Plain constants.
/// Those of the fence are not among them: their epochs must never go back, so they outlive the task.
namespace dm::model {

inline constexpr std::string_view kSyncCheckpointSuffix = "_syncer_checkpoint";
inline constexpr std::string_view kSyncStatementSuffix = "_syncer_ddl";
inline constexpr std::string_view kCopyCheckpointSuffix = "_copy_checkpoint";

/// How far replication has come. A new beginning forgets all of them: each refers to places of the others.
inline constexpr std::array kSyncProgressSuffixes = {kSyncCheckpointSuffix, kSyncStatementSuffix};

/// Everything a task may have left, also tables that only TiDB DM writes.
inline constexpr std::array<std::string_view, 11> kTaskTableSuffixes = {kSyncCheckpointSuffix,
                                                                        kSyncStatementSuffix,
                                                                        kCopyCheckpointSuffix,
                                                                        "_loader_checkpoint",
                                                                        "_lightning_checkpoint_list",
                                                                        "_syncer_sharding_meta",
                                                                        "_onlineddl",
                                                                        "_validator_checkpoint",
                                                                        "_validator_pending_change",
                                                                        "_validator_error_change",
                                                                        "_validator_table_status"};

[[nodiscard]] inline TableName task_table(std::string_view meta_schema, std::string_view task,
                                          std::string_view suffix) {
    return {.schema = std::string(meta_schema), .table = std::string(task) + std::string(suffix)};
}

}  // namespace dm::model
