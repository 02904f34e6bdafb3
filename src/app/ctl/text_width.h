#pragma once

/// @file
/// How text looks on a terminal.

#include <cstddef>
#include <string>
#include <string_view>

namespace dm::ctl {

/// Columns that a line takes: two for each wide character (Chinese, Japanese, Korean, emoji), none for combining ones
/// and for escape sequences of colours.
[[nodiscard]] std::size_t columns_of(std::string_view line);

/// The text with a `?` for each control character and each byte that is no UTF-8: names cannot move the cursor.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace dm::ctl
