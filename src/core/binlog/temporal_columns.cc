#include <array>

#include "core/binlog/column_layout.h"
#include "core/binlog/temporal.h"

namespace dm::binlog {
namespace {

using model::Value;
using model::ValueKind;

constexpr std::array<std::uint32_t, 7> kPowers{1, 10, 100, 1'000, 10'000, 100'000, 1'000'000};

Value datetime_value(const CalendarTime& time, unsigned digits, const DecodeTarget& target) {
    const std::span<char> room = target.arena.allocate(datetime_chars(digits));
    write_datetime(room.data(), time, digits);
    return Value::of_view(ValueKind::Text, {room.data(), room.size()});
}

Value time_value(bool is_negative, std::uint64_t hours, const CalendarTime& rest, unsigned digits,
                 const DecodeTarget& target) {
    std::array<char, 24> room;
    const char* const end = write_time(room.data(), is_negative, hours, rest, digits);
    return Value::of_view(ValueKind::Text,
                          target.arena.store({room.data(), static_cast<std::size_t>(end - room.data())}));
}

/// Fraction of 1 to 3 bytes, for 1-2, 3-4, 5-6 digits.
constexpr unsigned fraction_bytes(unsigned digits) { return (digits + 1) / 2; }
constexpr std::array<std::uint32_t, 4> kFractionUnit{1, 10'000, 100, 1};

std::uint32_t read_fraction(RowCursor& cursor, unsigned digits) {
    const unsigned bytes = fraction_bytes(digits);
    return bytes == 0 ? 0 : static_cast<std::uint32_t>(cursor.big(bytes)) * kFractionUnit[bytes];
}

Value decode_date(RowCursor& cursor, const ColumnLayout&, const DecodeTarget& target) {
    const auto packed = static_cast<std::uint32_t>(cursor.little(3));
    CalendarTime time;
    time.day = packed & 31U;
    time.month = packed >> 5U & 15U;
    time.year = packed >> 9U;
    const std::span<char> room = target.arena.allocate(kDateChars);
    write_date(room.data(), time);
    return Value::of_view(ValueKind::Text, {room.data(), room.size()});
}

Value decode_datetime(RowCursor& cursor, const ColumnLayout& layout, const DecodeTarget& target) {
    const std::uint64_t packed = cursor.big(5) & 0x7f'ffff'ffffULL;
    const auto clock = static_cast<std::uint32_t>(packed & 0x1ffffU);
    const auto date = static_cast<std::uint32_t>(packed >> 17U);
    CalendarTime time;
    time.day = date & 31U;
    time.month = (date >> 5U) % 13;
    time.year = (date >> 5U) / 13;
    time.hour = clock >> 12U;
    time.minute = clock >> 6U & 63U;
    time.second = clock & 63U;
    time.microsecond = read_fraction(cursor, layout.scale);
    return datetime_value(time, layout.scale, target);
}

Value decode_timestamp(RowCursor& cursor, const ColumnLayout& layout, const DecodeTarget& target) {
    const std::uint64_t seconds = cursor.big(4);
    const std::uint32_t fraction = read_fraction(cursor, layout.scale);
    CalendarTime time;  // zero stays zero: it is not an instant
    if (seconds != 0 || fraction != 0) time = utc_time(seconds);
    time.microsecond = fraction;
    return datetime_value(time, layout.scale, target);
}

/// Whole and fraction are one number, offset by its middle: negative times need no other care.
Value decode_time(RowCursor& cursor, const ColumnLayout& layout, const DecodeTarget& target) {
    const unsigned bytes = fraction_bytes(layout.scale);
    const std::uint64_t middle = 0x800000ULL << 8U * bytes;
    const std::uint64_t stored = cursor.big(3 + bytes);
    const bool is_negative = stored < middle;
    const std::uint64_t distance = is_negative ? middle - stored : stored - middle;
    const std::uint64_t whole = distance >> 8U * bytes;
    CalendarTime rest;
    rest.minute = static_cast<std::uint32_t>(whole >> 6U & 63U);
    rest.second = static_cast<std::uint32_t>(whole & 63U);
    rest.microsecond = static_cast<std::uint32_t>(distance & ((1ULL << 8U * bytes) - 1)) * kFractionUnit[bytes];
    return time_value(is_negative, whole >> 12U & 1023U, rest, layout.scale, target);
}

// Formats before MySQL 5.6, still written for tables of that time.

Value decode_old_time(RowCursor& cursor, const ColumnLayout&, const DecodeTarget& target) {
    const auto stored = static_cast<std::int32_t>(cursor.little(3) << 8U) >> 8U;
    const auto digits = static_cast<std::uint32_t>(stored < 0 ? -stored : stored);
    CalendarTime rest;
    rest.minute = digits / 100 % 100;
    rest.second = digits % 100;
    return time_value(stored < 0, digits / 10'000, rest, 0, target);
}

Value decode_old_datetime(RowCursor& cursor, const ColumnLayout&, const DecodeTarget& target) {
    const std::uint64_t digits = cursor.little(8);
    const auto date = static_cast<std::uint32_t>(digits / 1'000'000);
    const auto clock = static_cast<std::uint32_t>(digits % 1'000'000);
    return datetime_value(
        {date / 10'000, date / 100 % 100, date % 100, clock / 10'000, clock / 100 % 100, clock % 100, 0}, 0, target);
}

Value decode_old_timestamp(RowCursor& cursor, const ColumnLayout&, const DecodeTarget& target) {
    const std::uint64_t seconds = cursor.little(4);
    return datetime_value(seconds == 0 ? CalendarTime{} : utc_time(seconds), 0, target);
}

// MariaDB's own formats with fractions, written with mysql56_temporal_format=OFF. The table map does not tell the
// digits.

constexpr std::array<std::uint8_t, 7> kHiresTimeBytes{3, 4, 4, 5, 5, 5, 6};
constexpr std::array<std::uint8_t, 7> kHiresDatetimeBytes{5, 6, 6, 7, 7, 7, 8};
constexpr std::array<std::uint8_t, 7> kHiresFractionBytes{0, 1, 1, 2, 2, 3, 3};

Value decode_hires_time(RowCursor& cursor, const ColumnLayout& layout, const DecodeTarget& target) {
    constexpr std::uint64_t kZeroSeconds = 838ULL * 3600 + 59 * 60 + 59 + 1;
    const std::uint64_t unit = kPowers[6U - layout.scale];
    const std::uint64_t zero = kZeroSeconds * 1'000'000 / unit;
    const std::uint64_t stored = cursor.big(kHiresTimeBytes[layout.scale]);
    const bool is_negative = stored < zero;
    const std::uint64_t micros = (is_negative ? zero - stored : stored - zero) * unit;
    const std::uint64_t seconds = micros / 1'000'000;
    CalendarTime rest;
    rest.microsecond = static_cast<std::uint32_t>(micros % 1'000'000);
    rest.second = static_cast<std::uint32_t>(seconds % 60);
    rest.minute = static_cast<std::uint32_t>(seconds / 60 % 60);
    return time_value(is_negative, seconds / 3600, rest, layout.scale, target);
}

Value decode_hires_datetime(RowCursor& cursor, const ColumnLayout& layout, const DecodeTarget& target) {
    std::uint64_t packed = cursor.big(kHiresDatetimeBytes[layout.scale]) * kPowers[6U - layout.scale];
    const auto next = [&packed](std::uint64_t base) {
        const auto part = static_cast<std::uint32_t>(packed % base);
        packed /= base;
        return part;
    };
    CalendarTime time;
    time.microsecond = next(1'000'000);
    time.second = next(60);
    time.minute = next(60);
    time.hour = next(24);
    time.day = next(32);
    time.month = next(13);
    time.year = static_cast<std::uint32_t>(packed);
    return datetime_value(time, layout.scale, target);
}

Value decode_hires_timestamp(RowCursor& cursor, const ColumnLayout& layout, const DecodeTarget& target) {
    const std::uint64_t seconds = cursor.big(4);
    const auto fraction =
        static_cast<std::uint32_t>(cursor.big(kHiresFractionBytes[layout.scale])) * kPowers[6U - layout.scale];
    CalendarTime time;
    if (seconds != 0 || fraction != 0) time = utc_time(seconds);
    time.microsecond = fraction;
    return datetime_value(time, layout.scale, target);
}

}  // namespace

ColumnDecoder temporal_decoder(const TableMapColumn& column, const ColumnHint& hint, ColumnLayout& layout) {
    constexpr std::uint32_t kMaxDigits = 6;
    const bool is_new =
        column.type == WireType::DateTime2 || column.type == WireType::Timestamp2 || column.type == WireType::Time2;
    const std::uint32_t digits = is_new ? column.metadata : hint.fraction_digits;
    ensure(digits <= kMaxDigits, ErrorCode::BinlogMalformed, "more than 6 digits of fractional seconds");
    layout.scale = static_cast<std::uint8_t>(digits);
    switch (column.type) {
        case WireType::Date:
        case WireType::NewDate:
            return decode_date;
        case WireType::DateTime2:
            return decode_datetime;
        case WireType::Timestamp2:
            return decode_timestamp;
        case WireType::Time2:
            return decode_time;
        case WireType::DateTime:
            return digits > 0 ? decode_hires_datetime : decode_old_datetime;
        case WireType::Timestamp:
            return digits > 0 ? decode_hires_timestamp : decode_old_timestamp;
        case WireType::Time:
            return digits > 0 ? decode_hires_time : decode_old_time;
        default:
            return nullptr;
    }
}

}  // namespace dm::binlog
