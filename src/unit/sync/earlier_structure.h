#pragma once

#include <optional>
#include <string>

#include "core/binlog/table_map.h"
#include "core/schema/table_definition.h"

/// Which structure rows had of which no structure is on record: pure functions.
namespace dm::sync {

/// Why a structure cannot be that of the rows the table map announces; empty if it can.
[[nodiscard]] std::string mismatch(const schema::TableDefinition& definition, const binlog::TableMap& map);

/// The structure of rows whose table was altered or dropped upstream since: that of the target, where no statement
/// after the rows has been executed yet. `today` is the upstream's structure of today, null if it has none. Nothing if
/// the target's does not fit the rows, or if both fit but disagree about which column stands where.
[[nodiscard]] std::optional<schema::TableDefinition> earlier_structure(const schema::TableDefinition* today,
                                                                       const schema::TableDefinition& target,
                                                                       const binlog::TableMap& map);

}  // namespace dm::sync
