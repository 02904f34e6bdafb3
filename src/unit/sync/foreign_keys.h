#pragma once

#include <span>

#include "core/dml/row_change.h"
#include "core/sql/sql_session.h"

/// Foreign keys that the target checks, `foreign_key_checks: 1` in its session: rows that depend on others are changed
/// by the target itself, as they were upstream.
namespace dm::sync {

/// The safe form of an update that changes a key deletes the row and writes it anew: rows that refer to it would go, or
/// keep a reference to nothing. Throws Error{SyncForeignKey} if there is such an update and the target has references
/// to its table; `is_repeated` makes all changes safe. Otherwise throws what the session throws.
void ensure_safe_updates(sql::SqlSession& session, std::span<const dml::RowChange> changes, bool is_repeated);

}  // namespace dm::sync
