#pragma once

#include <string>
#include <string_view>

namespace dm::sql {

/// A statement in the session's character_set_client, as query events hold it, converted to UTF-8. Text in UTF-8, ASCII
/// or binary, and an empty `charset`, come back as they are. "latin1" is Windows-1252, as servers read it. Throws
/// Error{ParseSql} for an unknown charset or bytes that are none of it, unless the text is plain ASCII.
[[nodiscard]] std::string statement_to_utf8(std::string_view statement, std::string_view charset);

}  // namespace dm::sql
