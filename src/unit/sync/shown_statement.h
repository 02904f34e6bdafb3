#pragma once

#include <string>
#include <string_view>

namespace dm::sync {

/// Enough of a statement to recognise it, for errors; without its values where the log hides them.
[[nodiscard]] std::string shown_statement(std::string_view statement);

/// The same of a statement that changes structures: its literals are lengths, defaults and comments, no values of rows,
/// and are shown whatever the log hides.
[[nodiscard]] std::string shown_ddl(std::string_view statement);

}  // namespace dm::sync
