#include "app/worker/bound_watcher.h"

#include <utility>

#include "base/log.h"

namespace dm::worker {
namespace {

constexpr auto kRetryWait = std::chrono::milliseconds(500);

}  // namespace

BoundWatcher::BoundWatcher(model::WorkerName worker, SourceWorker::Dependencies dependencies)
    : worker_(std::move(worker)),
      dependencies_(std::move(dependencies)),
      follow_(
          "bound", [this](std::stop_token stop) { follow(std::move(stop)); },
          [](const Error& error) {
              log::error("bound watcher stopped", {{"error", error.what()}});
          }) {}

BoundWatcher::~BoundWatcher() { stop(); }

void BoundWatcher::stop() {
    follow_.request_stop();
    follow_.join();
    release();
}

/// Others may hold the source worker for a status: it is stopped here, wherever it is destroyed. Until then it is
/// shown, and a lost lease reaches it.
void BoundWatcher::release() {
    const std::shared_ptr<SourceWorker> current = current_.copy();
    if (!current) return;
    current->stop();
    current_.set(nullptr);
    log::info("source released", {{"source", current->source().source_id.str()}, {"worker", worker_.str()}});
}

void BoundWatcher::kill() noexcept {
    follow_.request_stop();
    if (const auto source_worker = current_.copy()) source_worker->kill();
}

void BoundWatcher::follow(std::stop_token stop) {
    while (!stop.stop_requested()) {
        try {
            const meta::WorkerAssignment assignment = dependencies_.store.load_assignment(worker_);
            if (assignment.bound) {
                const auto config = assignment.configs.find(assignment.bound->source);
                obey(assignment.bound->source,
                     config == assignment.configs.end() ? std::nullopt : std::optional(config->second));
            } else {
                obey(std::nullopt, std::nullopt);
            }
            const auto end =
                dependencies_.store.watch_bound(worker_, assignment.revision + 1, stop, [this](const auto& change) {
                    if (change.is_delete()) {
                        obey(std::nullopt, std::nullopt);
                    } else {
                        obey(change.record->source, dependencies_.store.get_source(change.record->source));
                    }
                });
            if (end == meta::WatchEnd::Stopped) return;
        } catch (const Error& error) {
            log::warn("cluster's memory is out of reach", {{"worker", worker_.str()}, {"error", error.what()}});
            dependencies_.clock.sleep(kRetryWait, stop);
        }
    }
}

/// Serves `source`, or none. The same source again changes nothing: the key is put anew when a leader starts. With
/// another configuration it is another source, created anew in a gap of the watch.
void BoundWatcher::obey(const std::optional<model::SourceId>& source, const std::optional<std::string>& config) {
    const std::shared_ptr<SourceWorker> current = current_.copy();
    const bool is_same = current && source && current->source().source_id == *source;
    if (is_same && (!config || *config == current_toml_)) return;
    release();
    problem_.set(std::nullopt);
    if (!source) return;
    try {
        serve(*source, config);
    } catch (const Error& error) {
        if (dependencies_.metrics != nullptr) dependencies_.metrics->operation_failed("SourceBound");
        log::error("source cannot be served", {{"source", source->str()}, {"error", error.what()}});
        problem_.set(Problem{.source = *source, .error = error});
    }
}

void BoundWatcher::serve(const model::SourceId& source, const std::optional<std::string>& config) {
    ensure(config.has_value(), ErrorCode::SchedulerSourceMissing,
           "source config with ID " + source.str() + " not exists, although the source is bound to this worker");
    auto made = std::make_shared<SourceWorker>(config::source_from_toml(*config), dependencies_);
    log::info("source bound", {{"source", source.str()}, {"worker", worker_.str()}});
    current_toml_ = *config;
    current_.set(std::move(made));
}

}  // namespace dm::worker
