#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/model/names.h"

/// The layout of the cluster's keys (docs/formats/etcd-keys.md): a fixed prefix and parameters, each in lower-case
/// hexadecimal, joined by '/'. A key with fewer parameters than its kind has ends in '/' and serves as a watch prefix.
/// Pure functions of plain values.
namespace dm::meta::keys {

/// One kind of key.
struct Kind {
    std::string_view prefix;
    int parameters;
};

inline constexpr std::string_view kClusterVersion = "/dm-cluster/version";
inline constexpr std::string_view kClusterId = "/dm-cluster/id";
/// Election keys are `kLeader/<lease in hexadecimal>`.
inline constexpr std::string_view kLeader = "/dm-master/leader";

inline constexpr Kind kWorker{"/dm-worker/r/", 1};                                         ///< worker
inline constexpr Kind kKeepAlive{"/dm-worker/a/", 1};                                      ///< worker
inline constexpr Kind kSource{"/dm-master/v2/upstream/config/", 1};                        ///< source
inline constexpr Kind kBound{"/dm-master/bound-worker/", 1};                               ///< worker
inline constexpr Kind kLastBound{"/dm-master/last-bound-worker/", 1};                      ///< worker
inline constexpr Kind kRelayWorker{"/dm-master/relay-worker/", 1};                         ///< worker
inline constexpr Kind kSubTask{"/dm-master/upstream/subtask/", 2};                         ///< source, task
inline constexpr Kind kRelayStage{"/dm-master/v2/stage/relay/", 1};                        ///< source
inline constexpr Kind kSubTaskStage{"/dm-master/stage/subtask/", 2};                       ///< source, task
inline constexpr Kind kValidatorStage{"/dm-master/stage/validator/", 2};                   ///< source, task
inline constexpr Kind kLoadTask{"/dm-master/load-task/", 2};                               ///< task, source
inline constexpr Kind kLoadBarrier{"/dm-master/lightning-coord/", 2};                      ///< task, source
inline constexpr Kind kTaskArguments{"/dm-master/task-cli-args/", 2};                      ///< task, source
inline constexpr Kind kTaskTemplate{"/dm-master/openapi-task-template/", 1};               ///< task
inline constexpr Kind kPessimistInfo{"/dm-master/shardddl-pessimism/info/", 2};            ///< task, source
inline constexpr Kind kPessimistOperation{"/dm-master/shardddl-pessimism/operation/", 2};  ///< task, source
inline constexpr Kind kSourceTables{"/dm-master/shardddl-optimism/source-tables/", 2};     ///< task, source
inline constexpr Kind kOptimistInfo{"/dm-master/shardddl-optimism/info/", 4};  ///< task, source, schema, table
inline constexpr Kind kOptimistOperation{"/dm-master/shardddl-optimism/operation/",
                                         4};  ///< task, source, schema, table
/// lock, column, source, schema, table
inline constexpr Kind kDroppedColumns{"/dm-master/shardddl-optimism/dropped-columns/", 5};

/// The key of these parameters, or the watch prefix if there are fewer than the kind has.
[[nodiscard]] std::string encode(Kind kind, const std::vector<std::string_view>& parameters);
/// The parameters of a full key. Throws Error{ConfigEtcdUndecodable} for a key of another kind, a wrong number of
/// parameters or anything that is not hexadecimal.
[[nodiscard]] std::vector<std::string> decode(Kind kind, std::string_view key);

[[nodiscard]] std::string worker(const model::WorkerName& name);
[[nodiscard]] std::string keep_alive(const model::WorkerName& name);
[[nodiscard]] std::string source(const model::SourceId& id);
[[nodiscard]] std::string bound(const model::WorkerName& name);
[[nodiscard]] std::string last_bound(const model::WorkerName& name);
[[nodiscard]] std::string relay_worker(const model::WorkerName& name);
[[nodiscard]] std::string relay_stage(const model::SourceId& id);
[[nodiscard]] std::string subtask(const model::SourceId& id, const model::TaskName& task);
[[nodiscard]] std::string subtask_stage(const model::SourceId& id, const model::TaskName& task);
[[nodiscard]] std::string validator_stage(const model::SourceId& id, const model::TaskName& task);
[[nodiscard]] std::string load_task(const model::TaskName& task, const model::SourceId& id);
[[nodiscard]] std::string load_barrier(const model::TaskName& task, const model::SourceId& id);
[[nodiscard]] std::string task_arguments(const model::TaskName& task, const model::SourceId& id);
[[nodiscard]] std::string task_template(const model::TaskName& task);

}  // namespace dm::meta::keys
