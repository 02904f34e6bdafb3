#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

#include "base/clock.h"

namespace dm::copy {

/// Decides how many of the writers are at work at the same time. More writers hide the way to the target and use more
/// of its cores; more than it has cores for fight over them and over the target's latches, and all together write less.
/// So this begins with few, now and then tries twice or half as many, and keeps what writes clearly more bytes per
/// second. Small statements, each for another table, are as fast as their tables are created: the bytes say nothing,
/// and few write them. Thread-safe; outlives its turns.
class WriterPace {
  public:
    /// The right to work, given back when it is destroyed.
    class Turn {
      public:
        explicit Turn(WriterPace& pace) : pace_(&pace) {}
        Turn(Turn&& other) noexcept : pace_(std::exchange(other.pace_, nullptr)) {}
        Turn& operator=(Turn&&) = delete;
        ~Turn() {
            if (pace_ != nullptr) pace_->leave();
        }

      private:
        WriterPace* pace_;
    };

    /// There are `writers` writers. The clock outlives this.
    WriterPace(int writers, const Clock& clock);
    WriterPace(const WriterPace&) = delete;
    WriterPace& operator=(const WriterPace&) = delete;

    /// Waits until one more may work; nothing if stop was requested first.
    [[nodiscard]] std::optional<Turn> enter(std::stop_token stop);
    /// A statement of so many bytes was executed.
    void written(std::size_t bytes);
    /// So many may work now.
    [[nodiscard]] int allowed() const;

  private:
    void leave() noexcept;
    void judge_locked(double rate);
    void set_allowed_locked(int allowed);
    [[nodiscard]] int candidate_locked() const;

    const int writers_;
    const Clock& clock_;
    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    int inside_ = 0;
    int allowed_;
    int kept_;  ///< the best number so far; others are only tried
    double kept_rate_ = 0;
    bool is_upward_ = true;    ///< the next attempt is with more
    int windows_to_wait_ = 1;  ///< until the next attempt
    int patience_ = 1;         ///< doubles with each attempt that brought nothing
    int unsettled_ = 0;        ///< statements still to come that were begun under another number
    Clock::TimePoint window_began_;
    std::size_t bytes_ = 0;
    int statements_ = 0;
};

}  // namespace dm::copy
