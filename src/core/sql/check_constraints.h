#pragma once

#include <string_view>

#include "core/sql/adapt_statement.h"

/// CHECK constraints of MariaDB for MySQL, where they are something else: their names are unique in a schema, not in a
/// table (MariaDB calls the first of every table CONSTRAINT_1), those of columns stay when MODIFY and CHANGE leave them
/// out, a column that one speaks of cannot be renamed, and no session can do without them. Statements are read as
/// `split_and_route` and SHOW CREATE TABLE write them. Pure functions; they never fail.
namespace dm::sql {

/// CREATE TABLE or ALTER TABLE without the CHECKs of columns and tables that it defines, each a change. The text is
/// empty if nothing is left of an ALTER TABLE.
[[nodiscard]] AdaptedStatement without_checks(std::string_view statement);

/// CREATE TABLE or ALTER TABLE of MySQL without the CHECKs that are not enforced, each a change, and without the word
/// ENFORCED of the others: MariaDB enforces all it has. The text is empty if nothing is left of an ALTER TABLE.
[[nodiscard]] AdaptedStatement without_unenforced_checks(std::string_view statement);

/// ALTER TABLE without DROP CONSTRAINT `name`, likewise. Nothing has changed if it has no such action.
[[nodiscard]] AdaptedStatement without_drop_constraint(std::string_view statement, std::string_view name);

}  // namespace dm::sql
