#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <stop_token>

namespace dm {

/// Source of time and the only way to wait for it. Implementations are thread-safe.
class Clock {
  public:
    using Duration = std::chrono::nanoseconds;
    using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;
    using WallTime = std::chrono::system_clock::time_point;

    virtual ~Clock() = default;
    Clock() = default;
    Clock(const Clock&) = delete;
    Clock& operator=(const Clock&) = delete;

    /// Monotonic time, for intervals and deadlines.
    [[nodiscard]] virtual TimePoint now() const = 0;
    /// Calendar time, for what people and servers see.
    [[nodiscard]] virtual WallTime wall_now() const = 0;
    /// Waits for `duration`. Returns false at once when `stop` is requested, before or during the wait.
    virtual bool sleep(Duration duration, std::stop_token stop) = 0;
};

/// The machine's clock.
class SystemClock final : public Clock {
  public:
    [[nodiscard]] TimePoint now() const override;
    [[nodiscard]] WallTime wall_now() const override;
    bool sleep(Duration duration, std::stop_token stop) override;
};

/// A clock that tests move by hand; both times start at the epoch. A sleeper wakes when `advance` passes its deadline.
class ManualClock final : public Clock {
  public:
    [[nodiscard]] TimePoint now() const override;
    [[nodiscard]] WallTime wall_now() const override;
    bool sleep(Duration duration, std::stop_token stop) override;

    void advance(Duration duration);
    /// Blocks until `count` threads are inside `sleep` and wait for a later time than now.
    void wait_for_sleepers(int count);

  private:
    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    Duration elapsed_{0};
    std::multiset<Duration> deadlines_;  ///< of those inside `sleep`
};

}  // namespace dm
