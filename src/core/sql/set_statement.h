#pragma once

#include <string_view>

#include "core/sql/lexer.h"

namespace dm::sql {

/// The statement behind SET STATEMENT variable = value, ... FOR, which MariaDB logs with it; any other statement as it
/// is. What the variables change of its meaning is told by the event. Throws Error{ParseSql} if the text cannot be cut
/// into tokens.
[[nodiscard]] std::string_view without_set_statement(std::string_view statement, const LexOptions& options);

}  // namespace dm::sql
