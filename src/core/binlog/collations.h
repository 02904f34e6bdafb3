#pragma once

#include <cstdint>
#include <string_view>

#include "core/binlog/row_layout.h"

namespace dm::binlog {

/// Charset of a collation number, "utf8mb4" for 45 and so on, of MySQL 5.6 to 9.x and MariaDB; empty if unknown.
/// utf8mb3 is always "utf8mb3".
[[nodiscard]] std::string_view charset_of_collation(std::uint32_t collation) noexcept;

/// What the row decoder does with a text of this charset. "utf8" is utf8mb3.
[[nodiscard]] TextHandling text_handling(std::string_view charset) noexcept;

}  // namespace dm::binlog
