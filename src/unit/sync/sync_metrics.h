#pragma once

#include <array>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "core/dml/row_change.h"
#include "core/model/location.h"

namespace dm::sync {

/// The series of one sync unit, named as dashboards and alerts expect. Called by intent; what takes a moment `since` is
/// called at the end of what is measured. Thread-safe. Registry and clock outlive it.
class SyncMetrics {
  public:
    struct Names {
        std::string task;
        std::string source_id;
        std::string worker;
    };
    enum class Statement : std::uint8_t { Begin, Change, Commit, Rollback };
    using Moment = Clock::TimePoint;

    SyncMetrics(metrics::Registry& registry, Names names, Clock& clock);
    SyncMetrics(const SyncMetrics&) = delete;
    SyncMetrics& operator=(const SyncMetrics&) = delete;

    [[nodiscard]] Moment now() const { return clock_.now(); }

    void event_read(std::size_t bytes, Moment since);
    void rows_decoded(dml::ChangeKind kind, std::size_t rows, Moment since);
    /// A rows event was handed on, or nothing of it was wanted.
    void rows_handled(dml::ChangeKind kind, bool is_handed_on, Moment since);
    /// The same for a statement.
    void query_handled(bool is_handed_on, Moment since);
    void conflicts_checked(Moment since);
    void jobs_added(const dml::TablePlan& plan, dml::ChangeKind kind, std::size_t lane, std::size_t rows);
    void slice_queued(std::size_t lane, Moment since);
    void drained(Moment since);
    void statement_executed(Statement kind, Moment since);
    void batch_applied(std::span<const dml::RowChange> changes, std::size_t lane, std::size_t statements, Moment since);
    void bytes_written(std::size_t bytes) { target_bytes_.add(static_cast<double>(bytes)); }
    /// Of one event: what its statements changed on the target.
    void ddl_executed(std::span<const model::TableName> targets, Moment since);
    void checkpoint_flushed(const model::Location& location, Clock::Duration since_last);
    /// `waiting`: for how long the oldest change that is not applied has been committed upstream; `lags`: of what was
    /// applied since this was last called.
    void lag_measured(std::chrono::microseconds waiting, std::span<const std::chrono::microseconds> lags);
    void queues_measured(std::size_t at_sequencer, std::span<const std::size_t> at_lanes);
    /// Until everything the upstream has is applied, at the speed of late.
    void remaining_measured(double seconds) { remaining_.set(seconds); }
    void master_seen(const model::Location& location);

  private:
    using JobKey = std::tuple<std::string, std::string, std::string_view, std::size_t>;  // schema, table, type, queue
    using Jobs = std::map<JobKey, metrics::Counter>;

    void make_per_event(const metrics::Labels& unit, const metrics::Labels& full);
    void make_per_batch(const metrics::Labels& unit, const metrics::Labels& full);
    metrics::Counter count_of(Jobs& jobs, const char* name, JobKey key);
    [[nodiscard]] double seconds_since(Moment since) const;
    void set_location(const std::array<metrics::Gauge, 2>& gauges, const model::Location& location);

    static constexpr std::size_t kQueues = 8;  // lanes beyond share a label

    const Names names_;
    Clock& clock_;
    metrics::Group series_;
    metrics::Histogram read_seconds_;
    metrics::Histogram event_size_;
    metrics::Histogram event_rows_;
    std::array<metrics::Histogram, 3> gen_seconds_;       // by kind of change
    std::array<metrics::Histogram, 3> dispatch_seconds_;  // by kind of change
    std::array<metrics::Histogram, 2> skip_seconds_;      // rows, query
    metrics::Histogram gen_query_seconds_;
    metrics::Histogram dml_exec_seconds_;
    metrics::Histogram ddl_exec_seconds_;
    metrics::Histogram conflict_seconds_;
    std::array<metrics::Histogram, kQueues> queue_seconds_;
    metrics::Histogram flush_seconds_;
    std::array<metrics::Histogram, 4> statement_seconds_;  // by kind of statement
    metrics::Histogram transaction_seconds_;
    metrics::Histogram query_seconds_;
    std::array<metrics::Histogram, kQueues> batch_rows_;
    std::array<metrics::Histogram, kQueues> batch_statements_;
    metrics::Histogram flush_interval_;
    metrics::Histogram lag_histogram_;
    metrics::Histogram commit_lag_;
    metrics::Gauge lag_;
    metrics::Gauge ideal_qps_;
    metrics::Gauge remaining_;
    metrics::Gauge sequencer_queue_;
    metrics::Gauge lane_queues_;
    std::vector<metrics::Gauge> lane_queue_;
    metrics::Counter transactions_;
    metrics::Counter target_bytes_;
    std::array<metrics::Gauge, 2> master_;  // file number, offset
    std::array<metrics::Gauge, 2> syncer_;

    std::mutex mutex_;  // guards what follows
    Jobs added_;
    Jobs finished_;
    std::size_t lanes_ = 1;
};

}  // namespace dm::sync
