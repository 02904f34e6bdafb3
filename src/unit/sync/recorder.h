#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "base/bounded_queue.h"
#include "base/clock.h"
#include "core/checkpoint/table_points.h"
#include "unit/sync/progress.h"
#include "unit/sync/session_links.h"
#include "unit/sync/sync_metrics.h"
#include "unit/target/sync_checkpoint.h"

namespace dm::sync {

/// Writes the checkpoint: from time to time, when the pipeline has become idle, and on demand. `run` is one thread; the
/// rest may be called from any thread. It records the watermark only, so a failed change is never passed.
class Recorder {
  public:
    struct Options {
        Clock::Duration interval = std::chrono::seconds(30);
        Clock::Duration idle_interval = std::chrono::seconds(1);  ///< sooner when nothing is left to apply
        model::Location start;                                    ///< recorded while the watermark has not moved
        bool by_gtid = false;
        std::string start_server;  ///< to whose binlog the start belongs; empty: not known
        std::string server;        ///< to whose binlog later places belong; empty: not known
    };
    Recorder(Options options, target::SyncCheckpoint checkpoint, Progress& progress, SyncMetrics& metrics, Clock& clock,
             SessionLinks& links, sql::SqlConnector connect);

    /// Serves ticks and requests until `close` or stop.
    void run(std::stop_token stop);
    void close() noexcept { commands_.close(); }

    /// Time has passed; called about ten times a second.
    void tick();
    /// Writes now and waits until it is written; false if stop was requested first or the recorder is closed.
    [[nodiscard]] bool flush(std::stop_token stop);
    /// Writes by the caller's thread, before `run` began or after it ended. In good order: nothing after what is
    /// recorded has been applied, by this run or an earlier one, if indeed everything handed out is.
    void flush_alone(bool in_good_order);
    /// While held, only `flush` writes: a change of structure and its location must be recorded together.
    void hold(bool is_held) noexcept { is_held_ = is_held; }

    /// Places may belong to the binlog of another server by now.
    void forget_server() noexcept { knows_server_ = false; }
    [[nodiscard]] bool knows_server() const noexcept { return knows_server_ && !options_.server.empty(); }

    void set_point(const model::TableName& table, checkpoint::TablePoint point);
    void remove_point(const model::TableName& table);

    /// The global location recorded last.
    [[nodiscard]] model::Location flushed() const;

  private:
    enum class Command : std::uint8_t { Tick, Flush };

    void write(bool in_good_order);
    void write_if_due();

    Options options_;
    target::SyncCheckpoint checkpoint_;
    Progress& progress_;
    SyncMetrics& metrics_;
    Clock& clock_;
    SessionLink link_;
    BoundedQueue<Command> commands_{1000, 1000};
    std::atomic<bool> is_held_ = false;
    std::atomic<bool> knows_server_ = true;
    Clock::TimePoint last_write_;

    mutable std::mutex mutex_;             // guards what follows
    std::condition_variable_any written_;  // done_ has grown, or run has ended
    std::uint64_t asked_ = 0;
    std::uint64_t done_ = 0;
    checkpoint::TablePoints points_;
    model::Location flushed_;
};

}  // namespace dm::sync
