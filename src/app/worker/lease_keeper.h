#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <stop_token>

#include "base/clock.h"
#include "base/step.h"
#include "core/meta/kv_store.h"
#include "core/meta/lease_session.h"
#include "core/model/names.h"

namespace dm::worker {

/// Keeps this worker's lease and the key that hangs on it alive. When the lease may have ended, by the store's word or
/// because it could not be renewed for its whole time on our clock, `lost` is called at once, whatever a pending call
/// is doing, and every second the store is asked whether it still has the lease, else for a new one: a store that was
/// away finds its workers where they were. `began` and `lost` alternate, `began` first, never at the same time.
/// Destruction ends the renewal and revokes the lease, without calling `lost`. `store` and `clock` must outlive it.
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
    void keep(std::stop_token stop);
    void guard(std::stop_token stop);
    void begin_term();
    void end_term();
    void end_term_locked();

    Clock& clock_;
    const Options options_;
    const Events events_;

    meta::LeaseSession session_;
    std::mutex events_mutex_;  // one event at a time; held while it runs
    bool is_alive_ = false;    // under events_mutex_: began, and not lost since
    Step guard_;
    Step keep_;
};

}  // namespace dm::worker
