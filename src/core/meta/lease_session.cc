#include "core/meta/lease_session.h"

#include <utility>

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

LeaseSession::~LeaseSession() {
    if (held_.lease != 0) give_up(held_.lease);
}

void LeaseSession::set_deadline(std::optional<Clock::TimePoint> deadline) {
    const std::lock_guard lock(mutex_);
    deadline_ = deadline;
}

/// An answer that comes after the deadline is too late, whatever it says: the holder may have been told already.
void LeaseSession::move_deadline(Clock::TimePoint deadline) {
    const std::lock_guard lock(mutex_);
    ensure(deadline_ && clock_.now() < *deadline_, ErrorCode::HaKeepAlive,
           fmt::format("the lease of {} was extended too late", options_.key));
    deadline_ = deadline;
}

bool LeaseSession::end_if_overdue() {
    const std::lock_guard lock(mutex_);
    if (!deadline_ || clock_.now() < *deadline_) return false;
    deadline_.reset();
    return true;
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

void LeaseSession::put_key(Held& held) {
    held.revision = store_.txn({}, {PutOp{.key = options_.key, .value = options_.value, .lease = held.lease}}).revision;
}

LeaseSession::Held LeaseSession::acquire() {
    Held held;
    held.ttl = wanted_ttl();
    held.renewed = clock_.now();
    held.lease = store_.grant_lease(held.ttl);
    try {
        put_key(held);
    } catch (...) {
        give_up(held.lease);
        throw;
    }
    return held;
}

/// The lease of an earlier run, if the store still has it.
std::optional<LeaseSession::Held> LeaseSession::take_up() {
    if (held_.lease == 0) return std::nullopt;
    Held held = held_;
    held.renewed = clock_.now();
    if (!store_.keep_alive(held.lease)) {
        held_.lease = 0;
        return std::nullopt;
    }
    put_key(held);
    log::info("the store still has the lease; it is taken up again", {{"key", options_.key}});
    return held;
}

void LeaseSession::begin() {
    const auto found = take_up();
    held_ = found ? *found : acquire();
    set_deadline(held_.renewed + held_.ttl);
}

void LeaseSession::extend_once() {
    if (held_.ttl != wanted_ttl()) {
        const LeaseId old = std::exchange(held_, acquire()).lease;
        give_up(old);
    } else {
        const auto asked = clock_.now();
        const bool is_alive = store_.keep_alive(held_.lease);
        if (!is_alive) held_.lease = 0;
        ensure(is_alive, ErrorCode::HaKeepAlive,
               fmt::format("the lease of {} is gone: it was not extended in time or was revoked", options_.key));
        held_.renewed = asked;
    }
    move_deadline(held_.renewed + held_.ttl);
}

void LeaseSession::extend() {
    try {
        extend_once();
    } catch (const Error& error) {
        if (error.code() == ErrorCode::HaKeepAlive) throw;
        if (clock_.now() - held_.renewed >= held_.ttl)
            throw Error(ErrorCode::HaKeepAlive,
                        fmt::format("the lease of {} could not be extended for {} s", options_.key, held_.ttl.count()))
                .with_cause(error);
        log::warn("a lease could not be extended and is tried again", {{"key", options_.key}, {"error", error.what()}});
    }
}

void LeaseSession::wait(std::stop_token stop) {
    std::stop_source wake;
    {
        const std::lock_guard lock(mutex_);
        if (ttl_ != held_.ttl) return;
        wake_ = wake;
    }
    const std::stop_callback forward(stop, [&] { wake.request_stop(); });
    // A third of the TTL from the last success; after a failure, often enough to use what is left of the TTL.
    const Clock::Duration turn = Clock::Duration(held_.ttl) / 3;
    const auto since = clock_.now() - held_.renewed;
    clock_.sleep(since < turn ? turn - since : Clock::Duration(held_.ttl) / 10, wake.get_token());
}

void LeaseSession::run(std::stop_token stop, const std::function<void(Revision)>& on_alive) {
    if (stop.stop_requested()) return;
    begin();
    try {
        if (on_alive) on_alive(held_.revision);
        while (!stop.stop_requested()) {
            wait(stop);
            if (!stop.stop_requested()) extend();
        }
    } catch (...) {
        set_deadline(std::nullopt);
        throw;
    }
    set_deadline(std::nullopt);
    give_up(std::exchange(held_.lease, 0));
}

}  // namespace dm::meta
