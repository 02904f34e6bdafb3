#pragma once

#include <array>
#include <map>
#include <mutex>
#include <span>
#include <string>

#include "base/clock.h"
#include "base/metrics.h"
#include "core/dml/row_change.h"
#include "core/model/location.h"

namespace dm::sync {

/// The series of one sync unit, named as dashboards and alerts expect. Called by intent. Thread-safe. The registry
/// outlives it.
class SyncMetrics {
  public:
    struct Names {
        std::string task;
        std::string source_id;
        std::string worker;
    };
    SyncMetrics(metrics::Registry& registry, const Names& names);
    SyncMetrics(const SyncMetrics&) = delete;
    SyncMetrics& operator=(const SyncMetrics&) = delete;

    void event_read(std::size_t bytes) { event_size_.observe(static_cast<double>(bytes)); }
    void rows_decoded(std::size_t rows) { event_rows_.observe(static_cast<double>(rows)); }
    void batch_applied(std::span<const dml::RowChange> changes, Clock::Duration took);
    void ddl_executed(Clock::Duration took);
    void checkpoint_flushed(const model::Location& location, Clock::Duration since_last);
    void lag_measured(double seconds);
    void master_seen(const model::Location& location);
    void run_failed(bool is_resumable);

  private:
    metrics::Counter finished_jobs(const dml::TablePlan& plan, dml::ChangeKind kind);
    void set_location(const std::array<metrics::Gauge, 2>& gauges, const model::Location& location);

    metrics::Registry& registry_;
    Names names_;
    metrics::Histogram event_size_;
    metrics::Histogram event_rows_;
    metrics::Histogram transaction_seconds_;
    metrics::Histogram batch_rows_;
    metrics::Histogram query_seconds_;
    metrics::Histogram flush_interval_;
    metrics::Histogram lag_histogram_;
    metrics::Gauge lag_;
    metrics::Counter transactions_;
    std::array<metrics::Gauge, 2> master_;  // file number, offset
    std::array<metrics::Gauge, 2> syncer_;
    std::array<metrics::Counter, 2> failures_;  // not resumable, resumable

    std::mutex mutex_;  // guards jobs_
    std::map<std::pair<model::TableName, dml::ChangeKind>, metrics::Counter> jobs_;
};

}  // namespace dm::sync
