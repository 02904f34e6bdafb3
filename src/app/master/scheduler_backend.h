#pragma once

#include <optional>

#include "app/master/cluster_table.h"
#include "base/guarded.h"
#include "core/meta/cluster_store.h"

namespace dm::master {

/// Makes the bindings what they should be: recovery from the store, reaction to workers that come and go, and the
/// choice of partners. Writes to the store first, to the table after. `store` and `table` must outlive it. One caller
/// at a time (the scheduler's turn); the table may be read by others meanwhile. An Error leaves the table behind the
/// store: recover.
class SchedulerBackend {
  public:
    SchedulerBackend(meta::ClusterStore& store, Guarded<ClusterTable>& table) : store_(store), table_(table) {}

    /// Rebuilds the table from the store: bounds of dead or unknown workers and of unknown sources are deleted, the
    /// others written again to trigger workers that stopped meanwhile, free workers get the sources that wait. Records
    /// that cannot be read are logged and left out. Returns the revision of the read: watch keepalives from the next
    /// one.
    meta::Revision recover();

    /// A keepalive appeared. A worker nobody registered is logged and left alone.
    void worker_alive(const model::WorkerName& name);
    /// A keepalive is gone: its source goes to another worker if one is free.
    void worker_gone(const model::WorkerName& name);

    /// Finds a worker for an unbound source; nothing if none is free.
    std::optional<model::WorkerName> find_worker_for(const model::SourceId& id);
    /// Finds a source for a free worker; nothing if none waits.
    std::optional<model::SourceId> find_source_for(const model::WorkerName& name);
    /// Finds sources for all free workers.
    void settle();
    /// Both are free.
    void bind(const model::SourceId& id, const model::WorkerName& name);

  private:
    meta::ClusterStore& store_;
    Guarded<ClusterTable>& table_;
};

}  // namespace dm::master
