#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "core/meta/kv_store.h"
#include "core/meta/records.h"

/// What is read from the cluster's memory at one revision. Plain values. Configurations are their stored TOML text.
/// A record that cannot be read is left out and reported in `problems`, so that bad data cannot keep every master
/// from leading.
namespace dm::meta {

/// A configuration as it is stored. A plain value.
struct StoredConfig {
    std::string toml;
    Revision created = 0;  ///< of its key: tells what was deleted and made anew, even with the same text
    auto operator<=>(const StoredConfig&) const = default;
};

/// Everything the leader keeps in memory.
struct ClusterState {
    std::map<model::SourceId, std::string> sources;
    std::map<model::SourceId, RelayStage> relay_stages;
    std::map<SubTaskId, std::string> subtasks;
    std::map<SubTaskId, SubTaskStage> subtask_stages;
    std::map<SubTaskId, SubTaskStage> validator_stages;
    std::map<model::WorkerName, model::SourceId> relay_workers;
    std::map<SubTaskId, model::WorkerName> load_tasks;
    std::map<model::WorkerName, WorkerInfo> workers;
    std::map<model::WorkerName, SourceBound> bounds;
    std::map<model::WorkerName, SourceBound> last_bounds;
    std::map<model::WorkerName, KeepAlive> alive;
    std::optional<ClusterVersion> version;
    Revision revision = 0;  ///< watch from the next one
    std::vector<Error> problems;
};

/// What a worker needs to run one source.
struct SourceState {
    model::SourceId source;
    std::optional<std::string> config;
    std::optional<RelayStage> relay_stage;
    std::map<model::TaskName, StoredConfig> subtasks;
    std::map<model::TaskName, SubTaskStage> subtask_stages;
    std::map<model::TaskName, SubTaskStage> validator_stages;
    std::set<model::TaskName> unreadable_stages;  ///< tasks that have a stage, but one that cannot be read
    Revision revision = 0;
    std::vector<Error> problems;
};

/// What a worker is told to do, read at one revision.
struct WorkerAssignment {
    std::optional<SourceBound> bound;
    std::optional<model::SourceId> relay_source;
    /// Configurations of the sources named above; an absent one has no entry.
    std::map<model::SourceId, std::string> configs;
    Revision revision = 0;
};

/// A subtask with what belongs to it in one transaction.
struct SubTaskRecord {
    SubTaskId id;
    std::string config;
    Stage expect = Stage::Running;
    std::optional<Stage> validator;  ///< absent: no validator stage is written
};

/// One change seen by a watch. `record` is empty for a deletion.
template <typename Id, typename Record>
struct Change {
    Id id;
    std::optional<Record> record;
    Revision revision = 0;

    [[nodiscard]] bool is_delete() const { return !record.has_value(); }
};

}  // namespace dm::meta
