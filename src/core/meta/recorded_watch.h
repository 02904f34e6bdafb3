#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/step.h"
#include "core/meta/kv_store.h"

namespace dm::meta {

/// For tests: watches on a thread of its own and remembers what came. The store must outlive it.
class RecordedWatch {
  public:
    RecordedWatch(KvStore& store, std::string prefix, Revision from)
        : step_(
              "test-watch",
              [this, &store, prefix = std::move(prefix), from](std::stop_token stop) {
                  const WatchEnd end =
                      store.watch(prefix, from, stop, [this](const auto& events, Revision) { note(events); });
                  const std::lock_guard lock(mutex_);
                  end_ = end;
                  changed_.notify_all();
              },
              [this](const Error& error) {
                  const std::lock_guard lock(mutex_);
                  error_ = error;
                  changed_.notify_all();
              }) {}

    /// The events, once there are at least `count`; fails the test if that takes 20 s.
    std::vector<WatchEvent> wait(std::size_t count) {
        std::unique_lock lock(mutex_);
        EXPECT_TRUE(changed_.wait_for(lock, kPatience, [&] { return events_.size() >= count || error_; }));
        return events_;
    }
    WatchEnd wait_end() {
        std::unique_lock lock(mutex_);
        EXPECT_TRUE(changed_.wait_for(lock, kPatience, [&] { return end_ || error_; }));
        EXPECT_TRUE(end_.has_value()) << (error_ ? error_->what() : "");
        return end_.value_or(WatchEnd::Stopped);
    }
    std::optional<Error> wait_error() {
        std::unique_lock lock(mutex_);
        EXPECT_TRUE(changed_.wait_for(lock, kPatience, [&] { return end_ || error_; }));
        return error_;
    }
    void request_stop() { step_.request_stop(); }
    [[nodiscard]] std::vector<std::size_t> batch_sizes() {
        const std::lock_guard lock(mutex_);
        return batches_;
    }

  private:
    static constexpr auto kPatience = std::chrono::seconds(20);

    void note(const std::vector<WatchEvent>& events) {
        const std::lock_guard lock(mutex_);
        events_.insert(events_.end(), events.begin(), events.end());
        batches_.push_back(events.size());
        changed_.notify_all();
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<WatchEvent> events_;
    std::vector<std::size_t> batches_;
    std::optional<WatchEnd> end_;
    std::optional<Error> error_;
    Step step_;
};

}  // namespace dm::meta
