#include "app/worker/lease_keeper.h"

#include "app/worker/wall_text.h"
#include "base/log.h"
#include "core/meta/keys.h"
#include "core/meta/records.h"

namespace dm::worker {
namespace {

constexpr auto kRetryWait = std::chrono::seconds(1);
constexpr auto kGuardStep = std::chrono::milliseconds(100);

}  // namespace

LeaseKeeper::LeaseKeeper(meta::KvStore& store, Clock& clock, Options options, Events events)
    : clock_(clock),
      options_(std::move(options)),
      events_(std::move(events)),
      session_(
          store, clock,
          {.key = meta::keys::keep_alive(options_.worker),
           .value = meta::to_text(meta::KeepAlive{.worker = options_.worker, .join_time = wall_text(clock.wall_now())}),
           .ttl = options_.ttl}),
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
}

void LeaseKeeper::keep(std::stop_token stop) {
    while (!stop.stop_requested()) {
        try {
            session_.run(stop, [this](meta::Revision) { begin_term(); });
        } catch (const Error& error) {
            log::warn("no lease; trying again", {{"error", error.what()}});
        }
        if (stop.stop_requested()) return;
        end_term();
        clock_.sleep(kRetryWait, stop);
    }
}

/// Watches the deadline on its own, because a renewal may hang for longer than the lease lives.
void LeaseKeeper::guard(std::stop_token stop) {
    while (clock_.sleep(kGuardStep, stop)) {
        const std::lock_guard lock(events_mutex_);
        if (is_alive_ && session_.end_if_overdue()) end_term_locked();
    }
}

void LeaseKeeper::begin_term() {
    const std::lock_guard lock(events_mutex_);
    is_alive_ = true;
    log::info("lease granted", {{"worker", options_.worker.str()}, {"ttl", options_.ttl.count()}});
    events_.began();
}

void LeaseKeeper::end_term() {
    const std::lock_guard lock(events_mutex_);
    end_term_locked();
}

void LeaseKeeper::end_term_locked() {
    if (!is_alive_) return;
    is_alive_ = false;
    log::error("lease lost: everything stops at once", {{"worker", options_.worker.str()}});
    events_.lost();
}

}  // namespace dm::worker
