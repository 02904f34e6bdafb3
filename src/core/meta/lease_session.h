#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "core/meta/kv_store.h"

namespace dm::meta {

/// One key kept alive by a lease: a worker's keepalive, a candidate of the election. `store` and `clock` must outlive
/// it. `run` is called on one thread at a time; `change_ttl` and `end_if_overdue` may be called from any thread.
/// Destruction revokes a lease that may still live.
class LeaseSession {
  public:
    struct Options {
        std::string key;
        std::string value;
        std::chrono::seconds ttl{60};
    };

    LeaseSession(KvStore& store, Clock& clock, Options options);
    ~LeaseSession();
    LeaseSession(const LeaseSession&) = delete;
    LeaseSession& operator=(const LeaseSession&) = delete;

    /// Grants a lease, puts the key under it, calls `on_alive` with the revision of the put, and keeps the lease alive
    /// until stop; then revokes it, so that watchers see the deletion at once. Throws Error{HaKeepAlive} as soon as the
    /// lease may have expired: it is gone, or could not be extended for one TTL. The holder must then stop its work
    /// without delay. Throws Error{HaLease} or Error{HaTxn} if the key could not be put in the first place.
    /// After it has thrown it may be called again: a lease that the store still has, because the store was away itself
    /// or came back from a restart, which gives leases their whole TTL again, is taken up; then watchers of the key
    /// have seen no deletion, only another put.
    void run(std::stop_token stop, const std::function<void(Revision)>& on_alive);

    /// Moves the key to a new lease of this TTL without delay: watchers see a put and no deletion.
    void change_ttl(std::chrono::seconds ttl);

    /// True once when the store may have dropped the lease by now: the holder must stop its work, and `run` throws
    /// Error{HaKeepAlive} whatever the store may still answer. For a thread of the holder's that watches over `run`,
    /// whose call to the store may hang for longer than the lease lives.
    [[nodiscard]] bool end_if_overdue();

  private:
    struct Held {
        LeaseId lease = 0;
        std::chrono::seconds ttl{0};
        Clock::TimePoint renewed;  ///< not later than the store's own idea of it
        Revision revision = 0;
    };
    [[nodiscard]] Held acquire();
    [[nodiscard]] std::optional<Held> take_up();
    void put_key(Held& held);
    void begin();
    void extend();
    void extend_once();
    void give_up(LeaseId lease) noexcept;
    void set_deadline(std::optional<Clock::TimePoint> deadline);
    void move_deadline(Clock::TimePoint deadline);
    void wait(std::stop_token stop);
    [[nodiscard]] std::chrono::seconds wanted_ttl() const;

    KvStore& store_;
    Clock& clock_;
    Options options_;
    Held held_;  ///< of the thread of `run`; the lease is 0 if none can be alive
    mutable std::mutex mutex_;
    std::chrono::seconds ttl_;
    std::stop_source wake_;                     ///< ends the present wait
    std::optional<Clock::TimePoint> deadline_;  ///< from when on the store may have dropped the lease; while it counts
};

}  // namespace dm::meta
