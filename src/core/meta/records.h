#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/meta/stage.h"
#include "core/model/names.h"

/// The values of the cluster's keys (docs/formats/etcd-keys.md). Plain values; to_text gives the stored bytes and
/// parse_* reads them, throwing Error{HaItem} for text that is not such a record. Unknown JSON keys are ignored.
namespace dm::meta {

/// A subtask's place in every map: its source and its task.
struct SubTaskId {
    model::SourceId source;
    model::TaskName task;
    auto operator<=>(const SubTaskId&) const = default;
};

/// A registered worker.
struct WorkerInfo {
    model::WorkerName name;
    std::string addr;
    auto operator<=>(const WorkerInfo&) const = default;
};

/// A worker that is alive; the key hangs on the worker's lease.
struct KeepAlive {
    model::WorkerName worker;
    /// RFC 3339 with nanoseconds, as in "2024-05-01T08:09:10.123456789+08:00".
    std::string join_time;
    auto operator<=>(const KeepAlive&) const = default;
};

struct SourceBound {
    model::SourceId source;
    model::WorkerName worker;
    auto operator<=>(const SourceBound&) const = default;
};

/// Which stage a relay ought to be in.
struct RelayStage {
    Stage expect = Stage::Invalid;
    model::SourceId source;
    auto operator<=>(const RelayStage&) const = default;
};

/// Which stage a subtask or a validator ought to be in.
struct SubTaskStage {
    Stage expect = Stage::Invalid;
    model::SourceId source;
    model::TaskName task;
    auto operator<=>(const SubTaskStage&) const = default;
};

struct ClusterVersion {
    /// The one this program writes.
    static constexpr std::uint64_t kCurrent = 4;
    /// Older clusters name their keys and checkpoints in other ways.
    static constexpr std::uint64_t kOldest = 3;

    std::uint64_t internal_no = 0;  ///< compared; 0 = never written
    std::string release;            ///< for people
    auto operator<=>(const ClusterVersion&) const = default;
};

/// What the user gave on the command line of start-task, kept until the sync unit has used it.
struct TaskArguments {
    std::string start_time;
    std::string safe_mode_duration;
    std::string wait_time_on_stop;
    auto operator<=>(const TaskArguments&) const = default;
    [[nodiscard]] bool is_empty() const { return *this == TaskArguments{}; }
};

/// A candidate of the leader election.
struct Leader {
    std::string id;    ///< member name
    std::string addr;  ///< advertised address
    auto operator<=>(const Leader&) const = default;
};

/// State of one source in the physical load barrier.
enum class LoadBarrier : std::uint8_t { NotReady, Ready, Finished };

[[nodiscard]] std::string to_text(const WorkerInfo& record);
[[nodiscard]] std::string to_text(const KeepAlive& record);
[[nodiscard]] std::string to_text(const SourceBound& record);
[[nodiscard]] std::string to_text(const RelayStage& record);
[[nodiscard]] std::string to_text(const SubTaskStage& record);
[[nodiscard]] std::string to_text(const ClusterVersion& record);
[[nodiscard]] std::string to_text(const TaskArguments& record);
[[nodiscard]] std::string to_text(const Leader& record);
[[nodiscard]] std::string to_text(LoadBarrier record);
/// The value of a load task: a JSON string.
[[nodiscard]] std::string load_task_text(const model::WorkerName& worker);

[[nodiscard]] WorkerInfo parse_worker_info(std::string_view text);
[[nodiscard]] KeepAlive parse_keep_alive(std::string_view text);
[[nodiscard]] SourceBound parse_source_bound(std::string_view text);
[[nodiscard]] RelayStage parse_relay_stage(std::string_view text);
[[nodiscard]] SubTaskStage parse_subtask_stage(std::string_view text);
[[nodiscard]] ClusterVersion parse_cluster_version(std::string_view text);
[[nodiscard]] TaskArguments parse_task_arguments(std::string_view text);
[[nodiscard]] Leader parse_leader(std::string_view text);
[[nodiscard]] LoadBarrier parse_load_barrier(std::string_view text);
[[nodiscard]] model::WorkerName parse_load_task(std::string_view text);

}  // namespace dm::meta
