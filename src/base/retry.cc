#include "base/retry.h"

#include <algorithm>

namespace dm {

std::optional<Clock::Duration> Backoff::next() {
    if (policy_.max_attempts != 0 && attempts_ >= policy_.max_attempts) return std::nullopt;
    ++attempts_;
    const Clock::Duration wait = next_;
    next_ = std::min(policy_.max_wait, std::chrono::duration_cast<Clock::Duration>(next_ * policy_.factor));
    return wait;
}

void Backoff::reset() {
    attempts_ = 1;
    next_ = policy_.initial_wait;
}

void retry(const RetryPolicy& policy, Clock& clock, std::stop_token stop, const std::function<void()>& attempt,
           const std::function<void(const Error&, Clock::Duration)>& on_retry) {
    Backoff backoff(policy);
    for (;;) {
        try {
            attempt();
            return;
        } catch (const Error& error) {
            if (error.retry_class() != RetryClass::Resume) throw;
            const auto wait = backoff.next();
            if (!wait) throw;
            if (on_retry) on_retry(error, *wait);
            if (!clock.sleep(*wait, stop)) throw;
        }
    }
}

}  // namespace dm
