#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "core/meta/cluster_state.h"
#include "core/meta/kv_store.h"
#include "core/meta/records.h"
#include "core/meta/write_batches.h"

namespace dm::meta {

/// The cluster's memory in our own nouns: what belongs together is written in one transaction, and reads are of one
/// revision. `store` and `clock` must outlive it. Thread-safe; calls block on the store.
/// Writes are repeatable and are repeated on transient failures (5 attempts, 1 s apart, until `stop`); then the last
/// Error is thrown and the write may or may not have happened. Every put is sent even if nothing changes, because the
/// event is what triggers the reader. Writes about many subtasks, sources or workers that exceed the store's limits
/// become several transactions, each whole for every subtask, source or worker in it; if one of them fails the earlier
/// ones stay.
class ClusterStore {
  public:
    ClusterStore(KvStore& store, Clock& clock, std::stop_token stop = {}, WriteLimits limits = {});

    [[nodiscard]] KvStore& kv() const { return store_; }
    /// A copy whose writes succeed only while `fence` holds: the leader's own election key (Election::fence). A write
    /// that finds it gone throws Error{MasterNotLeader}.
    [[nodiscard]] ClusterStore fenced(Compare fence) const;

    // ---- reading
    [[nodiscard]] ClusterState load_all() const;
    [[nodiscard]] SourceState load_source(const model::SourceId& source) const;
    [[nodiscard]] WorkerAssignment load_assignment(const model::WorkerName& worker) const;
    [[nodiscard]] std::optional<std::string> get_source(const model::SourceId& source) const;
    [[nodiscard]] std::optional<StoredConfig> get_subtask(const SubTaskId& id) const;
    [[nodiscard]] std::optional<TaskArguments> get_task_arguments(const SubTaskId& id) const;
    [[nodiscard]] std::optional<ClusterVersion> get_version() const;
    /// The oldest candidate under the election prefix.
    [[nodiscard]] std::optional<Leader> get_leader() const;
    [[nodiscard]] std::map<model::TaskName, std::string> load_task_templates() const;
    /// Load tasks and the barrier of one task.
    [[nodiscard]] std::map<model::SourceId, LoadBarrier> load_barrier(const model::TaskName& task) const;

    // ---- sources
    /// Also writes the relay stage if given.
    Revision put_source(const model::SourceId& source, const std::string& toml, std::optional<Stage> relay = {});
    /// Configuration, relay stage and, where a worker was bound, its bound and last bound.
    Revision delete_source(const model::SourceId& source, const std::optional<model::WorkerName>& bound_worker);
    Revision put_relay_stage(const std::vector<RelayStage>& stages);
    Revision delete_relay_stage(const model::SourceId& source);

    // ---- bounds
    /// Bound and last bound; with `relay` the relay stage of the source too.
    Revision put_bounds(const std::vector<SourceBound>& bounds, std::optional<Stage> relay = {});
    /// Last bounds stay.
    Revision delete_bounds(const std::vector<model::WorkerName>& workers);
    /// Takes the source from one worker and gives it to another in one transaction.
    Revision replace_bound(const model::WorkerName& old_worker, const SourceBound& bound);

    // ---- workers
    Revision put_worker(const WorkerInfo& info);
    /// Registration and relay assignment.
    Revision delete_worker(const model::WorkerName& worker);
    Revision put_relay_workers(const std::vector<model::WorkerName>& workers, const model::SourceId& source);
    Revision delete_relay_workers(const std::vector<model::WorkerName>& workers);

    // ---- subtasks
    Revision put_subtasks(const std::vector<SubTaskRecord>& subtasks);
    /// Configurations only, stages untouched.
    Revision update_subtasks(const std::vector<SubTaskRecord>& subtasks);
    /// Configurations, stages and validator stages.
    Revision delete_subtasks(const std::vector<SubTaskId>& subtasks);
    Revision set_stages(const std::vector<SubTaskStage>& stages);
    Revision set_validator_stages(const std::vector<SubTaskStage>& stages);
    /// Validator stages, and the configurations they need, together.
    Revision put_validators(const std::vector<SubTaskRecord>& subtasks);

    // ---- odds and ends
    Revision put_task_arguments(const std::vector<SubTaskId>& subtasks, const TaskArguments& arguments);
    Revision delete_task_arguments(const std::vector<SubTaskId>& subtasks);
    Revision put_task_template(const model::TaskName& task, const std::string& json);
    Revision delete_task_template(const model::TaskName& task);
    Revision put_load_task(const SubTaskId& id, const model::WorkerName& worker);
    Revision delete_load_task(const SubTaskId& id);
    /// Load tasks, barrier and arguments of a task, for start-task --remove-meta.
    Revision delete_task_leftovers(const model::TaskName& task);
    Revision put_load_barrier(const std::vector<SubTaskId>& subtasks, LoadBarrier state);
    Revision put_version(const ClusterVersion& version);
    /// Reads the cluster id, writing one first if there is none or what is there is no id.
    std::uint64_t read_or_create_id();

    // ---- watching: as KvStore::watch; one sink call per change, records that cannot be read are logged and left out
    template <typename Id, typename Record>
    using Sink = std::function<void(const Change<Id, Record>&)>;
    WatchEnd watch_keep_alives(Revision from, std::stop_token stop,
                               const Sink<model::WorkerName, KeepAlive>& sink) const;
    WatchEnd watch_load_tasks(Revision from, std::stop_token stop,
                              const Sink<SubTaskId, model::WorkerName>& sink) const;
    WatchEnd watch_bound(const model::WorkerName& worker, Revision from, std::stop_token stop,
                         const Sink<model::WorkerName, SourceBound>& sink) const;
    WatchEnd watch_relay_worker(const model::WorkerName& worker, Revision from, std::stop_token stop,
                                const Sink<model::WorkerName, model::SourceId>& sink) const;
    WatchEnd watch_relay_stage(const model::SourceId& source, Revision from, std::stop_token stop,
                               const Sink<model::SourceId, RelayStage>& sink) const;
    WatchEnd watch_subtask_stages(const model::SourceId& source, Revision from, std::stop_token stop,
                                  const Sink<SubTaskId, SubTaskStage>& sink) const;
    WatchEnd watch_validator_stages(const model::SourceId& source, Revision from, std::stop_token stop,
                                    const Sink<SubTaskId, SubTaskStage>& sink) const;

  private:
    Revision write(const std::vector<WriteOp>& writes);
    Revision write_groups(std::vector<WriteGroup> groups);
    [[nodiscard]] std::optional<std::string> get_one(const std::string& key) const;

    KvStore& store_;
    Clock& clock_;
    std::stop_token stop_;
    WriteLimits limits_;
    std::optional<Compare> fence_;
};

}  // namespace dm::meta
