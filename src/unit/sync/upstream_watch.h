#pragma once

#include <chrono>
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

    struct Options {
        std::chrono::nanoseconds every = std::chrono::seconds(2);     ///< between two questions that nobody waits for
        std::chrono::nanoseconds patience = std::chrono::seconds(2);  ///< age of a question that counts as unanswered
    };
    UpstreamWatch() : UpstreamWatch(Options{}) {}
    explicit UpstreamWatch(Options options) : options_(options) {}

    /// Asks every now and then, and on demand, until stop. A question that fails makes the location zero.
    void run(std::stop_token stop, const Ask& ask);
    /// If a thread is inside `run`: a location asked for after this call began, or zero if the upstream leaves a
    /// question unanswered for too long; the age of one that is under way already counts. Zero before that: what was
    /// `set` may be old. The last known location afterwards.
    [[nodiscard]] model::Location fresh() const;
    [[nodiscard]] model::Location last() const;
    void set(model::Location location);

  private:
    using SteadyClock = std::chrono::steady_clock;

    const Options options_;
    mutable std::mutex mutex_;
    mutable std::condition_variable_any changed_;
    mutable std::uint64_t asked_ = 0;
    std::uint64_t answered_ = 0;
    bool has_begun_ = false;
    bool is_running_ = false;
    bool is_asking_ = false;
    SteadyClock::time_point asking_since_;
    model::Location location_;
};

}  // namespace dm::sync
