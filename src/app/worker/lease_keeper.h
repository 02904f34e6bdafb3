#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/step.h"
#include "core/meta/kv_store.h"
#include "core/model/names.h"

namespace dm::worker {

/// Keeps this worker's lease and the key that hangs on it alive. When the lease may have ended, by the store's word or
/// because it could not be renewed for its whole time on our clock, `lost` is called at once, whatever a pending call
/// is doing, and a new lease is asked for every second. `began` and `lost` alternate, `began` first, never at the same
/// time. Destruction ends the renewal and revokes the lease, without calling `lost`. `store` and `clock` must outlive
/// it.
class LeaseKeeper {
  public:
    struct Options {
        model::WorkerName worker;
        std::chrono::seconds ttl{60};
    };
    struct Events {
        std::function<void()> began;
        std::function<void()> lost;
    };

    LeaseKeeper(meta::KvStore& store, Clock& clock, Options options, Events events);
    ~LeaseKeeper();
    LeaseKeeper(const LeaseKeeper&) = delete;
    LeaseKeeper& operator=(const LeaseKeeper&) = delete;

  private:
    struct Term {
        std::optional<meta::LeaseId> lease;
        Clock::TimePoint deadline{};  // the store may drop the lease from here on
    };

    void keep(std::stop_token stop);
    void guard(std::stop_token stop);
    void begin_term();
    bool renew(meta::LeaseId lease);
    void end_term(meta::LeaseId lease);

    meta::KvStore& store_;
    Clock& clock_;
    const Options options_;
    const Events events_;

    Guarded<Term> term_;
    std::mutex events_mutex_;  // one event at a time; held while it runs
    Step guard_;
    Step keep_;
};

}  // namespace dm::worker
