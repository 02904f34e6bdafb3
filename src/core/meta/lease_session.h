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
/// it. `run` is called on one thread at a time; `change_ttl` may be called from any thread.
class LeaseSession {
  public:
    struct Options {
        std::string key;
        std::string value;
        std::chrono::seconds ttl{60};
    };

    LeaseSession(KvStore& store, Clock& clock, Options options);

    /// Grants a lease, puts the key under it, calls `on_alive` with the revision of the put, and keeps the lease alive
    /// until stop; then revokes it, so that watchers see the deletion at once. Throws Error{HaKeepAlive} as soon as the
    /// lease may have expired: it is gone, or could not be extended for one TTL. The holder must then stop its work
    /// without delay. Throws Error{HaLease} or Error{HaTxn} if the key could not be put in the first place.
    void run(std::stop_token stop, const std::function<void(Revision)>& on_alive);

    /// Moves the key to a new lease of this TTL without delay: watchers see a put and no deletion.
    void change_ttl(std::chrono::seconds ttl);

    /// From when on the store may have dropped the lease; nothing while `run` holds none. May be asked from any thread:
    /// a call of `run` to the store may hang for longer than the lease lives.
    [[nodiscard]] std::optional<Clock::TimePoint> deadline() const;

  private:
    struct Held {
        LeaseId lease = 0;
        std::chrono::seconds ttl{0};
        Clock::TimePoint renewed;  ///< not later than the store's own idea of it
        Revision revision = 0;
    };
    [[nodiscard]] Held acquire();
    void extend(Held& held);
    void give_up(LeaseId lease) noexcept;
    void set_deadline(std::optional<Clock::TimePoint> deadline);
    void wait(const Held& held, std::stop_token stop);
    [[nodiscard]] std::chrono::seconds wanted_ttl() const;

    KvStore& store_;
    Clock& clock_;
    Options options_;
    mutable std::mutex mutex_;
    std::chrono::seconds ttl_;
    std::stop_source wake_;  ///< ends the present wait
    std::optional<Clock::TimePoint> deadline_;
};

}  // namespace dm::meta
