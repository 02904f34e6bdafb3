#pragma once

#include <mutex>
#include <stop_token>

#include "base/clock.h"

namespace dm::master {

/// Limits the rate of calls: `burst` at once, then `per_second`. Thread-safe. `clock` must outlive it.
class TokenBucket {
  public:
    TokenBucket(double per_second, int burst, Clock& clock)
        : clock_(clock), per_second_(per_second), burst_(burst), tokens_(burst), filled_(clock.now()) {}

    /// Takes a token, waiting for one if needed. False if it would not come within `patience`.
    [[nodiscard]] bool take(Clock::Duration patience);

  private:
    Clock& clock_;
    const double per_second_;
    const double burst_;
    std::mutex mutex_;
    double tokens_;  ///< negative: promised to callers that still wait
    Clock::TimePoint filled_;
};

}  // namespace dm::master
