#pragma once

/// @file
/// UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF.

#include <cstddef>
#include <string_view>

namespace dm {

/// Bytes of the well-formed character at the front of `text`; 0 if there is none.
[[nodiscard]] std::size_t utf8_length(std::string_view text) noexcept;

}  // namespace dm
