#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "core/model/location.h"
#include "core/model/names.h"
#include "core/schema/tracker.h"
#include "core/sql/sql_session.h"

/// The few questions sync asks the upstream by SQL. Errors of the session pass through.
namespace dm::sync {

/// The newest place of the binlog, with the GTID set executed up to there. Throws Error{MasterStatusEmpty}.
[[nodiscard]] model::Location fetch_upstream_location(sql::SqlSession& session);

/// How the upstream reads names and charsets.
[[nodiscard]] schema::TrackerOptions fetch_tracker_options(sql::SqlSession& session);

/// Whether the upstream logs the changes of rows that follow their parents by a foreign key: MySQL since 9.6, unless it
/// is told to leave that to InnoDB.
[[nodiscard]] bool logs_followers(sql::SqlSession& session);

/// What to add to our clock to get the server's, less than the time the question takes being left at zero.
[[nodiscard]] std::chrono::microseconds fetch_clock_offset(sql::SqlSession& session, const Clock& clock);

/// MariaDB's GTID set at a position; nothing for MySQL or if the server does not know.
[[nodiscard]] std::optional<model::GtidSet> fetch_gtid_at(sql::SqlSession& session,
                                                          const model::BinlogPosition& position);

/// Bytes of the upstream's binlog between two places; what has been purged does not count.
[[nodiscard]] std::uint64_t fetch_bytes_between(sql::SqlSession& session, const model::BinlogPosition& from,
                                                const model::BinlogPosition& to);

/// Where the oldest binlog that is left begins.
[[nodiscard]] model::Location fetch_oldest_location(sql::SqlSession& session);

/// A table's structure now, and since when: seconds since 1970 of its last change as far as the server tells (0: it
/// does not).
struct CurrentTable {
    std::string create_table;
    std::int64_t changed_at = 0;
};
[[nodiscard]] std::optional<CurrentTable> fetch_current_table(sql::SqlSession& session, const model::TableName& table);

}  // namespace dm::sync
