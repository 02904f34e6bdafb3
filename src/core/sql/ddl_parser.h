#pragma once

#include <string_view>

#include "core/sql/ddl_tree.h"

namespace dm::sql {

/// Reads a DDL of databases, tables or indexes into its tree. Table names get the context's default schema where they
/// have none (foreign key parents: the child's). Throws Error{ParseSql} with line and column for what breaks the
/// grammar, and for statements of another kind.
[[nodiscard]] DdlStatement parse_ddl(std::string_view statement, const ParseContext& context);

}  // namespace dm::sql
