#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/model/flavor.h"
#include "core/sql/statement_pieces.h"

/// What TiDB lacks of MySQL's and MariaDB's structure statements, and what comes nearest.
/// Source: TiDB's documentation, "MySQL Compatibility" and "Character Set and Collation". Pure functions.
namespace dm::sql {

/// The collation to use for `name`, in lower case; the same if TiDB should know it. Never one for which texts are equal
/// that `name` tells apart: rows of a unique key stay rows.
[[nodiscard]] std::string tidb_collation(const std::string& name, const model::ServerVersion& target);

/// The column type to use for `type`, in capitals. Spatial values become the bytes in which MySQL keeps them.
[[nodiscard]] std::string_view tidb_type(std::string_view type);

/// Takes out of a statement, or replaces, what TiDB refuses: FULLTEXT and SPATIAL indexes, character sets, defaults
/// that are expressions, attributes of columns. Tells `note` of each change.
void adapt_to_tidb(Pieces& pieces, const std::function<void(std::string)>& note);

}  // namespace dm::sql
