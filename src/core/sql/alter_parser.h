#pragma once

#include <string>

#include "core/sql/ddl_tree.h"
#include "core/sql/token_stream.h"

namespace dm::sql {

/// Reads the actions of ALTER TABLE from the cursor to the end into `alter`, whose name is already set. Throws
/// Error{ParseSql}. For the parsers of this room.
void parse_alter_actions(TokenStream& tokens, const std::string& default_schema, AlterTable& alter);

}  // namespace dm::sql
