#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <span>

#include "core/model/names.h"
#include "core/schema/tracker.h"
#include "core/sql/ddl.h"

namespace dm::sync {

/// The tables that `DROP TABLE` left in place upstream, where it failed with the server's `error`: MySQL before 8.0
/// drops one table after the other, and logs the whole list with the error of the one it could not drop. `drops` are
/// its parts, one table each, in order; tables that were not there count as dropped. Children are looked for among the
/// known structures. Throws Error{SyncDdlUnsupported} if the error leaves open what has been dropped.
/// Source: the error code of the query event, MySQL's `mysql_rm_table_no_locks`.
[[nodiscard]] std::set<model::TableName> kept_tables(std::span<const sql::RewrittenDdl> drops, std::size_t named,
                                                     std::uint16_t error, const schema::Tracker& structures);

}  // namespace dm::sync
