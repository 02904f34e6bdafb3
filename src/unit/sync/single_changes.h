#pragma once

#include <vector>

#include "core/rules/event_filter.h"
#include "core/schema/table_definition.h"
#include "core/sql/ddl_tree.h"

namespace dm::sync {

/// What ALTER TABLE, DROP INDEX or ALTER DATABASE changes, as event filters name it; nothing for other statements.
/// `before` and `after` are the table's structure around the statement. Where one of them is not known (null), MODIFY
/// and CHANGE count as all that they may be: a filter that is to stop something does not miss it. Pure. That a
/// statement has several actions is the caller's to add.
[[nodiscard]] std::vector<rules::SingleChange> single_changes(const sql::DdlStatement& statement,
                                                              const schema::TableDefinition* before,
                                                              const schema::TableDefinition* after);

}  // namespace dm::sync
