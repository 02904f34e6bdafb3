#pragma once

#include <mutex>
#include <optional>
#include <vector>

#include "app/master/cluster_table.h"
#include "app/master/scheduler_backend.h"
#include "app/master/scheduler_frontend.h"
#include "app/master/task_latches.h"
#include "base/guarded.h"
#include "core/meta/cluster_store.h"

namespace dm::master {

/// Decides which worker serves which source and what every subtask should be doing, for one term of leadership.
/// The truth is in the store; the table is its copy. Thread-safe: changes take turns, reads never wait for the store.
/// Makes no threads and opens no sockets of its own. A write that failed may have happened: the next change first reads
/// everything again. Methods throw as those of SchedulerFrontend and SchedulerBackend, which they name.
class Scheduler {
  public:
    /// The store should be fenced by the leader's own key.
    explicit Scheduler(const meta::ClusterStore& store)
        : store_(store), backend_(store_, table_), frontend_(store_, table_, backend_) {}

    /// Reads everything and puts it in order; also after a gap in a watch. Watch keepalives from the next revision.
    meta::Revision recover();
    /// A keepalive appeared or went at revision `at`. What the last recovery has seen already is ignored.
    void worker_alive(const model::WorkerName& name, meta::Revision at);
    void worker_gone(const model::WorkerName& name, meta::Revision at);

    void add_worker(const meta::WorkerInfo& info);
    void remove_worker(const model::WorkerName& name);
    std::optional<model::WorkerName> add_source(const config::SourceConfig& source,
                                                const std::optional<model::WorkerName>& worker = {});
    std::optional<model::WorkerName> remove_source(const model::SourceId& id);
    [[nodiscard]] bool check_transfer(const model::SourceId& id, const model::WorkerName& worker);
    std::optional<model::WorkerName> release(const model::SourceId& id);
    void transfer(const model::SourceId& id, const model::WorkerName& worker);
    void settle();
    std::vector<meta::SubTaskId> add_subtasks(const std::vector<config::SubTaskConfig>& subtasks,
                                              meta::Stage expect = meta::Stage::Running);
    void set_stage(const model::TaskName& task, const std::vector<model::SourceId>& sources, meta::Stage stage);
    void remove_subtasks(const model::TaskName& task, const std::vector<model::SourceId>& sources);

    [[nodiscard]] TaskLatches::Latch latch(const model::TaskName& task) { return latches_.acquire(task); }

    /// Runs `use(const ClusterTable&)` under the table's lock.
    template <typename F>
    decltype(auto) read(F&& use) const {
        return table_.with(std::forward<F>(use));
    }
    /// For what belongs to a task but not to the schedule: arguments, left-overs.
    [[nodiscard]] meta::ClusterStore& store() noexcept { return store_; }

  private:
    /// One change: repairs the table if an earlier one failed, runs `change`, remembers its failure.
    template <typename F>
    auto in_turn(F&& change);
    meta::Revision recover_in_turn();

    meta::ClusterStore store_;
    Guarded<ClusterTable> table_;
    SchedulerBackend backend_;
    SchedulerFrontend frontend_;
    TaskLatches latches_;
    std::mutex turn_;
    meta::Revision seen_ = 0;  ///< under turn_: revision of the last recovery
    bool is_stale_ = false;    ///< under turn_: the table may be behind the store
};

}  // namespace dm::master
