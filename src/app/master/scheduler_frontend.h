#pragma once

#include <optional>
#include <vector>

#include "app/master/cluster_table.h"
#include "app/master/scheduler_backend.h"
#include "base/guarded.h"
#include "core/meta/cluster_store.h"

namespace dm::master {

/// Checks what operators and workers ask for and writes the desired state; the backend finds the partners.
/// References must outlive it. One caller at a time (the scheduler's turn). Requests that break a rule throw Error of
/// class scheduler and change nothing; failures of the store throw what the store throws.
class SchedulerFrontend {
  public:
    SchedulerFrontend(meta::ClusterStore& store, Guarded<ClusterTable>& table, SchedulerBackend& backend)
        : store_(store), table_(table), backend_(backend) {}

    /// The same name and address again is accepted; another address is SchedulerWorkerExists.
    void add_worker(const meta::WorkerInfo& info);
    /// SchedulerWorkerMissing, SchedulerWorkerOnline.
    void remove_worker(const model::WorkerName& name);

    /// SchedulerSourceExists; with a worker chosen SchedulerWorkerMissing, SchedulerWorkerNotFree. Returns the worker
    /// that serves it; nothing if none is free.
    std::optional<model::WorkerName> add_source(const config::SourceConfig& source,
                                                const std::optional<model::WorkerName>& worker);
    /// SchedulerSourceMissing, SchedulerSourceHasTasks. Returns the worker that served it.
    std::optional<model::WorkerName> remove_source(const model::SourceId& id);

    /// Whether the source could move to the worker: false if it is there already. SchedulerSourceMissing,
    /// SchedulerWorkerMissing, SchedulerWorkerTransition.
    [[nodiscard]] bool check_transfer(const model::SourceId& id, const model::WorkerName& worker) const;
    /// Takes the source from its worker, which looks for no other yet. Returns that worker; nothing if there is none.
    /// Whoever releases gives the source away again or lets the backend settle. SchedulerSourceMissing.
    std::optional<model::WorkerName> release(const model::SourceId& id);
    /// Moves it in one transaction. Workers left behind look for a source.
    void transfer(const model::SourceId& id, const model::WorkerName& worker);

    /// Adds those that do not exist. SchedulerSourceMissing, SchedulerSubTaskExists (all of them exist),
    /// SchedulerSourcesUnbound. Returns what was added.
    std::vector<meta::SubTaskId> add_subtasks(const std::vector<config::SubTaskConfig>& subtasks, meta::Stage expect);
    /// Writes the expected stage, even an equal one: the event is what counts. Sources: empty = all of the task.
    /// SchedulerTaskMissing, SchedulerSubTaskMissing.
    void set_stage(const model::TaskName& task, const std::vector<model::SourceId>& sources, meta::Stage stage);
    void remove_subtasks(const model::TaskName& task, const std::vector<model::SourceId>& sources);

  private:
    [[nodiscard]] std::vector<model::SourceId> resolve(const model::TaskName& task,
                                                       const std::vector<model::SourceId>& sources) const;

    meta::ClusterStore& store_;
    Guarded<ClusterTable>& table_;
    SchedulerBackend& backend_;
};

}  // namespace dm::master
