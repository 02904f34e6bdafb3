#include "base/clock.h"

namespace dm {

Clock::TimePoint SystemClock::now() const { return std::chrono::steady_clock::now(); }

Clock::WallTime SystemClock::wall_now() const { return std::chrono::system_clock::now(); }

bool SystemClock::sleep(Duration duration, std::stop_token stop) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop, duration, [] { return false; });
    return !stop.stop_requested();
}

Clock::TimePoint ManualClock::now() const {
    const std::lock_guard lock(mutex_);
    return TimePoint(elapsed_);
}

Clock::WallTime ManualClock::wall_now() const {
    const std::lock_guard lock(mutex_);
    return WallTime(std::chrono::duration_cast<WallTime::duration>(elapsed_));
}

bool ManualClock::sleep(Duration duration, std::stop_token stop) {
    std::unique_lock lock(mutex_);
    const Duration deadline = elapsed_ + duration;
    ++sleepers_;
    changed_.notify_all();
    changed_.wait(lock, stop, [&] { return elapsed_ >= deadline; });
    --sleepers_;
    return !stop.stop_requested();
}

void ManualClock::advance(Duration duration) {
    const std::lock_guard lock(mutex_);
    elapsed_ += duration;
    changed_.notify_all();
}

void ManualClock::wait_for_sleepers(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return sleepers_ >= count; });
}

}  // namespace dm
