#include "core/binlog/temporal.h"

#include <array>
#include <cstring>
#include <string_view>

namespace dm::binlog {
namespace {

constexpr std::array<char, 200> make_pairs() {
    std::array<char, 200> pairs{};
    for (std::size_t i = 0; i < 100; ++i) {
        pairs[2 * i] = static_cast<char>('0' + i / 10);
        pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
    }
    return pairs;
}
constexpr std::array<char, 200> kPairs = make_pairs();

char* write_pair(char* out, std::uint32_t number) noexcept {
    std::memcpy(out, kPairs.data() + static_cast<std::size_t>(number % 100) * 2, 2);
    return out + 2;
}

char* write_fraction(char* out, std::uint32_t microsecond, unsigned digits) noexcept {
    if (digits == 0) return out;
    std::array<char, 6> all{};
    write_pair(all.data(), microsecond / 10'000);
    write_pair(all.data() + 2, microsecond / 100);
    write_pair(all.data() + 4, microsecond);
    *out++ = '.';
    std::memcpy(out, all.data(), digits);
    return out + digits;
}

char* write_clock(char* out, const CalendarTime& time, unsigned digits) noexcept {
    *out++ = ':';
    out = write_pair(out, time.minute);
    *out++ = ':';
    out = write_pair(out, time.second);
    return write_fraction(out, time.microsecond, digits);
}

}  // namespace

char* write_date(char* out, const CalendarTime& time) noexcept {
    out = write_pair(out, time.year / 100);
    out = write_pair(out, time.year);
    *out++ = '-';
    out = write_pair(out, time.month);
    *out++ = '-';
    return write_pair(out, time.day);
}

char* write_datetime(char* out, const CalendarTime& time, unsigned digits) noexcept {
    out = write_date(out, time);
    *out++ = ' ';
    out = write_pair(out, time.hour);
    return write_clock(out, time, digits);
}

char* write_time(char* out, bool is_negative, std::uint64_t hours, const CalendarTime& rest, unsigned digits) noexcept {
    if (is_negative) *out++ = '-';
    if (hours >= 100) *out++ = static_cast<char>('0' + hours / 100 % 10);
    out = write_pair(out, static_cast<std::uint32_t>(hours % 100));
    return write_clock(out, rest, digits);
}

CalendarTime utc_time(std::uint64_t seconds) noexcept {
    constexpr std::uint64_t kDaySeconds = 86'400;
    constexpr std::uint64_t kEraDays = 146'097;          // 400 years
    constexpr std::uint64_t kEpochFromMarch0 = 719'468;  // days from 0000-03-01 to 1970-01-01
    const std::uint64_t days = seconds / kDaySeconds + kEpochFromMarch0;
    const auto clock = static_cast<std::uint32_t>(seconds % kDaySeconds);
    const std::uint64_t era = days / kEraDays;
    const std::uint64_t day_of_era = days % kEraDays;
    const std::uint64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
    const std::uint64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const std::uint64_t march_month = (5 * day_of_year + 2) / 153;
    CalendarTime time;
    time.day = static_cast<std::uint32_t>(day_of_year - (153 * march_month + 2) / 5 + 1);
    time.month = static_cast<std::uint32_t>(march_month < 10 ? march_month + 3 : march_month - 9);
    time.year = static_cast<std::uint32_t>(year_of_era + era * 400 + (time.month <= 2 ? 1 : 0));
    time.hour = clock / 3600;
    time.minute = clock / 60 % 60;
    time.second = clock % 60;
    return time;
}

}  // namespace dm::binlog
