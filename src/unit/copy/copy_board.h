#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <variant>
#include <vector>

#include "unit/copy/table_job.h"
#include "unit/target/unit.h"

namespace dm::copy {

/// What a reader is to do next.
struct StartTables {
    std::vector<std::shared_ptr<TableJob>> jobs;  ///< one large table or several small ones
};
struct SplitTable {
    std::shared_ptr<TableJob> job;
    std::vector<std::string> after;  ///< key the last chunk ended with; empty: from the beginning
    std::int64_t next_number = 1;
};
struct ReadChunk {
    std::shared_ptr<Chunk> chunk;
};
struct FinishTables {
    std::vector<std::shared_ptr<TableJob>> jobs;
};
using Work = std::variant<StartTables, SplitTable, ReadChunk, FinishTables>;

/// How a table went on after it was started.
struct StartedTable {
    std::vector<std::shared_ptr<Chunk>> chunks;  ///< to be read, from an earlier run, or the whole of a keyless table
    std::vector<std::string> after;              ///< where splitting continues
    std::int64_t next_number = 1;
    bool is_split = false;  ///< no more chunks will come
};

/// A table that was begun and is not over.
struct ActiveTable {
    std::shared_ptr<TableJob> job;
    target::CopyPhase phase = target::CopyPhase::Starting;
};

/// Decides what the readers do next: keeps enough chunks ready, starts tables in the given order when there is nothing
/// better to do, and finishes those whose chunks are all settled; small tables many at a time, so that what is asked
/// and recorded once for all of them is. Knows nothing of SQL. All methods are thread-safe.
class CopyBoard {
  public:
    /// `readers` is how many will ask for work.
    explicit CopyBoard(int readers) : readers_(readers) {}

    void add(std::shared_ptr<TableJob> job);

    /// Waits for work; nothing when all tables are done or stop is requested.
    [[nodiscard]] std::optional<Work> next(std::stop_token stop);

    void table_started(const std::shared_ptr<TableJob>& job, StartedTable started);
    /// New chunks in key order; `is_last`: the table has no rows after them.
    void table_split(const std::shared_ptr<TableJob>& job, std::vector<std::shared_ptr<Chunk>> chunks, bool is_last);
    void chunk_done(const Chunk& chunk);
    void chunk_again(std::shared_ptr<Chunk> chunk);
    void table_done(const std::shared_ptr<TableJob>& job);
    /// The table's copy is void: it is started anew, after all its chunks are settled.
    void table_again(const std::shared_ptr<TableJob>& job);

    [[nodiscard]] bool is_finished() const;
    /// Waits until every table is done; false if stop was requested first.
    bool wait_finished(std::stop_token stop);
    /// Tables that are being copied now.
    [[nodiscard]] std::vector<ActiveTable> active() const;
    [[nodiscard]] std::size_t done_count() const;
    /// How chunks went so far; `failed` counts repetitions.
    [[nodiscard]] target::ChunkCounts chunk_counts() const;

  private:
    struct Active {
        std::shared_ptr<TableJob> job;
        std::vector<std::string> after;
        std::int64_t next_number = 1;
        int open_chunks = 0;
        bool is_started = false;
        bool is_split = false;
        bool is_busy = false;  ///< a reader is starting, splitting or finishing it
    };

    std::optional<Work> choose_locked();
    std::optional<Work> finish_locked(bool is_only_choice);
    std::optional<Work> start_locked();
    Active& find_locked(const TableJob* job);
    void erase_locked(const TableJob* job);
    bool is_finished_locked() const { return waiting_.empty() && active_.empty(); }

    const int readers_;
    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<std::shared_ptr<TableJob>> waiting_;
    std::vector<std::unique_ptr<Active>> active_;
    std::deque<std::shared_ptr<Chunk>> ready_;
    std::size_t done_ = 0;
    target::ChunkCounts chunks_;  // done and failed
};

}  // namespace dm::copy
