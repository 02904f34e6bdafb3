#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "core/model/location.h"
#include "core/model/names.h"

namespace dm::target {

/// How a unit's run ended without an error.
enum class UnitOutcome : std::uint8_t {
    Finished,  ///< its work is done: the next unit may start
    Complete,  ///< copy only: the task's work is done, replication has nothing to add
    Stopped,   ///< it was asked to stop; running again continues
    Recopy,  ///< sync only: the copy of some tables is void, their progress has been dropped: run copy again, then sync
};

/// What is done with a table: its structure and target are made, rows are copied, what is missing is added.
enum class CopyPhase : std::uint8_t { Starting, Copying, Finishing };

/// Progress of one table.
struct TableProgress {
    model::TableName source;
    CopyPhase phase = CopyPhase::Copying;
    std::uint64_t rows_done = 0;
    std::uint64_t rows_total = 0;  ///< the server's estimate
    std::uint64_t bytes_done = 0;
    std::uint64_t bytes_total = 0;  ///< the server's estimate
};

/// Counters of what was noticed and passed over: shown so that nothing is ignored silently.
struct Noticed {
    std::string kind;   ///< for example "statement-format DML", "unknown event", "zero affected rows"
    std::string where;  ///< table or location of the first
    std::uint64_t count = 0;
};

/// Pieces of tables, of the current run.
struct ChunkCounts {
    std::uint64_t pending = 0;
    std::uint64_t running = 0;
    std::uint64_t done = 0;
    std::uint64_t failed = 0;  ///< and read again
};

/// Full copy, shown as the Load unit.
struct CopyStatus {
    std::uint64_t bytes_done = 0;
    std::uint64_t bytes_total = 0;
    std::uint64_t rows_done = 0;
    std::uint64_t rows_total = 0;
    std::uint64_t tables_done = 0;
    std::uint64_t tables_total = 0;
    std::int64_t bytes_per_second = 0;  ///< over the last seconds
    model::Location low;                ///< smallest position any table's copy started from; zero until known
    ChunkCounts chunks;
    std::uint64_t tables_copying = 0;   ///< begun and not over
    std::vector<TableProgress> tables;  ///< of these a few, those with most bytes left first
    std::vector<Noticed> noticed;
};

/// Incremental replication.
struct SyncStatus {
    model::Location upstream;  ///< the upstream's newest location; zero if it could not be asked
    model::Location flushed;   ///< global checkpoint
    bool by_gtid = false;      ///< GTID sets are compared, not positions
    bool is_synced = false;    ///< all that is known to be upstream is applied; never if nothing is known
    std::string binlog_type;   ///< "remote" or "local"
    std::int64_t seconds_behind = 0;
    double lag_seconds = 0;  ///< from commit upstream to commit at the target, of late
    std::uint64_t total_rows = 0;
    std::uint64_t total_rows_per_second = 0;
    std::uint64_t recent_rows_per_second = 0;
    std::uint64_t bytes_to_target = 0;
    std::uint64_t bytes_from_source = 0;
    std::vector<std::string> blocking_ddls;
    std::vector<Noticed> noticed;

    /// Takes the upstream's newest location, zero if it is not known, and compares it with what is flushed.
    void learn_upstream(model::Location newest) {
        upstream = std::move(newest);
        const bool is_equal = by_gtid ? flushed.gtid_set == upstream.gtid_set : flushed.position == upstream.position;
        is_synced = !upstream.is_zero() && is_equal;
    }
};

using UnitStatus = std::variant<CopyStatus, SyncStatus>;

/// A job of a subtask. Owned by the subtask, which calls `run` from one thread; `status` may be called from any thread.
class Unit {
  public:
    virtual ~Unit() = default;
    Unit() = default;
    Unit(const Unit&) = delete;
    Unit& operator=(const Unit&) = delete;

    /// Works until done or `stop` is requested. Stopping drains what is in flight and records progress; it takes at
    /// most about a second. Throws Error when it cannot go on; running again then continues from the recorded progress.
    virtual UnitOutcome run(std::stop_token stop) = 0;
    /// Ends a run as soon as possible without draining: the lease is lost and another worker may be writing.
    /// Thread-safe.
    virtual void kill() noexcept = 0;
    [[nodiscard]] virtual UnitStatus status() const = 0;
};

}  // namespace dm::target
