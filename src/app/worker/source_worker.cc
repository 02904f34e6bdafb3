#include "app/worker/source_worker.h"

#include <set>
#include <utility>

#include "base/fan_out.h"
#include "base/log.h"
#include "core/config/missing_features.h"

namespace dm::worker {
namespace {

using meta::Stage;

constexpr auto kRetryWait = std::chrono::milliseconds(500);

std::optional<Error> missing_feature(const config::SourceConfig& source) {
    try {
        config::refuse_missing_features(source);
        return std::nullopt;
    } catch (const Error& error) {
        return error;
    }
}

}  // namespace

SourceWorker::SourceWorker(config::SourceConfig source, Dependencies dependencies)
    : source_(std::move(source)),
      problem_(missing_feature(source_)),
      dependencies_(std::move(dependencies)),
      asker_(dependencies_.connect_source ? std::make_unique<UpstreamAsker>(dependencies_.connect_source(source_.from))
                                          : nullptr),
      follow_(
          "source", [this](std::stop_token stop) { follow(std::move(stop)); },
          [this](const Error& error) {
              log::error("source stopped", {{"source", source_.source_id.str()}, {"error", error.what()}});
          }) {}

SourceWorker::~SourceWorker() { stop(); }

void SourceWorker::stop() {
    follow_.request_stop();
    follow_.join();
    const Entries entries = entries_.copy();
    // All are told before the first is waited for, so that they drain at the same time.
    for (const auto& [task, entry] : entries) {
        if (entry.subtask) entry.subtask->pause();
    }
    for (const auto& [task, entry] : entries) {
        if (entry.subtask) entry.subtask->stop();
    }
}

std::vector<SubTaskReport> SourceWorker::reports(Detail detail, const std::optional<model::TaskName>& only) const {
    std::vector<std::pair<model::TaskName, Entry>> asked;
    for (auto& [task, entry] : entries_.copy()) {
        if (!only || *only == task) asked.emplace_back(task, std::move(entry));
    }
    std::vector<SubTaskReport> reports(asked.size());
    const auto ask = [&](std::size_t i) {
        const auto& [task, entry] = asked[i];
        reports[i] = report_of(task, entry, detail);
    };
    if (detail == Detail::All) {
        fan_out(asked.size(), ask);
    } else {
        for (std::size_t i = 0; i < asked.size(); ++i) ask(i);
    }
    return reports;
}

SubTaskReport SourceWorker::report_of(const model::TaskName& task, const Entry& entry, Detail detail) const {
    SubTaskReport report;
    if (!entry.subtask) {
        report.name = task;
        report.stage = Stage::Paused;
        report.errors.push_back(*entry.refusal);
        return report;
    }
    report = entry.subtask->report(detail);
    // A paused unit knows only where the source was when it paused.
    if (detail != Detail::All || report.stage != Stage::Paused || !report.status || !asker_) return report;
    if (auto* sync = std::get_if<target::SyncStatus>(&*report.status)) sync->learn_upstream(asker_->newest());
    return report;
}

bool SourceWorker::has_subtasks() const {
    return entries_.with([](const Entries& entries) { return !entries.empty(); });
}

void SourceWorker::kill() noexcept {
    follow_.request_stop();
    for (const auto& [task, entry] : entries_.copy()) {
        if (entry.subtask) entry.subtask->kill();
    }
}

/// Reads everything, then follows changes; starts over when the watch has a gap or the store was lost.
void SourceWorker::follow(std::stop_token stop) {
    while (!stop.stop_requested()) {
        try {
            const meta::SourceState state = dependencies_.store.load_source(source_.source_id);
            reconcile(state);
            const auto end = dependencies_.store.watch_subtask_stages(
                source_.source_id, state.revision + 1, stop, [this](const auto& change) { obey_change(change); });
            if (end == meta::WatchEnd::Stopped) return;
        } catch (const Error& error) {
            log::warn("cluster's memory is out of reach",
                      {{"source", source_.source_id.str()}, {"error", error.what()}});
            dependencies_.clock.sleep(kRetryWait, stop);
        }
    }
}

void SourceWorker::reconcile(const meta::SourceState& state) {
    for (const Error& problem : state.problems) {
        log::error("unreadable record in the cluster's memory",
                   {{"source", source_.source_id.str()}, {"error", problem.what()}});
    }
    std::set<model::TaskName> gone;
    for (const auto& [task, entry] : entries_.copy()) {
        // A stage that cannot be read tells nothing: the subtask goes on as it is.
        if (!state.subtask_stages.contains(task) && !state.unreadable_stages.contains(task)) gone.insert(task);
    }
    for (const model::TaskName& task : gone) drop(task);
    for (const auto& [task, stage] : state.subtask_stages) {
        const auto config = state.subtasks.find(task);
        obey(task, stage.expect, config == state.subtasks.end() ? std::nullopt : std::optional(config->second));
    }
}

void SourceWorker::obey_change(const meta::Change<meta::SubTaskId, meta::SubTaskStage>& change) {
    if (change.is_delete()) {
        drop(change.id.task);
        return;
    }
    obey(change.id.task, change.record->expect, dependencies_.store.get_subtask(change.id));
}

/// A subtask whose configuration is another one, or was stored anew, is not the one that is running here: its end and
/// its new beginning fell into a gap of the watch.
void SourceWorker::obey(const model::TaskName& task, Stage expect, const std::optional<meta::StoredConfig>& config) {
    if (!config) {
        log::error("stage without a configuration", {{"task", task.str()}, {"source", source_.source_id.str()}});
        return;
    }
    const Entry present = entries_.with([&](Entries& entries) {
        const auto found = entries.find(task);
        return found == entries.end() ? Entry{} : found->second;
    });
    if (present.subtask && present.config != *config) drop(task);
    const bool is_new = !present.subtask || present.config != *config;
    if (is_new) {
        Entry made = make_entry(task, *config);
        entries_.with([&](Entries& entries) { entries[task] = std::move(made); });
    }
    const std::shared_ptr<SubTask> subtask = entries_.with([&](Entries& entries) { return entries[task].subtask; });
    if (!subtask) return;
    if (expect == Stage::Running) {
        subtask->resume();
    } else if (!is_new) {
        subtask->pause();
    }
}

SourceWorker::Entry SourceWorker::make_entry(const model::TaskName& task, const meta::StoredConfig& stored) {
    try {
        config::SubTaskConfig config = config::subtask_from_toml(stored.toml);
        // The store may have been written by TiDB DM, or by hand.
        if (problem_) throw *problem_;
        config::refuse_missing_features(config::task_from_subtasks({config}));
        config::apply_source(config, source_);
        return {.config = stored,
                .subtask = std::make_shared<SubTask>(std::move(config),
                                                     SubTask::Dependencies{.clock = dependencies_.clock,
                                                                           .make_unit = dependencies_.make_unit,
                                                                           .checker = source_.checker}),
                .refusal = {}};
    } catch (const Error& error) {
        if (dependencies_.metrics != nullptr) dependencies_.metrics->operation_failed("BeforeAnyOp");
        log::error("subtask cannot be made",
                   {{"task", task.str()}, {"source", source_.source_id.str()}, {"error", error.what()}});
        return {.config = stored, .subtask = nullptr, .refusal = error};
    }
}

void SourceWorker::drop(const model::TaskName& task) {
    const Entry dropped = entries_.with([&](Entries& entries) {
        const auto found = entries.find(task);
        if (found == entries.end()) return Entry{};
        Entry entry = std::move(found->second);
        entries.erase(found);
        return entry;
    });
    if (dropped.subtask) dropped.subtask->stop();
    log::info("subtask removed", {{"task", task.str()}, {"source", source_.source_id.str()}});
}

}  // namespace dm::worker
