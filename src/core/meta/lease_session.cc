#include "core/meta/lease_session.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/log.h"

namespace dm::meta {

LeaseSession::LeaseSession(KvStore& store, Clock& clock, Options options)
    : store_(store), clock_(clock), options_(std::move(options)), ttl_(options_.ttl) {}

std::chrono::seconds LeaseSession::wanted_ttl() const {
    const std::lock_guard lock(mutex_);
    return ttl_;
}

std::optional<Clock::TimePoint> LeaseSession::deadline() const {
    const std::lock_guard lock(mutex_);
    return deadline_;
}

void LeaseSession::set_deadline(std::optional<Clock::TimePoint> deadline) {
    const std::lock_guard lock(mutex_);
    deadline_ = deadline;
}

void LeaseSession::change_ttl(std::chrono::seconds ttl) {
    std::stop_source wake;
    {
        const std::lock_guard lock(mutex_);
        ttl_ = ttl;
        wake = wake_;
    }
    wake.request_stop();
}

void LeaseSession::give_up(LeaseId lease) noexcept {
    try {
        store_.revoke_lease(lease);
    } catch (...) {
        log::warn("a lease could not be revoked; its key stays until the lease expires",
                  {{"key", options_.key}, {"error", current_error().what()}});
    }
}

LeaseSession::Held LeaseSession::acquire() {
    Held held;
    held.ttl = wanted_ttl();
    held.renewed = clock_.now();
    held.lease = store_.grant_lease(held.ttl);
    try {
        held.revision =
            store_.txn({}, {PutOp{.key = options_.key, .value = options_.value, .lease = held.lease}}).revision;
    } catch (...) {
        give_up(held.lease);
        throw;
    }
    set_deadline(held.renewed + held.ttl);
    return held;
}

void LeaseSession::extend(Held& held) {
    const auto asked = clock_.now();
    try {
        if (held.ttl != wanted_ttl()) {
            const LeaseId old = held.lease;
            held = acquire();
            give_up(old);
            return;
        }
        ensure(store_.keep_alive(held.lease), ErrorCode::HaKeepAlive,
               fmt::format("the lease of {} is gone: it was not extended in time or was revoked", options_.key));
        held.renewed = asked;
        set_deadline(asked + held.ttl);
    } catch (const Error& error) {
        const bool is_over = clock_.now() - held.renewed >= held.ttl;
        if (error.code() == ErrorCode::HaKeepAlive) throw;
        if (is_over)
            throw Error(ErrorCode::HaKeepAlive,
                        fmt::format("the lease of {} could not be extended for {} s", options_.key, held.ttl.count()))
                .with_cause(error);
        log::warn("a lease could not be extended and is tried again", {{"key", options_.key}, {"error", error.what()}});
    }
}

void LeaseSession::wait(const Held& held, std::stop_token stop) {
    std::stop_source wake;
    {
        const std::lock_guard lock(mutex_);
        if (ttl_ != held.ttl) return;
        wake_ = wake;
    }
    const std::stop_callback forward(stop, [&] { wake.request_stop(); });
    // A third of the TTL from the last success; after a failure, often enough to use what is left of the TTL.
    const Clock::Duration turn = Clock::Duration(held.ttl) / 3;
    const auto since = clock_.now() - held.renewed;
    clock_.sleep(since < turn ? turn - since : Clock::Duration(held.ttl) / 10, wake.get_token());
}

void LeaseSession::run(std::stop_token stop, const std::function<void(Revision)>& on_alive) {
    if (stop.stop_requested()) return;
    Held held = acquire();
    try {
        if (on_alive) on_alive(held.revision);
        while (!stop.stop_requested()) {
            wait(held, stop);
            if (!stop.stop_requested()) extend(held);
        }
    } catch (...) {
        set_deadline(std::nullopt);
        give_up(held.lease);
        throw;
    }
    set_deadline(std::nullopt);
    give_up(held.lease);
}

}  // namespace dm::meta
