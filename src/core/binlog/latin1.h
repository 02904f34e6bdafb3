#pragma once

#include <string_view>

#include "core/model/value.h"

namespace dm::binlog {

/// UTF-8 of a text in the server's latin1: cp1252, with the five codes that cp1252 leaves open as control characters.
/// Pure ASCII is returned as it is; anything else is stored in `arena`.
[[nodiscard]] std::string_view latin1_to_utf8(std::string_view text, model::ByteArena& arena);

}  // namespace dm::binlog
