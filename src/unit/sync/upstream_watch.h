#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <stop_token>

#include "core/model/location.h"

namespace dm::sync {

/// The upstream's newest location, asked for again and again by one thread, and at once when someone wants to know.
/// `fresh` and `last` may be called from any thread.
class UpstreamWatch {
  public:
    /// Asks the upstream; throws Error if it does not answer.
    using Ask = std::function<model::Location()>;

    /// Asks every two seconds, and on demand, until stop. A question that fails makes the location zero.
    void run(std::stop_token stop, const Ask& ask);
    /// A location asked for after this call began; waits for it, 5 s at most, if a thread is inside `run`. The last
    /// known one otherwise.
    [[nodiscard]] model::Location fresh() const;
    [[nodiscard]] model::Location last() const;
    void set(model::Location location);

  private:
    mutable std::mutex mutex_;
    mutable std::condition_variable_any changed_;
    mutable std::uint64_t asked_ = 0;
    std::uint64_t answered_ = 0;
    bool is_running_ = false;
    model::Location location_;
};

}  // namespace dm::sync
