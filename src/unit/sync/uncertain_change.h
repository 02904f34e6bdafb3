#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/schema/table_definition.h"
#include "core/sql/ddl_tree.h"
#include "core/sql/lexer.h"

/// Statements that make of the same rows something else in the target than upstream: pure functions.
namespace dm::sync {

/// Why the rows of the altered table cannot be trusted to become the same on both sides; nothing if they can. `before`
/// is the table's structure before the statement, null if it is not known: then it counts as one without a key.
/// - numbers of a new AUTO_INCREMENT column, and which rows ALTER IGNORE leaves out, follow the order of the rows,
///   which only a clustered key makes the same;
/// - defaults of a new column that call what every server answers in its own way (UUID(), RAND(), USER()).
[[nodiscard]] std::optional<std::string> uncertain_change(const sql::AlterTable& alter,
                                                          const schema::TableDefinition* before,
                                                          const sql::LexOptions& options);

/// What a default calls that every server, or every call, answers in its own way; empty if nothing.
[[nodiscard]] std::string uncertain_call(std::string_view default_text, const sql::LexOptions& options);

}  // namespace dm::sync
