#include "core/binlog/json_scalar.h"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <iterator>

#include <fmt/format.h>

#include "base/byte_cursor.h"
#include "core/binlog/decimal.h"
#include "core/binlog/table_map.h"
#include "core/binlog/temporal.h"

namespace dm::binlog {
namespace {

void append_double(double value, std::string& out) {
    // The server's rule: shortest digits that read back the same; an exponent only outside 1e-15 to 1e15.
    constexpr int kMaxPoint = 15;
    ensure(std::isfinite(value), ErrorCode::BinlogMalformed, "JSON number that is not finite");
    std::array<char, 40> room;
    const char* end = std::to_chars(room.data(), room.data() + room.size(), value, std::chars_format::scientific).ptr;
    std::string_view text(room.data(), static_cast<std::size_t>(end - room.data()));
    if (text.front() == '-') {
        out += '-';
        text.remove_prefix(1);
    }
    const auto e = text.find('e');
    int exponent = 0;
    const std::string_view power = text.substr(text[e + 1] == '+' ? e + 2 : e + 1);
    std::from_chars(power.data(), power.data() + power.size(), exponent);
    std::string digits(1, text.front());
    if (e > 2) digits += text.substr(2, e - 2);
    const int point = value == 0 ? 1 : exponent + 1;  // value = 0.digits * 10^point
    const int count = static_cast<int>(digits.size());
    if (point > kMaxPoint || point < 1 - kMaxPoint) {
        out += digits[0];
        if (count > 1) (out += '.') += digits.substr(1);
        fmt::format_to(std::back_inserter(out), "e{}", exponent);
    } else if (point <= 0) {
        out.append("0.").append(static_cast<std::size_t>(-point), '0').append(digits);
    } else if (count <= point) {
        out.append(digits).append(static_cast<std::size_t>(point - count), '0').append(".0");
    } else {
        out.append(digits, 0, static_cast<std::size_t>(point))
            .append(".")
            .append(digits, static_cast<std::size_t>(point));
    }
}

void append_literal(std::uint8_t literal, std::string& out) {
    constexpr std::array<std::string_view, 3> kLiterals{"null", "true", "false"};
    ensure(literal < kLiterals.size(), ErrorCode::BinlogMalformed, "unknown JSON literal");
    out += kLiterals[literal];
}

void append_opaque_decimal(std::string_view data, std::string& out) {
    ensure(data.size() >= 2, ErrorCode::BinlogMalformed, "JSON decimal without its precision");
    const unsigned precision = static_cast<unsigned char>(data[0]);
    const unsigned scale = static_cast<unsigned char>(data[1]);
    ensure(is_decimal_type(precision, scale) && data.size() == 2 + decimal_bytes(precision, scale),
           ErrorCode::BinlogMalformed, "JSON decimal of a wrong length");
    DecimalText room;
    out += decimal_text(data.substr(2), precision, scale, room);
}

CalendarTime unpack_clock(std::uint64_t packed) {
    CalendarTime time;
    time.microsecond = static_cast<std::uint32_t>(packed & 0xff'ffffU);
    time.second = static_cast<std::uint32_t>(packed >> 24U & 63U);
    time.minute = static_cast<std::uint32_t>(packed >> 30U & 63U);
    time.hour = static_cast<std::uint32_t>(packed >> 36U & 1023U);
    return time;
}

void append_opaque_time(WireType type, std::string_view data, std::string& out) {
    constexpr unsigned kDigits = 6;
    ensure(data.size() == 8, ErrorCode::BinlogMalformed, "JSON time of a wrong length");
    const std::int64_t stored = ByteCursor(as_bytes(data)).read_int(8);
    const bool is_negative = stored < 0;
    const std::uint64_t packed =
        is_negative ? ~static_cast<std::uint64_t>(stored) + 1 : static_cast<std::uint64_t>(stored);
    CalendarTime time = unpack_clock(packed);
    std::array<char, 32> room;
    char* end = room.data();
    if (type == WireType::Time) {
        end = write_time(end, is_negative, time.hour, time, kDigits);
    } else {
        const auto date = static_cast<std::uint32_t>(packed >> 41U);
        time.hour &= 31U;
        time.day = date & 31U;
        time.month = (date >> 5U) % 13;
        time.year = (date >> 5U) / 13;
        end = type == WireType::Date ? write_date(end, time) : write_datetime(end, time, kDigits);
    }
    out.append("\"").append(room.data(), end).append("\"");
}

void append_base64(std::string_view data, std::string& out) {
    constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    constexpr std::size_t kLineBytes = 57;  // 76 characters
    for (std::size_t i = 0; i < data.size(); i += 3) {
        if (i > 0 && i % kLineBytes == 0) out += "\\n";
        std::uint32_t group = 0;
        const std::size_t count = std::min<std::size_t>(3, data.size() - i);
        for (std::size_t j = 0; j < 3; ++j)
            group = group << 8U | (j < count ? static_cast<unsigned char>(data[i + j]) : 0U);
        for (std::size_t j = 0; j < 4; ++j) out += j <= count ? kAlphabet[group >> (18 - 6 * j) & 63U] : '=';
    }
}

void append_opaque(std::string_view bytes, std::string& out) {
    ensure(!bytes.empty(), ErrorCode::BinlogMalformed, "opaque JSON value without a type");
    const auto type = static_cast<WireType>(bytes.front());
    std::uint64_t length = 0;
    const std::size_t prefix = read_json_length(bytes.substr(1), length);
    const std::string_view data = bytes.substr(1 + prefix, length);
    switch (type) {
        case WireType::NewDecimal:
            return append_opaque_decimal(data, out);
        case WireType::Date:
        case WireType::DateTime:
        case WireType::Timestamp:
        case WireType::Time:
            return append_opaque_time(type, data, out);
        default:
            break;
    }
    fmt::format_to(std::back_inserter(out), "\"base64:type{}:", static_cast<unsigned>(type));
    append_base64(data, out);
    out += '"';
}

}  // namespace

std::size_t read_json_length(std::string_view bytes, std::uint64_t& length) {
    constexpr std::size_t kMaxBytes = 5;
    length = 0;
    for (std::size_t i = 0; i < kMaxBytes && i < bytes.size(); ++i) {
        const auto byte = static_cast<unsigned char>(bytes[i]);
        length |= static_cast<std::uint64_t>(byte & 0x7fU) << (7 * i);
        if ((byte & 0x80U) == 0) return i + 1;
    }
    throw Error(ErrorCode::BinlogMalformed, "JSON length that does not end");
}

std::size_t json_scalar_bytes(JsonType type, std::string_view rest) {
    std::uint64_t length = 0;
    std::size_t size = 0;
    switch (type) {
        case JsonType::Literal:
            size = 1;
            break;
        case JsonType::Int16:
        case JsonType::UInt16:
            size = 2;
            break;
        case JsonType::Int32:
        case JsonType::UInt32:
            size = 4;
            break;
        case JsonType::Int64:
        case JsonType::UInt64:
        case JsonType::Double:
            size = 8;
            break;
        case JsonType::String:
            size = read_json_length(rest, length);
            break;
        case JsonType::Opaque:
            ensure(!rest.empty(), ErrorCode::BinlogMalformed, "JSON value past the end of the document");
            size = 1 + read_json_length(rest.substr(1), length);
            break;
        default:
            throw Error(ErrorCode::BinlogMalformed, fmt::format("JSON value of type {}", static_cast<unsigned>(type)));
    }
    ensure(size + length <= rest.size(), ErrorCode::BinlogMalformed, "JSON value past the end of the document");
    return size + length;
}

void append_json_scalar(JsonType type, std::string_view bytes, std::string& out) {
    ByteCursor cursor(as_bytes(bytes));
    const auto print = [&out](auto number) { fmt::format_to(std::back_inserter(out), "{}", number); };
    switch (type) {
        case JsonType::Literal:
            return append_literal(cursor.read_u8(), out);
        case JsonType::Int16:
            return print(cursor.read_int(2));
        case JsonType::UInt16:
            return print(cursor.read_uint(2));
        case JsonType::Int32:
            return print(cursor.read_int(4));
        case JsonType::UInt32:
            return print(cursor.read_uint(4));
        case JsonType::Int64:
            return print(cursor.read_int(8));
        case JsonType::UInt64:
            return print(cursor.read_uint(8));
        case JsonType::Double:
            return append_double(std::bit_cast<double>(cursor.read_u64()), out);
        case JsonType::String: {
            std::uint64_t length = 0;
            const std::size_t prefix = read_json_length(bytes, length);
            return append_json_string(bytes.substr(prefix, length), out);
        }
        case JsonType::Opaque:
            return append_opaque(bytes, out);
        default:
            throw Error(ErrorCode::BinlogMalformed, fmt::format("JSON value of type {}", static_cast<unsigned>(type)));
    }
}

void append_json_string(std::string_view text, std::string& out) {
    out += '"';
    std::size_t plain = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\') continue;
        out.append(text, plain, i - plain);
        plain = i + 1;
        switch (c) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\b':
                out += "\\b";
                break;
            case '\f':
                out += "\\f";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\t':
                out += "\\t";
                break;
            default:
                fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
        }
    }
    out.append(text, plain);
    out += '"';
}

}  // namespace dm::binlog
