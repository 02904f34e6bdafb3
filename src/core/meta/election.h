#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "core/meta/kv_store.h"
#include "core/meta/records.h"

namespace dm::meta {

/// Leader election over a store: each candidate puts `/dm-master/leader/<lease>` under its own lease; the key with the
/// oldest create revision leads. `store` and `clock` must outlive it. `run` and `watch_leader` block and want a thread
/// each; the rest may be called from any thread.
class Election {
  public:
    struct Options {
        Leader self;
        std::chrono::seconds ttl{60};
    };
    struct Events {
        /// This member leads until the token is stopped (key deleted, lease lost, resigned). Called on the thread of
        /// `run`; returning means resigning.
        std::function<void(std::stop_token)> lead;
    };

    Election(KvStore& store, Clock& clock, Options options);

    /// Campaigns for ever: holds a key, waits until it is the oldest, leads, and starts again, until stop. Failures of
    /// the store are logged and tried again every 200 ms. On return the own key is gone if the store could be reached.
    void run(std::stop_token stop, const Events& events);

    /// Calls `sink` with the present leader and at each change (nothing: no leader), until stop. Tries again on failures.
    void watch_leader(std::stop_token stop, const std::function<void(const std::optional<Leader>&)>& sink);

    /// Steps down and takes no part until `cancel_evict`.
    void evict();
    void cancel_evict();
    [[nodiscard]] bool is_evicted() const { return evicted_.load(); }
    [[nodiscard]] bool is_leader() const;
    /// Condition that holds while this member leads: put it into each write of the leader. Nothing if it does not lead.
    [[nodiscard]] std::optional<Compare> fence() const;

  private:
    struct Candidacy;
    void campaign_once(std::stop_token stop, const Events& events);
    bool wait_for_turn(const Candidacy& mine, std::stop_token stop);

    KvStore& store_;
    Clock& clock_;
    Options options_;
    std::atomic<bool> evicted_{false};
    mutable std::mutex mutex_;
    std::optional<Compare> fence_;
    std::stop_source term_;
};

}  // namespace dm::meta
