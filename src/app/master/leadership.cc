#include "app/master/leadership.h"

#include <fmt/format.h>

#include "base/log.h"
#include "base/version.h"

namespace dm::master {
namespace {

constexpr auto kWatchPause = std::chrono::milliseconds(500);

void report(const Error& error) { log::error("a thread of the leadership ended", {{"error", error.what()}}); }

}  // namespace

bool is_outdated(const std::optional<meta::ClusterVersion>& stored) {
    using meta::ClusterVersion;
    const std::uint64_t number = stored ? stored->internal_no : 0;  // 0: never written
    ensure(number == 0 || number >= ClusterVersion::kOldest, ErrorCode::ConfigFeatureMissing,
           fmt::format("taking over the store of a cluster of {} (internal version {}) is not part of this version; "
                       "upgrade the cluster with TiDB DM 2 itself first",
                       stored ? stored->release : "", number));
    return number < ClusterVersion::kCurrent;
}

Leadership::Leadership(meta::KvStore& store, Clock& clock, MasterMetrics& metrics, meta::Election::Options options,
                       meta::WriteLimits limits)
    : store_(store), clock_(clock), metrics_(metrics), limits_(limits), election_(store, clock, std::move(options)) {}

void Leadership::start() {
    campaign_.emplace(
        "campaign",
        [this](const std::stop_token& stop) {
            election_.run(stop, [this](const std::stop_token& term) { lead(term); });
        },
        report);
    observe_.emplace(
        "leader-watch",
        [this](const std::stop_token& stop) {
            election_.watch_leader(stop, [this](const std::optional<meta::Leader>& leader) {
                if (leader) {
                    log::info("leader", {{"name", leader->id}, {"addr", leader->addr}});
                } else {
                    log::info("no leader");
                }
                view_.with([&](LeaderView& view) { view.leader = leader; });
            });
        },
        report);
}

void Leadership::stop() {
    if (observe_) observe_->request_stop();
    campaign_.reset();
    observe_.reset();
}

void Leadership::lead(std::stop_token stop) {
    metrics_.leader_started();
    view_.with([](LeaderView& view) { view.is_starting = true; });
    try {
        const auto fence = election_.fence();
        const meta::ClusterStore plain(store_, clock_, stop, limits_);
        auto scheduler = std::make_shared<Scheduler>(fence ? plain.fenced(*fence) : plain);
        // First: what an older version has written is not to be put in order.
        const bool writes_version = is_outdated(scheduler->store().get_version());
        const meta::Revision revision = scheduler->recover();
        if (writes_version) {
            scheduler->store().put_version(
                {.internal_no = meta::ClusterVersion::kCurrent, .release = std::string(kReleaseVersion)});
        }
        log::info("this master leads",
                  {{"cluster-id", scheduler->store().read_or_create_id()}, {"revision", revision}});
        view_.with([&](LeaderView& view) {
            view.scheduler = scheduler;
            view.is_starting = false;
        });
        follow_workers(*scheduler, revision + 1, stop);
    } catch (const Error& error) {
        log::error("this master cannot lead and resigns", {{"error", error.what()}});
        clock_.sleep(kWatchPause, stop);  // gives another member its chance
    }
    view_.with([](LeaderView& view) {
        view.scheduler.reset();
        view.is_starting = false;
    });
    log::info("this master does not lead any more");
}

void Leadership::follow_workers(Scheduler& scheduler, meta::Revision from, std::stop_token stop) {
    while (!stop.stop_requested()) {
        try {
            const auto end = scheduler.store().watch_keep_alives(
                from, stop, [&](const meta::Change<model::WorkerName, meta::KeepAlive>& change) {
                    try {
                        if (change.is_delete()) {
                            scheduler.worker_gone(change.id, change.revision);
                        } else {
                            scheduler.worker_alive(change.id, change.revision);
                        }
                    } catch (const Error&) {
                        metrics_.worker_event_failed();
                        throw;
                    }
                });
            if (end == meta::WatchEnd::Stopped) return;
            log::warn("the store has forgotten the revision the workers were watched from; everything is read again");
        } catch (const Error& error) {
            if (stop.stop_requested()) return;
            metrics_.worker_watch_failed();
            log::warn("workers are not watched for a moment; everything is read again", {{"error", error.what()}});
        }
        bool is_recovered = false;
        while (!is_recovered && clock_.sleep(kWatchPause, stop)) {
            try {
                from = scheduler.recover() + 1;
                is_recovered = true;
            } catch (const Error& error) {
                log::warn("the store cannot be read; trying again", {{"error", error.what()}});
            }
        }
    }
}

}  // namespace dm::master
