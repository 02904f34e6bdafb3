#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dm::config {

/// What is wrong with the grammar of a value expression, as an `expression-filter` has it, and where; nothing if it is
/// one expression as `SELECT <expression>` takes it. Subqueries are no value expressions. Names and types are not
/// looked at. Pure.
[[nodiscard]] std::optional<std::string> expression_problem(std::string_view text);

}  // namespace dm::config
