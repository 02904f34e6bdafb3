#pragma once

#include <string>
#include <string_view>

namespace dm::sync {

/// Enough of a statement to recognise it, for errors; without its values where the log hides them.
[[nodiscard]] std::string shown_statement(std::string_view statement);

}  // namespace dm::sync
