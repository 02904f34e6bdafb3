#include "unit/sync/sync_metrics.h"

#include <charconv>
#include <chrono>

namespace dm::sync {
namespace {

double seconds(Clock::Duration duration) { return std::chrono::duration<double>(duration).count(); }

std::vector<double> linear_buckets(double start, double width, int count) {
    std::vector<double> limits;
    for (int i = 0; i < count; ++i) limits.push_back(start + width * i);
    return limits;
}

/// The number at the end of a binlog file's name.
double file_number(const std::string& file) {
    const auto dot = file.rfind('.');
    std::uint64_t number = 0;
    if (dot != std::string::npos) std::from_chars(file.data() + dot + 1, file.data() + file.size(), number);
    return static_cast<double>(number);
}

std::string_view job_type(dml::ChangeKind kind) {
    switch (kind) {
        case dml::ChangeKind::Insert:
            return "insert";
        case dml::ChangeKind::Update:
            return "update";
        case dml::ChangeKind::Delete:
            return "delete";
    }
    return "";
}

}  // namespace

SyncMetrics::SyncMetrics(metrics::Registry& registry, const Names& names) : registry_(registry), names_(names) {
    const metrics::Labels unit = {{"task", names.task}, {"source_id", names.source_id}};
    metrics::Labels full = unit;
    full["worker"] = names.worker;
    const auto times = metrics::exponential_buckets(0.000005, 2, 25);
    event_size_ = registry.histogram("dm_syncer_binlog_event_size", "size of a binlog event", full,
                                     metrics::exponential_buckets(16, 2, 20));
    event_rows_ =
        registry.histogram("dm_syncer_binlog_event_row", "rows of a rows event", full, linear_buckets(0, 100, 101));
    transaction_seconds_ =
        registry.histogram("dm_syncer_txn_duration_time", "duration of a downstream transaction", full, times);
    query_seconds_ = registry.histogram("dm_syncer_query_duration_time", "duration of a downstream query", full, times);
    lag_histogram_ = registry.histogram("dm_syncer_replication_lag", "replication lag in seconds", full,
                                        metrics::exponential_buckets(0.5, 2, 12));
    lag_ = registry.gauge("dm_syncer_replication_lag_gauge", "replication lag in seconds", full);
    transactions_ =
        registry.counter("dm_syncer_finished_transaction_total", "downstream transactions of row changes", full);
    flush_interval_ = registry.histogram("dm_syncer_flush_checkpoints_time_interval",
                                         "time between two checkpoint flushes", full, linear_buckets(1, 50, 21));
    metrics::Labels batch = full;
    batch["queueNo"] = "q_0";
    batch["type"] = "rows";
    batch_rows_ = registry.histogram("dm_syncer_replication_transaction_batch", "rows per downstream transaction",
                                     batch, linear_buckets(1, 50, 21));
    for (const bool is_master : {true, false}) {
        metrics::Labels node = unit;
        node["node"] = is_master ? "master" : "syncer";
        auto& gauges = is_master ? master_ : syncer_;
        gauges = {registry.gauge("dm_syncer_binlog_file", "number of the binlog file", node),
                  registry.gauge("dm_syncer_binlog_pos", "offset in the binlog file", node)};
    }
    for (std::size_t i = 0; i < failures_.size(); ++i) {
        metrics::Labels labels = unit;
        labels["resumable_err"] = i == 1 ? "true" : "false";
        failures_.at(i) = registry.counter("dm_syncer_exit_with_error_count", "runs that ended with an error", labels);
        failures_.at(i).add(0);
    }
}

metrics::Counter SyncMetrics::finished_jobs(const dml::TablePlan& plan, dml::ChangeKind kind) {
    const std::lock_guard lock(mutex_);
    const auto key = std::make_pair(plan.target(), kind);
    if (const auto found = jobs_.find(key); found != jobs_.end()) return found->second;
    const metrics::Labels labels = {
        {"type", std::string(job_type(kind))}, {"task", names_.task},     {"queueNo", "q_0"},
        {"source_id", names_.source_id},       {"worker", names_.worker}, {"target_schema", plan.target().schema},
        {"target_table", plan.target().table}};
    return jobs_
        .emplace(key, registry_.counter("dm_syncer_finished_jobs_total", "row changes and statements applied", labels))
        .first->second;
}

void SyncMetrics::batch_applied(std::span<const dml::RowChange> changes, Clock::Duration took) {
    transaction_seconds_.observe(seconds(took));
    batch_rows_.observe(static_cast<double>(changes.size()));
    transactions_.add();
    std::size_t begin = 0;
    for (std::size_t i = 1; i <= changes.size(); ++i) {
        if (i < changes.size() && changes[i].plan == changes[begin].plan && changes[i].kind == changes[begin].kind)
            continue;
        finished_jobs(*changes[begin].plan, changes[begin].kind).add(static_cast<double>(i - begin));
        begin = i;
    }
}

void SyncMetrics::ddl_executed(Clock::Duration took) { query_seconds_.observe(seconds(took)); }

void SyncMetrics::set_location(const std::array<metrics::Gauge, 2>& gauges, const model::Location& location) {
    gauges[0].set(file_number(location.position.file));
    gauges[1].set(static_cast<double>(location.position.offset));
}

void SyncMetrics::checkpoint_flushed(const model::Location& location, Clock::Duration since_last) {
    set_location(syncer_, location);
    flush_interval_.observe(seconds(since_last));
}

void SyncMetrics::lag_measured(double lag) {
    lag_.set(lag);
    lag_histogram_.observe(lag);
}

void SyncMetrics::master_seen(const model::Location& location) { set_location(master_, location); }

void SyncMetrics::run_failed(bool is_resumable) { failures_.at(is_resumable ? 1 : 0).add(); }

}  // namespace dm::sync
