#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/step.h"
#include "core/meta/kv_store.h"
#include "core/meta/lease_session.h"
#include "core/model/names.h"

namespace dm::worker {

/// Keeps this worker's lease and the key that hangs on it alive, with one LeaseSession after another. When the lease
/// may have ended, by the store's word or because it could not be renewed for its whole time on our clock, `lost` is
/// called at once, whatever a pending call is doing, and a new lease is asked for every second. `began` and `lost`
/// alternate, `began` first, never at the same time. Destruction ends the renewal and revokes the lease, without
/// calling `lost`. `store` and `clock` must outlive it.
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
    /// One lease, from its grant to its end.
    struct Term {
        std::shared_ptr<meta::LeaseSession> session;
        std::stop_source stop{std::nostopstate};
    };

    void keep(std::stop_token stop);
    void guard(std::stop_token stop);
    void keep_one_term(std::stop_token stop);
    void begin_term();
    void end_term();

    meta::KvStore& store_;
    Clock& clock_;
    const Options options_;
    const Events events_;

    Guarded<Term> term_;
    std::mutex events_mutex_;  // one event at a time; held while it runs
    bool is_alive_ = false;    // under events_mutex_: began, and not lost since
    Step guard_;
    Step keep_;
};

}  // namespace dm::worker
