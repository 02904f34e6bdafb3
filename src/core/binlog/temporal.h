#pragma once

#include <cstddef>
#include <cstdint>

namespace dm::binlog {

/// Calendar fields as the server stores them: zero parts and days a calendar does not have are kept.
struct CalendarTime {
    std::uint32_t year = 0;
    std::uint32_t month = 0;
    std::uint32_t day = 0;
    std::uint32_t hour = 0;
    std::uint32_t minute = 0;
    std::uint32_t second = 0;
    std::uint32_t microsecond = 0;
};

constexpr std::size_t kDateChars = 10;
/// Characters of "2024-02-29 12:13:14.123" with so many fraction digits.
[[nodiscard]] constexpr std::size_t datetime_chars(unsigned digits) noexcept {
    return 19 + (digits > 0 ? 1 + digits : 0);
}

/// Write text to `out`, which has room for it; return the character after the last. Years over 9999 keep their last
/// four digits, two-digit fields their last two.
char* write_date(char* out, const CalendarTime& time) noexcept;
char* write_datetime(char* out, const CalendarTime& time, unsigned digits) noexcept;
/// "-838:59:59.000000": at most 18 characters.
char* write_time(char* out, bool is_negative, std::uint64_t hours, const CalendarTime& rest, unsigned digits) noexcept;

/// UTC calendar time of seconds since 1970.
[[nodiscard]] CalendarTime utc_time(std::uint64_t seconds) noexcept;

}  // namespace dm::binlog
