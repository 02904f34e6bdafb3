#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "core/model/location.h"
#include "core/model/names.h"
#include "core/sql/sql_session.h"
#include "unit/copy/read_lock.h"

/// Places in the upstream's binlog that bracket reads of its tables. Which statement gives a safe answer differs per
/// server and was measured: `SHOW MASTER STATUS` and MariaDB's gtid_binlog_pos run ahead of what a read sees.
namespace dm::copy {

/// How locations will be compared when replicating: by GTID set or by file and offset.
enum class LocationUse : std::uint8_t { ByPosition, ByGtid };

/// A location such that every transaction on `tables` at or before it is visible to reads that start after the call. No
/// names: on any table. MariaDB: a consistent snapshot's own position, with a GTID set where that is what counts or all
/// tables are asked for. MySQL 5.7 and later by GTID: gtid_executed. Otherwise a read lock of milliseconds.
/// The session must not be in a transaction. Throws Error{CopyPositionUnknown} if the binlog is off or may not be read.
[[nodiscard]] model::Location measure_low(sql::SqlSession& session, LocationUse use,
                                          std::span<const model::TableName> tables, const LockPatience& patience);

/// Whether `measure_low` has to take a read lock on this server.
[[nodiscard]] bool needs_lock(sql::SqlSession& session, LocationUse use);

/// A location at or after every transaction that a read that ended before the call has seen. Takes no lock, and reads
/// nothing of the binlog.
[[nodiscard]] model::Location measure_high(sql::SqlSession& session);

/// Leaves `session` inside a read-only snapshot of `table` and returns its exact location: what is at or before it is
/// visible, the rest is not. MySQL: a lock on the table, by `helper`, just while the snapshot opens.
[[nodiscard]] model::Location open_snapshot(sql::SqlSession& session, sql::SqlSession& helper, LocationUse use,
                                            const model::TableName& table, const LockPatience& patience);

/// What the upstream has purged from its binlog.
struct PurgedBinlog {
    std::string first_file;   ///< oldest file that is still there; empty if it may not be asked
    model::GtidSet gtid_set;  ///< MySQL: gtid_purged
};

[[nodiscard]] PurgedBinlog read_purged(sql::SqlSession& session);

/// Whether everything after `location` can still be read.
[[nodiscard]] bool is_available(const model::Location& location, const PurgedBinlog& purged, LocationUse use);

}  // namespace dm::copy
