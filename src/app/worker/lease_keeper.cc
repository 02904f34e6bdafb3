#include "app/worker/lease_keeper.h"

#include <algorithm>

#include <fmt/chrono.h>

#include "base/log.h"
#include "core/meta/keys.h"
#include "core/meta/records.h"

namespace dm::worker {
namespace {

constexpr auto kRetryWait = std::chrono::seconds(1);
constexpr auto kGuardStep = std::chrono::milliseconds(100);

std::string join_time(const Clock& clock) {
    const auto now = clock.wall_now();
    const auto nanos =
        std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch()).count() % 1'000'000'000;
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:09}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(now)), nanos);
}

}  // namespace

LeaseKeeper::LeaseKeeper(meta::KvStore& store, Clock& clock, Options options, Events events)
    : store_(store),
      clock_(clock),
      options_(std::move(options)),
      events_(std::move(events)),
      guard_(
          "lease-guard", [this](std::stop_token stop) { guard(std::move(stop)); },
          [](const Error& error) {
              log::error("lease guard stopped", {{"error", error.what()}});
          }),
      keep_(
          "lease", [this](std::stop_token stop) { keep(std::move(stop)); },
          [](const Error& error) {
              log::error("lease renewal stopped", {{"error", error.what()}});
          }) {}

LeaseKeeper::~LeaseKeeper() {
    keep_.request_stop();
    guard_.request_stop();
    keep_.join();
    guard_.join();
    const std::optional<meta::LeaseId> lease = term_.copy().lease;
    if (!lease) return;
    try {
        store_.revoke_lease(*lease);
    } catch (const Error& error) {
        log::warn("lease not revoked; it ends by itself", {{"error", error.what()}});
    }
}

void LeaseKeeper::keep(std::stop_token stop) {
    while (!stop.stop_requested()) {
        try {
            begin_term();
        } catch (const Error& error) {
            log::warn("no lease; trying again", {{"error", error.what()}});
            clock_.sleep(kRetryWait, stop);
            continue;
        }
        const Clock::Duration pause = std::chrono::duration_cast<Clock::Duration>(options_.ttl) / 3;
        for (;;) {
            const std::optional<meta::LeaseId> lease = term_.copy().lease;
            if (!lease || !renew(*lease)) break;
            if (!clock_.sleep(pause, stop)) return;
        }
        clock_.sleep(kRetryWait, stop);
    }
}

/// Asks for a lease and puts the key under it. The deadline counts from before the request: the store's clock started
/// later.
void LeaseKeeper::begin_term() {
    const Clock::TimePoint asked = clock_.now();
    const meta::LeaseId lease = store_.grant_lease(options_.ttl);
    const meta::KeepAlive record{.worker = options_.worker, .join_time = join_time(clock_)};
    store_.txn(
        {},
        {meta::PutOp{.key = meta::keys::keep_alive(options_.worker), .value = meta::to_text(record), .lease = lease}});
    const std::lock_guard lock(events_mutex_);
    term_.set({.lease = lease, .deadline = asked + options_.ttl});
    log::info("lease granted", {{"worker", options_.worker.str()}, {"ttl", options_.ttl.count()}});
    events_.began();
}

/// False if the lease is over.
bool LeaseKeeper::renew(meta::LeaseId lease) {
    const Clock::TimePoint asked = clock_.now();
    try {
        if (store_.keep_alive(lease)) {
            term_.with([&](Term& term) {
                if (term.lease == lease) term.deadline = asked + options_.ttl;
            });
            return true;
        }
        end_term(lease);
        return false;
    } catch (const Error& error) {
        log::warn("lease not renewed", {{"error", error.what()}});
        return term_.copy().lease == lease;
    }
}

/// Watches the deadline on its own, because a renewal may hang for longer than the lease lives.
void LeaseKeeper::guard(std::stop_token stop) {
    while (clock_.sleep(kGuardStep, stop)) {
        const Term term = term_.copy();
        if (term.lease && clock_.now() >= term.deadline) end_term(*term.lease);
    }
}

void LeaseKeeper::end_term(meta::LeaseId lease) {
    const std::lock_guard lock(events_mutex_);
    const bool is_ours = term_.with([&](Term& term) {
        if (term.lease != lease) return false;
        term.lease.reset();
        return true;
    });
    if (!is_ours) return;
    log::error("lease lost: everything stops at once", {{"worker", options_.worker.str()}});
    events_.lost();
}

}  // namespace dm::worker
