#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include "base/clock.h"
#include "core/checkpoint/watermark.h"
#include "core/dml/conflict_table.h"

namespace dm::sync {

/// What has been handed to the appliers and what they have done: where the steps meet. Thread-safe.
class Progress {
  public:
    /// The clock outlives it.
    Progress(std::size_t lanes, const Clock& clock) : clock_(clock), applied_(lanes, 0), tracker_(lanes) {}

    // By the sequencer.

    /// A transaction ended: `handed_out` is per lane the last number given to it.
    void add_boundary(std::span<const dml::Sequence> handed_out, checkpoint::Boundary boundary);
    /// Everything up to a flush request has been handed out.
    void pass_ticket(std::span<const dml::Sequence> handed_out, std::uint64_t ticket);
    /// Per lane the last number applied.
    void copy_applied(std::vector<dml::Sequence>& out) const;

    // By the appliers.

    void apply(std::size_t lane, dml::Sequence sequence, std::size_t rows);
    [[nodiscard]] bool are_applied(std::span<const dml::Dependency> waits) const;
    /// Waits until they are; false if stop was requested first.
    [[nodiscard]] bool wait_applied(std::span<const dml::Dependency> waits, std::stop_token stop);

    // By the translator.

    /// Waits until everything before the ticket is applied; false if stop was requested first.
    [[nodiscard]] bool wait_drained(std::uint64_t ticket, std::stop_token stop);

    /// While it lives, an event of the transaction `at` is held up by a server: by a statement on structures, or by a
    /// question that has no answer yet. One within another's life says nothing.
    class HeldUp {
      public:
        HeldUp(Progress& progress, const checkpoint::Boundary& at);
        ~HeldUp();
        HeldUp(const HeldUp&) = delete;
        HeldUp& operator=(const HeldUp&) = delete;

      private:
        Progress& progress_;
        bool is_outer_ = false;
    };

    // By anyone.

    /// Nothing more will be applied: all waits end, now and later, as if stop were requested.
    void abort() noexcept;
    [[nodiscard]] bool is_aborted() const;

    struct Snapshot {
        std::optional<checkpoint::Boundary> watermark;
        bool is_drained = false;
        bool is_at_newest = false;  ///< nothing known lies beyond the watermark
        /// Of what was handed out, or else what has been held up for a second or more.
        std::optional<checkpoint::Boundary> oldest_pending;
        std::uint64_t rows = 0;
    };
    [[nodiscard]] Snapshot snapshot() const;

    /// How long after their commit upstream, by our clock, transactions were applied since this was last called: one
    /// figure each time the watermark moved, of the newest it reached, at most a thousand.
    [[nodiscard]] std::vector<std::chrono::microseconds> take_lags();

  private:
    void advance_locked();

    const Clock& clock_;
    mutable std::mutex mutex_;
    std::condition_variable_any changed_;  // a lane applied something, a ticket passed
    std::vector<dml::Sequence> applied_;
    checkpoint::WatermarkTracker tracker_;
    std::uint64_t ticket_ = 0;
    std::uint64_t rows_ = 0;
    std::vector<std::chrono::microseconds> lags_;
    bool is_aborted_ = false;
    std::optional<checkpoint::Boundary> held_up_;
    Clock::TimePoint held_up_since_;
};

}  // namespace dm::sync
