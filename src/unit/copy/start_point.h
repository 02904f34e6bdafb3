#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/error.h"
#include "core/model/location.h"
#include "core/model/names.h"
#include "core/sql/sql_session.h"

/// Places in the upstream's binlog that bracket reads of its tables. Which statement gives a safe answer differs per
/// server and was measured: `SHOW MASTER STATUS` and MariaDB's gtid_binlog_pos run ahead of what a read sees.
namespace dm::copy {

/// How locations will be compared when replicating: by GTID set or by file and offset.
enum class LocationUse : std::uint8_t { ByPosition, ByGtid };

/// A location such that every transaction on `table` at or before it is visible to reads that start after the call. An
/// empty name asks for all tables. MariaDB: a consistent snapshot's own position. MySQL 5.7 and later by GTID:
/// gtid_executed. Otherwise a read lock of milliseconds, global or, without that privilege, on the table.
/// The session must not be in a transaction. Throws Error{CopyPositionUnknown} if the binlog is off or may not be read.
[[nodiscard]] model::Location measure_low(sql::SqlSession& session, LocationUse use, const model::TableName& table);

/// Whether the server refused for want of a privilege (1044, 1045, 1142, 1227) or does not have the command (1235).
[[nodiscard]] bool is_refused(const Error& error);

/// Whether `measure_low` has to take a read lock on this server.
[[nodiscard]] bool needs_lock(sql::SqlSession& session, LocationUse use);

/// A location at or after every transaction that a read that ended before the call has seen. Takes no lock, and reads
/// nothing of the binlog.
[[nodiscard]] model::Location measure_high(sql::SqlSession& session);

/// Leaves `session` inside a read-only snapshot of `table` and returns its exact location: what is at or before it is
/// visible, the rest is not. MySQL: a lock on the table, by `helper`, just while the snapshot opens.
[[nodiscard]] model::Location open_snapshot(sql::SqlSession& session, sql::SqlSession& helper,
                                            const model::TableName& table);

/// Locks the tables against writes until `unlock_tables`, after all transactions that wrote to them have committed.
/// MySQL 5.6 does not wait for these by itself. The session must not be in a transaction.
void lock_tables(sql::SqlSession& session, std::span<const model::TableName> tables);
void unlock_tables(sql::SqlSession& session);

/// What the upstream has purged from its binlog.
struct PurgedBinlog {
    std::string first_file;   ///< oldest file that is still there; empty if it may not be asked
    model::GtidSet gtid_set;  ///< MySQL: gtid_purged
};

[[nodiscard]] PurgedBinlog read_purged(sql::SqlSession& session);

/// Whether everything after `location` can still be read.
[[nodiscard]] bool is_available(const model::Location& location, const PurgedBinlog& purged, LocationUse use);

}  // namespace dm::copy
