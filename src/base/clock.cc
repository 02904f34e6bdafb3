#include "base/clock.h"

#include <iterator>

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
    const auto deadline = deadlines_.insert(elapsed_ + duration);
    changed_.notify_all();
    changed_.wait(lock, stop, [&] { return elapsed_ >= *deadline; });
    deadlines_.erase(deadline);
    return !stop.stop_requested();
}

void ManualClock::advance(Duration duration) {
    const std::lock_guard lock(mutex_);
    elapsed_ += duration;
    changed_.notify_all();
}

void ManualClock::wait_for_sleepers(int count) {
    std::unique_lock lock(mutex_);
    // Sleepers whose time has come but who have not run yet are on their way out.
    changed_.wait(lock, [&] { return std::distance(deadlines_.upper_bound(elapsed_), deadlines_.end()) >= count; });
}

}  // namespace dm
