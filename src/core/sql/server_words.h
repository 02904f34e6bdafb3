#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/model/flavor.h"
#include "core/sql/statement_pieces.h"

/// What MySQL and MariaDB each have of structure statements that the other refuses, and what comes nearest.
/// Pure functions.
namespace dm::sql {

/// A column that the statement defines, in pieces: from its type up to `end`.
struct ColumnPieces {
    std::size_t type = 0;
    std::size_t end = 0;
};

/// What a statement becomes of which nothing is left.
inline constexpr auto kNothingToDo = "DO 0";

/// MySQL's words for MariaDB: indexes that are not used, CHECKs that are not enforced, [NOT] NULL of generated columns,
/// SRID, storage of columns, indexes of expressions, read-only schemas. Tells `note` of each change.
void adapt_to_mariadb(Pieces& pieces, const std::vector<ColumnPieces>& columns, const model::ServerVersion& target,
                      const std::function<void(std::string)>& note);

/// MariaDB's words for MySQL: PERSISTENT, ignored indexes, compressed columns, REF_SYSTEM_ID, defaults of texts and of
/// sequences, periods, comments of schemas. Tells `note` of each change.
void adapt_to_mysql(Pieces& pieces, const std::vector<ColumnPieces>& columns, const model::ServerVersion& target,
                    const std::function<void(std::string)>& note);

}  // namespace dm::sql
