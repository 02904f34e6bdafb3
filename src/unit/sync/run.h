#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "base/step.h"
#include "core/schema/tracker.h"
#include "unit/sync/applier.h"
#include "unit/sync/binlog_history.h"
#include "unit/sync/run_state.h"
#include "unit/sync/sequencer.h"
#include "unit/sync/start_point.h"
#include "unit/sync/sync_unit.h"
#include "unit/sync/upstream_watch.h"

namespace dm::sync {

/// What a run shows to other threads while it goes on. Thread-safe.
struct RunView {
    std::atomic<std::uint64_t> bytes_to_target = 0;
    std::atomic<std::uint64_t> recent_rows_per_second = 0;
    std::atomic<std::uint64_t> average_rows_per_second = 0;
    std::atomic<std::int64_t> seconds_behind = 0;
    std::atomic<std::int64_t> lag_us = 0;        ///< of the last transaction applied, or of one that waits longer
    std::atomic<std::int64_t> clock_offset = 0;  ///< microseconds the upstream's clock is ahead
};

/// One run of the unit: its queues, its steps and how they are started and ended. Made and used by one thread; `kill`
/// and the views may be used by others while it lives.
class Run {
  public:
    Run(const config::SubTaskConfig& config, const SyncUnit::Dependencies& dependencies, const Rules& rules,
        Notices& notices, SyncMetrics& metrics);
    ~Run();

    /// Reads what is recorded, then runs the steps to their end. Throws the first failure.
    target::UnitOutcome run(std::stop_token stop);
    void kill() noexcept;
    void fill(target::SyncStatus& status) const;

  private:
    struct Pipeline;

    void prepare(std::stop_token stop);
    [[nodiscard]] checkpoint::SafeMode choose_safe_mode(const checkpoint::CheckpointContent& content,
                                                        const StartPoint& start, Translator::Options& options);
    void start_steps();
    void stop_steps(bool in_good_order, const std::stop_token& stop);
    void cut_after(std::chrono::milliseconds patience, std::stop_token stop);
    [[nodiscard]] target::UnitOutcome finish(StreamEnd how);
    void watch(std::stop_token stop);
    void poll_upstream(std::stop_token stop);
    void measure();
    void measure_remaining(const model::Location& upstream);

    const config::SubTaskConfig& config_;
    const SyncUnit::Dependencies& dependencies_;
    const Rules& rules_;
    Notices& notices_;
    SyncMetrics& metrics_;
    RunView view_;
    RunState state_;
    SessionLinks links_;           ///< to the target
    SessionLinks upstream_links_;  ///< to the upstream
    SessionLinks polling_links_;   ///< to the upstream, for the questions nothing depends on
    SessionLink upstream_;
    SessionLink downstream_;
    SessionLink polling_;
    UpstreamWatch upstream_location_;
    std::string server_;                            ///< the upstream's name when the run began
    HistoryWatch history_;                          // of the preparing thread, then of the polling one
    std::optional<Clock::TimePoint> estimated_at_;  // of the polling thread
    std::uint64_t bytes_when_estimated_ = 0;        // of the polling thread
    bool is_there_already_ = false;                 ///< `run_until` is not after the start
    std::atomic<bool> is_killed_ = false;
    std::atomic<bool> is_cut_ = false;  ///< stopping took too long: statements were ended

    mutable std::mutex mutex_;  // guards pipeline_ itself against kill and fill while it is made
    std::unique_ptr<Pipeline> pipeline_;
};

}  // namespace dm::sync
