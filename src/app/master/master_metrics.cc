#include "app/master/master_metrics.h"

namespace dm::master {
namespace {

const std::string kWorkerState = "dm_master_worker_state";

metrics::Counter event_errors(metrics::Registry& registry, const std::string& type) {
    return registry.counter("dm_master_worker_event_error", "worker keepalive events that were not handled",
                            {{"type", type}});
}

}  // namespace

MasterMetrics::MasterMetrics(metrics::Registry& registry, Clock& clock)
    : registry_(registry),
      process_(registry, clock, "dm_master_cpu_usage"),
      starts_(registry.counter("dm_master_start_leader_counter", "times this master started to lead")),
      handle_errors_(event_errors(registry, "handle")),
      watch_errors_(event_errors(registry, "watch")) {}

void MasterMetrics::show_workers(const ClusterTable::Workers& workers) {
    std::erase_if(workers_, [&](const auto& item) {
        const bool is_gone = !workers.contains(model::WorkerName(item.first));
        if (is_gone) registry_.remove(item.second, kWorkerState);
        return is_gone;
    });
    for (const auto& [name, row] : workers) {
        auto& gauge =
            workers_
                .try_emplace(name.str(), registry_.gauge(kWorkerState, "state of worker: 0 offline, 1 free, 2 bound",
                                                         {{"worker", name.str()}}))
                .first->second;
        gauge.set(static_cast<double>(row.stage()));
    }
}

}  // namespace dm::master
