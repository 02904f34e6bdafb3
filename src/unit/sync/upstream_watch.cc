#include "unit/sync/upstream_watch.h"

#include <utility>

#include "base/error.h"
#include "base/log.h"

namespace dm::sync {
namespace {

constexpr auto kEvery = std::chrono::seconds(2);
constexpr auto kPatience = std::chrono::seconds(5);

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
    is_running_ = true;
    while (!stop.stop_requested()) {
        changed_.wait_for(lock, stop, kEvery, [this] { return asked_ > answered_; });
        if (stop.stop_requested()) break;
        const std::uint64_t question = asked_;
        lock.unlock();
        model::Location location = ask_or_zero(ask);
        lock.lock();
        location_ = std::move(location);
        answered_ = question;
        changed_.notify_all();
    }
    is_running_ = false;
    changed_.notify_all();
}

model::Location UpstreamWatch::fresh() const {
    std::unique_lock lock(mutex_);
    const std::uint64_t question = ++asked_;
    changed_.notify_all();
    changed_.wait_for(lock, kPatience, [&] { return !is_running_ || answered_ >= question; });
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
