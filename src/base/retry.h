#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>

#include "base/clock.h"
#include "base/error.h"

namespace dm {

/// How often and how patiently something is tried again.
struct RetryPolicy {
    int max_attempts = 3;  ///< including the first; 0 = without limit
    Clock::Duration initial_wait = std::chrono::seconds(1);
    Clock::Duration max_wait = std::chrono::seconds(30);
    double factor = 2.0;
};

/// The waits of a policy, one after another. Not thread-safe.
class Backoff {
  public:
    explicit Backoff(RetryPolicy policy) : policy_(policy), next_(policy.initial_wait) {}

    /// The wait before the next attempt; nothing when the attempts are used up.
    [[nodiscard]] std::optional<Clock::Duration> next();
    void reset();

  private:
    RetryPolicy policy_;
    Clock::Duration next_;
    int attempts_ = 1;
};

/// Runs `attempt` until it returns, its error is not transient (RetryClass::Resume), the policy is used up or stop is
/// requested; then the last error is thrown. `on_retry` sees each error that is followed by another attempt.
void retry(const RetryPolicy& policy, Clock& clock, std::stop_token stop, const std::function<void()>& attempt,
           const std::function<void(const Error&, Clock::Duration)>& on_retry = {});

}  // namespace dm
