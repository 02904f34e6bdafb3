#include "app/worker/worker_metrics.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

namespace dm::worker {
namespace {

/// A counter that follows a figure that was counted elsewhere.
class Follower {
  public:
    Follower() = default;
    explicit Follower(metrics::Counter counter) : counter_(counter) {}
    void set(double value) {
        if (value <= shown_) return;
        counter_.add(value - shown_);
        shown_ = value;
    }

  private:
    metrics::Counter counter_;
    double shown_ = 0;
};

/// Passes everything on and says what a run ended with.
class CountedUnit final : public target::Unit {
  public:
    CountedUnit(std::unique_ptr<target::Unit> unit, std::function<void(const Error&)> on_error)
        : unit_(std::move(unit)), on_error_(std::move(on_error)) {}
    target::UnitOutcome run(std::stop_token stop) override {
        try {
            return unit_->run(std::move(stop));
        } catch (const Error& error) {
            on_error_(error);
            throw;
        }
    }
    void kill() noexcept override { unit_->kill(); }
    [[nodiscard]] target::UnitStatus status() const override { return unit_->status(); }

  private:
    const std::unique_ptr<target::Unit> unit_;
    const std::function<void(const Error&)> on_error_;
};

double number(std::uint64_t value) { return static_cast<double>(value); }

bool is_over(meta::Stage stage) { return stage == meta::Stage::Stopped || stage == meta::Stage::Finished; }

}  // namespace

/// A copy reads and writes in one go: it feeds the series of the dump and of the load.
struct WorkerMetrics::Copy {
    Copy(metrics::Registry& registry, const metrics::Labels& labels) : series(registry, labels) {
        constexpr const char* kChunks = "lightning_chunks";
        for (const char* state : {"estimated", "pending", "running", "finished", "failed"}) {
            chunks[state] = series.gauge(kChunks, "chunks of the copy", {{"state", state}});
        }
        for (const char* state : {"pending", "imported", "completed"}) {
            tables[state] =
                series.gauge("lightning_tables", "tables of the copy", {{"state", state}, {"result", "success"}});
        }
        bytes["total_restore"] = series.gauge("lightning_bytes", "bytes of the copy", {{"state", "total_restore"}});
        bytes["restored"] = series.gauge("lightning_bytes", "bytes of the copy", {{"state", "restored"}});
        for (const char* phase : {"total", "restore"}) {
            progress.push_back(
                series.gauge("lightning_progress", "share of the copy that is done", {{"phase", phase}}));
        }
        dumped_bytes = series.gauge("dumpling_dump_finished_size", "bytes copied");
        dumped_rows = series.gauge("dumpling_dump_finished_rows", "rows copied");
        dumped_tables = Follower(series.counter("dumpling_dump_finished_tables", "tables copied"));
        expected_rows = Follower(series.counter("dumpling_dump_estimate_total_rows", "rows as the server estimates"));
    }

    void show(const target::CopyStatus& status) {
        const auto& done = status.chunks;
        const double open = number(done.pending + done.running);
        const double left = number(status.bytes_total - std::min(status.bytes_total, status.bytes_done));
        const double per_chunk = done.done == 0 ? 0 : number(status.bytes_done) / number(done.done);
        chunks["estimated"].set(number(done.done) + std::max(open, per_chunk > 0 ? left / per_chunk : 0));
        chunks["pending"].set(number(done.pending));
        chunks["running"].set(number(done.running));
        chunks["finished"].set(number(done.done));
        chunks["failed"].set(number(done.failed));
        tables["pending"].set(number(status.tables_total));
        tables["imported"].set(number(status.tables_done));
        tables["completed"].set(number(status.tables_done));
        bytes["total_restore"].set(number(status.bytes_total));
        bytes["restored"].set(number(status.bytes_done));
        const bool is_complete = status.tables_total > 0 && status.tables_done == status.tables_total;
        const double share = status.bytes_total == 0 ? 0 : number(status.bytes_done) / number(status.bytes_total);
        for (const auto& gauge : progress) gauge.set(is_complete ? 1 : std::min(share, 0.9999));
        dumped_bytes.set(number(status.bytes_done));
        dumped_rows.set(number(status.rows_done));
        dumped_tables.set(number(status.tables_done));
        expected_rows.set(number(status.rows_total));
    }

