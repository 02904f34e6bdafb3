#pragma once

#include <string>
#include <string_view>

#include "core/model/flavor.h"

namespace dm::sql {

/// A statement, as split_and_route returns it, with the text of executable comments in the open where the target would
/// take them for comments: split_and_route has left only those that the upstream executed. What the upstream writes so
/// by itself of storage, and what is only seen or not, stays in its comment. Throws Error{ParseSql} for a statement
/// that cannot be cut into words.
[[nodiscard]] std::string open_comments(std::string_view statement, bool is_from_mariadb,
                                        const model::ServerVersion& target);

}  // namespace dm::sql
