#pragma once

#include <memory>
#include <stop_token>
#include <vector>

#include "core/dml/conflict_table.h"
#include "unit/sync/pipeline.h"
#include "unit/sync/progress.h"
#include "unit/sync/sync_metrics.h"

namespace dm::sync {

/// Gives each change its number and its lane: one thread in which all decisions about order are made. Changes that
/// share a causality key keep their order, by going to the same lane or by waiting for the other. Free changes fill one
/// lane's slice before the next lane is taken: neighbouring transactions often change the same rows, and large batches
/// cost the target less per row. When nothing more waits, what has gathered goes out. Queues and progress outlive it.
class Sequencer {
  public:
    struct Options {
        std::size_t slice_rows = 100;            ///< a lane's changes are handed on when there are this many
        std::size_t slice_bytes = 512UL << 10U;  ///< or this much
        std::size_t spread_rows = 400;           ///< a larger transaction continues on another lane
    };
    Sequencer(Options options, SequencerQueue& input, std::vector<std::unique_ptr<LaneQueue>>& lanes,
              Progress& progress, SyncMetrics& metrics);

    /// Runs until the input is closed and drained, then closes the lanes; or until stop is requested.
    void run(std::stop_token stop);

  private:
    void take(const std::shared_ptr<const RowsItem>& item);
    void take(const TransactionEnd& end);
    void take(const FlushRequest& request);
    void hand_on(std::size_t lane);
    void hand_on_all();
    void choose_lane();

    Options options_;
    SequencerQueue& input_;
    std::vector<std::unique_ptr<LaneQueue>>& lanes_;
    Progress& progress_;
    SyncMetrics& metrics_;
    std::stop_token stop_;

    dml::ConflictTable conflicts_;
    std::vector<Slice> slices_;  // per lane, not yet handed on
    std::vector<std::size_t> slice_bytes_;
    bool has_waits_ = false;                 // a change in slices_ waits for another lane
    std::vector<dml::Sequence> handed_out_;  // per lane
    std::vector<dml::Sequence> applied_;     // per lane, as last seen
    dml::Sequence sequence_ = 0;
    std::uint32_t lane_ = 0;  // preferred for free changes
    std::size_t rows_on_lane_ = 0;
    std::vector<std::size_t> placed_;  // per lane, rows of the current event
    Clock::Duration blocked_{};        // by full queues, since the current event came
};

}  // namespace dm::sync