    metrics::Group series;
    std::map<std::string, metrics::Gauge> chunks;
    std::map<std::string, metrics::Gauge> tables;
    std::map<std::string, metrics::Gauge> bytes;
    std::vector<metrics::Gauge> progress;
    metrics::Gauge dumped_bytes;
    metrics::Gauge dumped_rows;
    Follower dumped_tables;
    Follower expected_rows;
};

struct WorkerMetrics::Task {
    Task(metrics::Registry& registry, const metrics::Labels& labels) : series(registry, labels) {
        for (const UnitKind kind : {UnitKind::Copy, UnitKind::Sync}) {
            for (const bool is_resumable : {false, true}) {
                failures[{kind, is_resumable}] = series.counter(
                    kind == UnitKind::Copy ? "dm_loader_exit_with_error_count" : "dm_syncer_exit_with_error_count",
                    "runs that ended with an error", {{"resumable_err", is_resumable ? "true" : "false"}});
            }
        }
    }

    metrics::Group series;
    std::map<std::pair<UnitKind, bool>, metrics::Counter> failures;
    std::unique_ptr<metrics::Group> stage_series;
    metrics::Gauge stage;
    std::unique_ptr<Copy> copy;
};

WorkerMetrics::WorkerMetrics(metrics::Registry& registry, Clock& clock, std::string worker)
    : registry_(registry), worker_(std::move(worker)), process_(registry, clock, "dm_worker_cpu_usage") {
    for (const char* type : {"BeforeAnyOp", "SourceBound"}) {
        registry_.counter("dm_worker_operate_error", "failed operations", {{"worker", worker_}, {"type", type}});
    }
}

WorkerMetrics::~WorkerMetrics() = default;

void WorkerMetrics::operation_failed(const std::string& type) {
    registry_.counter("dm_worker_operate_error", "failed operations", {{"worker", worker_}, {"type", type}}).add();
}

UnitFactory WorkerMetrics::counted(UnitFactory make) {
    return [this, make = std::move(make)](UnitKind kind, const config::SubTaskConfig& config,
                                          std::stop_token stop) -> std::unique_ptr<target::Unit> {
        const auto on_error = [this, kind, task = config.name.str(), source = config.source_id.str()](
                                  const Error& error) { unit_failed(task, source, kind, error); };
        try {
            return std::make_unique<CountedUnit>(make(kind, config, std::move(stop)), on_error);
        } catch (const Error& error) {
            on_error(error);
            throw;
        }
    };
}

WorkerMetrics::Task& WorkerMetrics::find_locked(const std::string& task, const std::string& source) {
    auto& found = tasks_[{task, source}];
    if (!found) {
        found = std::make_unique<Task>(registry_, metrics::Labels{{"task", task}, {"source_id", source}});
    }
    return *found;
}

void WorkerMetrics::unit_failed(const std::string& task, const std::string& source, UnitKind kind, const Error& error) {
    const std::lock_guard lock(mutex_);
    find_locked(task, source).failures.at({kind, resumes_by_itself(error)}).add();
}

void WorkerMetrics::refresh(const std::string& source, const std::vector<SubTaskReport>& reports) {
    process_.refresh();
    const std::lock_guard lock(mutex_);
    std::set<std::string> known;
    for (const SubTaskReport& report : reports) {
        known.insert(report.name.str());
        const metrics::Labels labels = {{"task", report.name.str()}, {"source_id", source}};
        Task& task = find_locked(report.name.str(), source);
        if (is_over(report.stage)) {
            task.stage_series.reset();
        } else {
            if (!task.stage_series) {
                task.stage_series = std::make_unique<metrics::Group>(registry_, labels);
                task.stage = task.stage_series->gauge("dm_worker_task_state", "stage of a task's part on this worker",
                                                      {{"worker", worker_}});
            }
            task.stage.set(static_cast<double>(report.stage));
        }
        const auto* status = report.status ? std::get_if<target::CopyStatus>(&*report.status) : nullptr;
        if (status != nullptr) {
            if (!task.copy) task.copy = std::make_unique<Copy>(registry_, labels);
            task.copy->show(*status);
        } else {
            task.copy.reset();
        }
    }
    std::erase_if(
        tasks_, [&](const auto& entry) { return entry.first.second != source || !known.contains(entry.first.first); });
}

}  // namespace dm::worker
