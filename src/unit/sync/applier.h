#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <memory>
#include <span>
#include <stop_token>
#include <vector>

#include "base/clock.h"
#include "core/dml/batch_planner.h"
#include "core/dml/statement_builder.h"
#include "unit/sync/batch_sender.h"
#include "unit/sync/notices.h"
#include "unit/sync/pipeline.h"
#include "unit/sync/progress.h"
#include "unit/sync/session_links.h"
#include "unit/sync/sync_metrics.h"

namespace dm::sync {

/// What appliers share. All of it outlives them.
struct ApplierContext {
    Progress& progress;
    Notices& notices;
    SyncMetrics& metrics;
    Clock& clock;
    std::atomic<std::uint64_t>& bytes_to_target;
};

/// Applies one lane's changes, in batches of one transaction each, over a connection of its own. One thread. A batch
/// that fails for a passing reason (deadlock, lock wait, lost connection) is repeated with back-off, as a whole and in
/// the safe form, since it is not known how far it got. Changes of tables without transactions make batches of their
/// own. Anything else ends the run: nothing of the batch counts as applied.
class Applier {
  public:
    struct Options {
        std::size_t lane = 0;
        std::size_t batch_rows = 100;
        std::size_t batch_bytes = 4UL << 20U;
        bool merges_updates = true;
        bool multiple_rows = true;  ///< statements of several rows
        bool upserts = true;        ///< several updates as one statement, which inserts rows that were missing
        bool keeps_order = false;   ///< the target's sessions check foreign keys
        int max_attempts = 20;
    };
    Applier(Options options, ApplierContext context, LaneQueue& queue, SessionLinks& links, sql::SqlConnector connect);

    /// Runs until the queue is closed and drained, or stop is requested. Throws the error that ended it.
    void run(std::stop_token stop);

  private:
    bool fill_backlog(std::stop_token stop);
    [[nodiscard]] std::size_t batch_size() const;
    void apply_batch(std::size_t size, std::stop_token stop);
    /// Returns how many statements it took.
    std::size_t execute(std::span<const dml::RowChange> changes, bool is_repeated);

    Options options_;
    ApplierContext context_;
    LaneQueue& queue_;
    SessionLink link_;
    BatchSender sender_;
    dml::BatchPlanner planner_;
    std::deque<Job> backlog_;
    std::size_t backlog_bytes_ = 0;
};

}  // namespace dm::sync
