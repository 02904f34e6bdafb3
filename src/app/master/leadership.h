#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>

#include "app/master/master_metrics.h"
#include "app/master/scheduler.h"
#include "base/clock.h"
#include "base/guarded.h"
#include "base/step.h"
#include "core/meta/election.h"
#include "core/meta/kv_store.h"
#include "core/meta/write_batches.h"

namespace dm::master {

/// Who leads, as this member sees it. A plain value.
struct LeaderView {
    std::optional<meta::Leader> leader;
    std::shared_ptr<Scheduler> scheduler;  ///< set while this member leads and has recovered
    bool is_starting = false;              ///< elected, still recovering
};

/// Whether our own version is to be written over that of the cluster's store. Throws Error{ConfigFeatureMissing} for a
/// store that this program cannot take over.
[[nodiscard]] bool is_outdated(const std::optional<meta::ClusterVersion>& stored);

/// Campaigns for leadership and runs the scheduler while it leads: recovers it, then follows the workers' keepalives,
/// and reads everything again after a gap. Owns its threads, which end with it. The store, the clock and the metrics
/// must outlive it. `view`, `evict` and `cancel_evict` may be called from any thread.
class Leadership {
  public:
    Leadership(meta::KvStore& store, Clock& clock, MasterMetrics& metrics, meta::Election::Options options,
               meta::WriteLimits limits = {});

    void start();
    /// Resigns and waits for the threads.
    void stop();

    [[nodiscard]] LeaderView view() const { return view_.copy(); }
    void evict() { election_.evict(); }
    void cancel_evict() { election_.cancel_evict(); }

  private:
    void lead(std::stop_token stop);
    void follow_workers(Scheduler& scheduler, meta::Revision from, std::stop_token stop);

    meta::KvStore& store_;
    Clock& clock_;
    MasterMetrics& metrics_;
    const meta::WriteLimits limits_;
    meta::Election election_;
    Guarded<LeaderView> view_;
    std::optional<Step> campaign_;
    std::optional<Step> observe_;
};

}  // namespace dm::master
