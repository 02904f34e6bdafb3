#pragma once

#include <string>
#include <string_view>

#include "core/sql/ddl.h"

namespace dm::sql {

/// A statement of MariaDB, as split_and_route returns it, for a target that is not MariaDB: `WAIT n` and `NOWAIT` are
/// taken out, and IF [NOT] EXISTS of tables to alter, indexes and single actions of ALTER TABLE; the caller tolerates
/// the errors that they would prevent. Other statements stay as they are. Throws Error{SyncDdlUnsupported} where IF
/// [NOT] EXISTS stands in an ALTER TABLE of several actions: without it the whole statement could fail, and what was to
/// be done besides would be lost.
[[nodiscard]] std::string without_mariadb_clauses(std::string_view statement, StatementKind kind);

/// Whether an ALTER TABLE has several actions, or adds several columns, which servers execute all or none.
[[nodiscard]] bool has_several_actions(std::string_view statement);

}  // namespace dm::sql
