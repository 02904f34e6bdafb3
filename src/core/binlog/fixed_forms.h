#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace dm::binlog {

using FixedText = std::array<char, 46>;

/// MariaDB's UUID as it lies in a record: versions 1 to 5 with their parts in reverse order, others as they are.
[[nodiscard]] std::string_view uuid_from_record(const std::array<std::uint8_t, 16>& record, FixedText& room);
[[nodiscard]] std::string_view inet4_text(const std::array<std::uint8_t, 16>& bytes, FixedText& room);
/// The shortest form, as the server prints it: the longest run of zeros as "::", even of one,
/// and IPv4 addresses inside with dots.
[[nodiscard]] std::string_view inet6_text(const std::array<std::uint8_t, 16>& bytes, FixedText& room);

}  // namespace dm::binlog
