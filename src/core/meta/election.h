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

/// Leader election over a store: each candidate puts `/dm-master/leader/<id>` under its own lease; the key with the
/// oldest create revision leads. A member that comes back before its lease ended takes its place again at once.
/// `store` and `clock` must outlive it. `run` and `watch_leader` block and want a thread each; the rest may be called
/// from any thread.
class Election {
  public:
    struct Options {
        Leader self;
        std::chrono::seconds ttl{60};
    };
    /// This member leads until the token is stopped: its key was deleted or its lease lost, it was evicted, or `run` is
    /// to stop. Called on the thread of `run`; returning or throwing means resigning.
    using Lead = std::function<void(std::stop_token)>;

    Election(KvStore& store, Clock& clock, Options options);

    /// Campaigns for ever: holds a key, waits until it is the oldest, leads, and starts again, until stop. Failures of
    /// the store and of `lead` are logged and followed by another campaign 200 ms later. On return the own key is gone
    /// if the store could be reached.
    void run(std::stop_token stop, const Lead& lead);

    /// Calls `sink` with the present leader and at each change (nothing: no leader), until stop. Tries again on
    /// failures.
    void watch_leader(std::stop_token stop, const std::function<void(const std::optional<Leader>&)>& sink);

    /// Steps down and takes no part until `cancel_evict`. In memory only.
    void evict();
    void cancel_evict();
    [[nodiscard]] bool is_evicted() const { return evicted_.load(); }
    [[nodiscard]] bool is_leader() const { return fence().has_value(); }
    /// Condition that holds while this member leads: put it into each write of the leader (ClusterStore::fenced).
    /// Nothing if it does not lead.
    [[nodiscard]] std::optional<Compare> fence() const;

  private:
    void campaign_once(std::stop_token stop, const Lead& lead);
    [[nodiscard]] bool wait_for_turn(const Compare& mine, std::stop_token stop);
    void lead_term(const Compare& mine, std::stop_source term, const Lead& lead);
    void wait_until_lost(const Compare& mine, std::stop_token stop);
    void wait_for_change(Revision from, std::stop_token stop);

    KvStore& store_;
    Clock& clock_;
    Options options_;
    std::string key_;
    std::atomic<bool> evicted_{false};
    mutable std::mutex mutex_;
    std::optional<Compare> fence_;
    std::stop_source term_{std::nostopstate};  ///< of the present campaign
};

/// The value of the oldest key of an election, if there is one.
[[nodiscard]] std::optional<Leader> oldest_candidate(const GetResult& candidates);

}  // namespace dm::meta
