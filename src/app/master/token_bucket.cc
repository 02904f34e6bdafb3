#include "app/master/token_bucket.h"

#include <algorithm>

namespace dm::master {

bool TokenBucket::take(Clock::Duration patience) {
    Clock::Duration wait{0};
    {
        const std::lock_guard lock(mutex_);
        const auto now = clock_.now();
        const std::chrono::duration<double> elapsed = now - filled_;
        tokens_ = std::min(burst_, tokens_ + elapsed.count() * per_second_);
        filled_ = now;
        if (tokens_ < 1) {
            wait =
                std::chrono::duration_cast<Clock::Duration>(std::chrono::duration<double>((1 - tokens_) / per_second_));
            if (wait > patience) return false;
        }
        tokens_ -= 1;
    }
    if (wait.count() > 0) clock_.sleep(wait, {});
    return true;
}

}  // namespace dm::master
