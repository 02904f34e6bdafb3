#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace dm::binlog {

/// Room for the longest DECIMAL as text: sign, 81 digits, point, a leading zero.
using DecimalText = std::array<char, 96>;

/// Bytes of a DECIMAL(precision, scale) in binary form.
[[nodiscard]] std::size_t decimal_bytes(unsigned precision, unsigned scale) noexcept;

/// True if the server knows such a type; decimal_text must not be called otherwise. Inside JSON the server rounds the
/// whole digits up to groups of nine, hence more than 65.
[[nodiscard]] constexpr bool is_decimal_type(unsigned precision, unsigned scale) noexcept {
    return precision >= 1 && precision <= 81 && scale <= 30 && scale <= precision;
}

/// Exact text with all digits of the scale, "-0.50". `bytes` are decimal_bytes long; the result views `room`.
/// Throws Error{BinlogMalformed} for groups that hold more digits than they may.
[[nodiscard]] std::string_view decimal_text(std::string_view bytes, unsigned precision, unsigned scale,
                                            DecimalText& room);

}  // namespace dm::binlog
