#pragma once

#include <map>
#include <string>

#include "app/master/cluster_table.h"
#include "base/metrics.h"
#include "base/process_metrics.h"

namespace dm::master {

/// The master's series. Thread-safe except `show_workers`, which wants one caller at a time. Registry and clock outlive
/// it.
class MasterMetrics {
  public:
    MasterMetrics(metrics::Registry& registry, Clock& clock);

    void leader_started() const { starts_.add(); }
    void worker_event_failed() const { handle_errors_.add(); }
    void worker_watch_failed() const { watch_errors_.add(); }
    /// Reads anew what the system says of the process. Call before the series are shown.
    void refresh() { process_.refresh(); }
    /// One gauge per registered worker; an empty table (no leader) takes all away.
    void show_workers(const ClusterTable::Workers& workers);

  private:
    metrics::Registry& registry_;
    metrics::ProcessMetrics process_;
    metrics::Counter starts_;
    metrics::Counter handle_errors_;
    metrics::Counter watch_errors_;
    std::map<std::string, metrics::Gauge> workers_;
};

}  // namespace dm::master
