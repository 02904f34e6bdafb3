#include "unit/sync/upstream_watch.h"

#include <utility>

#include "base/error.h"
#include "base/log.h"

namespace dm::sync {
namespace {

model::Location ask_or_zero(const UpstreamWatch::Ask& ask) {
    try {
        return ask();
    } catch (const Error& error) {
        log::debug("the upstream could not be asked for its location", {{"error", error.what()}});
        return {};
    }
}

}  // namespace

void UpstreamWatch::run(std::stop_token stop, const Ask& ask) {
    std::unique_lock lock(mutex_);
    has_begun_ = is_running_ = true;
    while (!stop.stop_requested()) {
        changed_.wait_for(lock, stop, options_.every, [this] { return asked_ > answered_; });
        if (stop.stop_requested()) break;
        const std::uint64_t question = asked_;
        is_asking_ = true;
        asking_since_ = SteadyClock::now();
        lock.unlock();
        model::Location location = ask_or_zero(ask);
        lock.lock();
        is_asking_ = false;
        location_ = std::move(location);
        answered_ = question;
        changed_.notify_all();
    }
    is_running_ = false;
    changed_.notify_all();
}

/// Real time, whatever the clock: it bounds how long we wait for others.
model::Location UpstreamWatch::fresh() const {
    std::unique_lock lock(mutex_);
    if (!has_begun_) return {};
    const std::uint64_t question = ++asked_;
    const auto called_at = SteadyClock::now();
    changed_.notify_all();
    while (is_running_ && answered_ < question) {
        const auto deadline = (is_asking_ ? asking_since_ : called_at) + options_.patience;
        if (SteadyClock::now() >= deadline) return {};
        changed_.wait_until(lock, deadline);
    }
    return location_;
}

model::Location UpstreamWatch::last() const {
    const std::lock_guard lock(mutex_);
    return location_;
}

void UpstreamWatch::set(model::Location location) {
    const std::lock_guard lock(mutex_);
    location_ = std::move(location);
}

}  // namespace dm::sync
