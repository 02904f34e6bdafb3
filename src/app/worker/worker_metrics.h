#pragma once

#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "app/worker/subtask.h"
#include "base/metrics.h"
#include "base/process_metrics.h"

namespace dm::worker {

/// The worker's series beside those of its sync units: stages, failures, the progress of copies. Thread-safe. Registry
/// and clock outlive it; it outlives the units that `counted` gives.
class WorkerMetrics {
  public:
    WorkerMetrics(metrics::Registry& registry, Clock& clock, std::string worker);
    ~WorkerMetrics();
    WorkerMetrics(const WorkerMetrics&) = delete;
    WorkerMetrics& operator=(const WorkerMetrics&) = delete;

    /// The same factory, with a count of the units that cannot be made or whose run fails.
    [[nodiscard]] UnitFactory counted(UnitFactory make);
    /// A step of obeying the cluster's keys failed: `SourceBound` or `BeforeAnyOp`.
    void operation_failed(const std::string& type);
    /// Takes over what the subtasks of the bound source say; series of others disappear. Call before the series are
    /// shown.
    void refresh(const std::string& source, const std::vector<SubTaskReport>& reports);

  private:
    struct Task;  // series of one task
    struct Copy;  // series of its copy

    void unit_failed(const std::string& task, const std::string& source, UnitKind kind, const Error& error);
    Task& find_locked(const std::string& task, const std::string& source);

    metrics::Registry& registry_;
    const std::string worker_;
    metrics::ProcessMetrics process_;
    std::mutex mutex_;  // guards what follows
    std::map<std::pair<std::string, std::string>, std::unique_ptr<Task>> tasks_;
};

}  // namespace dm::worker
