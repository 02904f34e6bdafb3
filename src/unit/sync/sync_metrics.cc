#include "unit/sync/sync_metrics.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

namespace dm::sync {
namespace {

constexpr std::array<std::string_view, 3> kChanges = {"insert", "update", "delete"};
constexpr const char* kAdded = "dm_syncer_added_jobs_total";
constexpr const char* kFinished = "dm_syncer_finished_jobs_total";

std::string_view name_of(dml::ChangeKind kind) { return kChanges.at(static_cast<std::size_t>(kind)); }

std::string queue_name(std::size_t queue) { return "q_" + std::to_string(queue); }

/// The number at the end of a binlog file's name.
double file_number(const std::string& file) {
    const auto dot = file.rfind('.');
    std::uint64_t number = 0;
    if (dot != std::string::npos) std::from_chars(file.data() + dot + 1, file.data() + file.size(), number);
    return static_cast<double>(number);
}

metrics::Labels with(metrics::Labels labels, const char* name, std::string_view value) {
    labels[name] = value;
    return labels;
}

/// 5 microseconds to 84 seconds.
const std::vector<double>& times() {
    static const auto limits = metrics::exponential_buckets(0.000005, 2, 25);
    return limits;
}

const std::vector<double>& small_numbers() {
    static const auto limits = metrics::linear_buckets(1, 50, 21);
    return limits;
}

}  // namespace

SyncMetrics::SyncMetrics(metrics::Registry& registry, Names names, Clock& clock)
    : names_(std::move(names)), clock_(clock), series_(registry, {{"task", names_.task}}) {
    const metrics::Labels unit = {{"source_id", names_.source_id}};
    const metrics::Labels full = with(unit, "worker", names_.worker);
    make_per_event(unit, full);
    make_per_batch(unit, full);
    lag_histogram_ = series_.histogram("dm_syncer_replication_lag", "replication lag in seconds", full,
                                       metrics::exponential_buckets(0.5, 2, 12));
    commit_lag_ = series_.histogram("dm_syncer_commit_lag", "seconds from commit upstream to commit at the target",
                                    full, metrics::exponential_buckets(0.0005, 2, 20));
    lag_ = series_.gauge("dm_syncer_replication_lag_gauge", "replication lag in seconds", full);
    remaining_ = series_.gauge("dm_syncer_remaining_time", "seconds until the upstream is caught up with", full);
    flush_interval_ = series_.histogram("dm_syncer_flush_checkpoints_time_interval",
                                        "time between two checkpoint flushes", full, small_numbers());
    for (const bool is_master : {true, false}) {
        const auto node = with(unit, "node", is_master ? "master" : "syncer");
        auto& gauges = is_master ? master_ : syncer_;
        gauges = {series_.gauge("dm_syncer_binlog_file", "number of the binlog file", node),
                  series_.gauge("dm_syncer_binlog_pos", "offset in the binlog file", node)};
    }
}

void SyncMetrics::make_per_event(const metrics::Labels& unit, const metrics::Labels& full) {
    read_seconds_ =
        series_.histogram("dm_syncer_read_binlog_duration", "time to get an event from the upstream", unit, times());
    event_size_ = series_.histogram("dm_syncer_binlog_event_size", "size of a binlog event", full,
                                    metrics::exponential_buckets(16, 2, 20));
    event_rows_ = series_.histogram("dm_syncer_binlog_event_row", "rows of a rows event", full,
                                    metrics::linear_buckets(0, 100, 101));
    const auto cost = [&](const std::string& stage) {
        return series_.histogram("dm_syncer_binlog_transform_cost", "time a stage takes for an event",
                                 with(full, "stage", stage), times());
    };
    for (std::size_t i = 0; i < kChanges.size(); ++i) {
        gen_seconds_.at(i) =
            cost("gen-" + std::string(kChanges.at(i) == "insert" ? "write" : kChanges.at(i)) + "-rows");
        dispatch_seconds_.at(i) =
            series_.histogram("dm_syncer_dispatch_binlog_duration", "time from a rows event to its hand-over",
                              with(unit, "type", kChanges.at(i)), times());
    }
    gen_query_seconds_ = cost("gen-query");
    dml_exec_seconds_ = cost("dml-exec");
    ddl_exec_seconds_ = cost("ddl-exec");
    for (std::size_t i = 0; i < skip_seconds_.size(); ++i) {
        skip_seconds_.at(i) = series_.histogram("dm_syncer_skip_binlog_duration", "time to pass over an event",
                                                with(unit, "type", i == 0 ? "rows" : "query"),
                                                metrics::exponential_buckets(0.0000005, 2, 25));
    }
    conflict_seconds_ = series_.histogram("dm_syncer_conflict_detect_duration",
                                          "time to order the rows of an event among all others", unit, times());
}

void SyncMetrics::make_per_batch(const metrics::Labels& unit, const metrics::Labels& full) {
    const auto add_job = [&](std::string_view type, std::string_view queue) {
        return series_.histogram("dm_syncer_add_job_duration", "time blocked on a full queue",
                                 with(with(unit, "type", type), "queueNo", queue), times());
    };
    const auto length = [&](std::string_view queue) {
        return series_.gauge("dm_syncer_queue_size", "what waits in a queue", with(unit, "queue_id", queue));
    };
    for (std::size_t queue = 0; queue < kQueues; ++queue) {
        const std::string name = queue_name(queue);
        queue_seconds_.at(queue) = add_job("dml", name);
        lane_queue_.push_back(length(name));
        const auto labels = with(full, "queueNo", name);
        const auto batch = [&](std::string_view type) {
            return series_.histogram("dm_syncer_replication_transaction_batch",
                                     "rows and statements of a downstream transaction", with(labels, "type", type),
                                     small_numbers());
        };
        batch_rows_.at(queue) = batch("rows");
        batch_statements_.at(queue) = batch("statements");
    }
    flush_seconds_ = add_job("flush", "admin queue");
    sequencer_queue_ = length("causality_input");
    lane_queues_ = length("dml_worker_input");
    constexpr std::array<std::string_view, 4> kStatements = {"begin", "stmt", "commit", "rollback"};
    for (std::size_t i = 0; i < kStatements.size(); ++i) {
        statement_seconds_.at(i) = series_.histogram("dm_syncer_stmt_duration_time", "duration of a statement",
                                                     {{"type", std::string(kStatements.at(i))}}, times());
    }
    transaction_seconds_ =
        series_.histogram("dm_syncer_txn_duration_time", "duration of a downstream transaction", full, times());
    query_seconds_ =
        series_.histogram("dm_syncer_query_duration_time", "duration of a downstream query", full, times());
    ideal_qps_ = series_.gauge("dm_syncer_ideal_qps", "statements per second if all appliers were busy", full);
    transactions_ =
        series_.counter("dm_syncer_finished_transaction_total", "downstream transactions of row changes", full);
    target_bytes_ = series_.counter("dm_syncer_target_bytes_total", "bytes of statements sent to the target", full);
}

double SyncMetrics::seconds_since(Moment since) const {
    return std::chrono::duration<double>(clock_.now() - since).count();
}

metrics::Counter SyncMetrics::count_of(Jobs& jobs, const char* name, JobKey key) {
    const std::lock_guard lock(mutex_);
    if (const auto found = jobs.find(key); found != jobs.end()) return found->second;
    const auto& [schema, table, type, queue] = key;
    const auto counter = series_.counter(
        name, name == kAdded ? "row changes and statements to be applied" : "row changes and statements applied",
        {{"type", std::string(type)},
         {"queueNo", type == "ddl" ? "admin queue" : queue_name(queue)},
         {"source_id", names_.source_id},
         {"worker", names_.worker},
         {"target_schema", schema},
         {"target_table", table}});
    return jobs.emplace(std::move(key), counter).first->second;
}

void SyncMetrics::event_read(std::size_t bytes, Moment since) {
    read_seconds_.observe(seconds_since(since));
    event_size_.observe(static_cast<double>(bytes));
}

void SyncMetrics::rows_decoded(dml::ChangeKind kind, std::size_t rows, Moment since) {
    event_rows_.observe(static_cast<double>(rows));
    gen_seconds_.at(static_cast<std::size_t>(kind)).observe(seconds_since(since));
}

void SyncMetrics::rows_handled(dml::ChangeKind kind, bool is_handed_on, Moment since) {
    const auto& histogram = is_handed_on ? dispatch_seconds_.at(static_cast<std::size_t>(kind)) : skip_seconds_[0];
    histogram.observe(seconds_since(since));
}

void SyncMetrics::query_handled(bool is_handed_on, Moment since) {
    (is_handed_on ? gen_query_seconds_ : skip_seconds_[1]).observe(seconds_since(since));
}

void SyncMetrics::conflicts_checked(Moment since) { conflict_seconds_.observe(seconds_since(since)); }

void SyncMetrics::jobs_added(const dml::TablePlan& plan, dml::ChangeKind kind, std::size_t lane, std::size_t rows) {
    count_of(added_, kAdded, {plan.target().schema, plan.target().table, name_of(kind), lane % kQueues})
        .add(static_cast<double>(rows));
}

void SyncMetrics::slice_queued(std::size_t lane, Moment since) {
    queue_seconds_.at(lane % kQueues).observe(seconds_since(since));
}

void SyncMetrics::drained(Moment since) { flush_seconds_.observe(seconds_since(since)); }

void SyncMetrics::statement_executed(Statement kind, Moment since) {
    statement_seconds_.at(static_cast<std::size_t>(kind)).observe(seconds_since(since));
}

void SyncMetrics::batch_applied(std::span<const dml::RowChange> changes, std::size_t lane, std::size_t statements,
                                Moment since) {
    const double seconds = seconds_since(since);
    const std::size_t queue = lane % kQueues;
    transaction_seconds_.observe(seconds);
    dml_exec_seconds_.observe(seconds);
    batch_rows_.at(queue).observe(static_cast<double>(changes.size()));
    batch_statements_.at(queue).observe(static_cast<double>(statements));
    transactions_.add();
    {
        const std::lock_guard lock(mutex_);
        lanes_ = std::max(lanes_, lane + 1);
        if (seconds > 0) ideal_qps_.set(static_cast<double>(lanes_ * statements) / seconds);
    }
    std::size_t begin = 0;
    for (std::size_t i = 1; i <= changes.size(); ++i) {
        if (i < changes.size() && changes[i].plan == changes[begin].plan && changes[i].kind == changes[begin].kind)
            continue;
        const auto& target = changes[begin].plan->target();
        count_of(finished_, kFinished, {target.schema, target.table, name_of(changes[begin].kind), queue})
            .add(static_cast<double>(i - begin));
        begin = i;
    }
}

void SyncMetrics::ddl_executed(std::span<const model::TableName> targets, Moment since) {
    const double seconds = seconds_since(since);
    query_seconds_.observe(seconds);
    ddl_exec_seconds_.observe(seconds);
    for (const auto& target : targets) {
        const JobKey key{target.schema, target.table, "ddl", 0};
        count_of(added_, kAdded, key).add();
        count_of(finished_, kFinished, key).add();
    }
}

void SyncMetrics::set_location(const std::array<metrics::Gauge, 2>& gauges, const model::Location& location) {
    gauges[0].set(file_number(location.position.file));
    gauges[1].set(static_cast<double>(location.position.offset));
}

void SyncMetrics::checkpoint_flushed(const model::Location& location, Clock::Duration since_last) {
    set_location(syncer_, location);
    flush_interval_.observe(std::chrono::duration<double>(since_last).count());
}

void SyncMetrics::lag_measured(std::chrono::microseconds waiting, std::span<const std::chrono::microseconds> lags) {
    const auto seconds = [](std::chrono::microseconds lag) { return std::chrono::duration<double>(lag).count(); };
    lag_.set(seconds(waiting));
    lag_histogram_.observe(seconds(waiting));
    for (const auto lag : lags) commit_lag_.observe(seconds(lag));
}

void SyncMetrics::queues_measured(std::size_t at_sequencer, std::span<const std::size_t> at_lanes) {
    std::array<std::size_t, kQueues> lengths{};
    std::size_t all = 0;
    for (std::size_t lane = 0; lane < at_lanes.size(); ++lane) {
        lengths.at(lane % kQueues) += at_lanes[lane];
        all += at_lanes[lane];
    }
    for (std::size_t queue = 0; queue < kQueues; ++queue) {
        lane_queue_.at(queue).set(static_cast<double>(lengths.at(queue)));
    }
    lane_queues_.set(static_cast<double>(all));
    sequencer_queue_.set(static_cast<double>(at_sequencer));
}

void SyncMetrics::master_seen(const model::Location& location) { set_location(master_, location); }

}  // namespace dm::sync
