#include "unit/sync/sync_unit.h"

#include "base/guarded.h"
#include "unit/sync/run.h"

namespace dm::sync {
namespace {

Rules compile_rules(const config::SubTaskConfig& config) {
    const auto online = config::online_ddl_names(config);
    return {.filter = rules::TableFilter(config.block_allow, config.case_sensitive, online),
            .router = rules::TableRouter(config.route_rules, config.case_sensitive, online),
            .events = rules::EventFilter(config.filter_rules, config.case_sensitive)};
}

}  // namespace

struct SyncUnit::State {
    State(config::SubTaskConfig given, Dependencies needed)
        : config(std::move(given)),
          dependencies(std::move(needed)),
          rules(compile_rules(config)),
          notices(config.strict, dependencies.metrics,
                  {{"task", config.name.str()},
                   {"source_id", config.source_id.str()},
                   {"worker", dependencies.worker_name}}),
          metrics(dependencies.metrics,
                  {.task = config.name.str(), .source_id = config.source_id.str(), .worker = dependencies.worker_name},
                  dependencies.clock) {}

    const config::SubTaskConfig config;
    const Dependencies dependencies;
    const Rules rules;
    Notices notices;
    SyncMetrics metrics;
    Guarded<std::shared_ptr<Run>> current;  // null between runs
    Guarded<target::SyncStatus> last;       // of the last run
};

SyncUnit::SyncUnit(config::SubTaskConfig config, Dependencies dependencies)
    : state_(std::make_unique<State>(std::move(config), std::move(dependencies))) {}

SyncUnit::~SyncUnit() = default;

target::UnitOutcome SyncUnit::run(std::stop_token stop) {
    State& state = *state_;
    const auto run = std::make_shared<Run>(state.config, state.dependencies, state.rules, state.notices, state.metrics);
    state.current.set(run);
    const auto leave = [&] {
        target::SyncStatus status;
        run->fill(status);
        status.seconds_behind = 0;
        state.last.set(status);
        state.current.set(nullptr);
    };
    try {
        const auto outcome = run->run(std::move(stop));
        leave();
        return outcome;
    } catch (...) {
        leave();
        throw;
    }
}

void SyncUnit::kill() noexcept {
    if (const auto run = state_->current.copy()) run->kill();
}

target::UnitStatus SyncUnit::status() const {
    target::SyncStatus status = state_->last.copy();
    if (const auto run = state_->current.copy()) run->fill(status);
    status.noticed = state_->notices.list();
    return status;
}

}  // namespace dm::sync
