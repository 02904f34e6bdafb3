#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>

#include "base/clock.h"
#include "base/error.h"
#include "unit/sync/translator.h"

namespace dm::sync {

/// How a run is going: the first failure of its steps, and how the translation ended. Thread-safe.
class RunState {
  public:
    void fail(const Error& error) {
        const std::lock_guard lock(mutex_);
        if (!failure_) failure_ = error;
        changed_.notify_all();
    }
    void end(StreamEnd how) {
        const std::lock_guard lock(mutex_);
        end_ = how;
        changed_.notify_all();
    }
    [[nodiscard]] std::optional<Error> failure() const {
        const std::lock_guard lock(mutex_);
        return failure_;
    }
    [[nodiscard]] std::optional<StreamEnd> stream_end() const {
        const std::lock_guard lock(mutex_);
        return end_;
    }
    /// Waits until the translation ended, a step failed or stop is requested.
    void wait(std::stop_token stop) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, std::move(stop), [&] { return failure_.has_value() || end_.has_value(); });
    }
    /// Waits for the end of the translation or a failure, at most so long.
    void wait_for(std::chrono::milliseconds time) {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, time, [&] { return failure_.has_value() || end_.has_value(); });
    }

  private:
    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    std::optional<Error> failure_;
    std::optional<StreamEnd> end_;
};

}  // namespace dm::sync
