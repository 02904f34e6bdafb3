#pragma once

#include <string>

#include "core/schema/tracker.h"
#include "core/sql/ddl.h"
#include "core/sql/sql_session.h"
#include "unit/sync/statement_event.h"

namespace dm::sync {

/// Whether the table that a CREATE TABLE IF NOT EXISTS has found in the target differs from the one that it would have
/// made there: in columns, by name, place and type, or in unique keys. `text` is the statement as it was executed,
/// `target` how the target reads it. A statement that nobody here can read differs from nothing. Throws what the
/// session throws.
[[nodiscard]] bool is_found_otherwise(sql::SqlSession& session, const std::string& text, const sql::RewrittenDdl& part,
                                      const StatementEvent& event, const schema::TrackerOptions& target);

}  // namespace dm::sync
