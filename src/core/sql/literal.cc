#include "core/sql/literal.h"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>

#include <fmt/format.h>

#include "base/error.h"

namespace dm::sql {

namespace {

using model::ValueKind;

/// The character behind the backslash; 0 where none is needed.
constexpr std::array<char, 256> kEscapes = [] {
    std::array<char, 256> escapes{};
    escapes[0] = '0';
    escapes['\''] = '\'';
    escapes['\\'] = '\\';
    escapes['\n'] = 'n';
    escapes['\r'] = 'r';
    escapes[0x1a] = 'Z';
    return escapes;
}();

constexpr std::array<char, 512> kHexPairs = [] {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::array<char, 512> pairs{};
    for (std::size_t byte = 0; byte < 256; ++byte) {
        pairs[byte * 2] = kDigits[byte / 16];
        pairs[byte * 2 + 1] = kDigits[byte % 16];
    }
    return pairs;
}();

char escape_of(char c) noexcept { return kEscapes[static_cast<unsigned char>(c)]; }

template <typename Number>
void append_number(std::string& out, Number number) {
    std::array<char, 32> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    out.append(digits.data(), end);
}

template <typename Real>
void append_real(std::string& out, Real real) {
    ensure(std::isfinite(real), ErrorCode::DbUnexpected,
           "a floating-point value is infinite or not a number: SQL cannot write it");
    append_number(out, real);
    // "-0" alone is an integer, which has no sign of zero.
    if (real == Real{0} && std::signbit(real)) out += "e0";
}

}  // namespace

void append_literal(std::string& out, const model::Value& value) {
    switch (value.kind()) {
        case ValueKind::Null:
            out += "NULL";
            return;
        case ValueKind::Default:
            out += "DEFAULT";
            return;
        case ValueKind::Int:
            append_number(out, value.as_int());
            return;
        case ValueKind::UInt:
            append_number(out, value.as_uint());
            return;
        case ValueKind::Float:
            append_real(out, static_cast<float>(value.as_double()));
            return;
        case ValueKind::Double:
            append_real(out, value.as_double());
            return;
        case ValueKind::Number:
            out += value.text();
            return;
        case ValueKind::Text:
        case ValueKind::Json:
            append_quoted(out, value.text());
            return;
        case ValueKind::Bytes:
            append_hex(out, value.text());
            return;
    }
}

void append_quoted(std::string& out, std::string_view text) {
    out += '\'';
    const char* run = text.data();
    const char* const end = run + text.size();
    for (const char* at = run; at != end; ++at) {
        const char escape = escape_of(*at);
        if (escape == 0) [[likely]]
            continue;
        out.append(run, at);
        out += '\\';
        out += escape;
        run = at + 1;
    }
    out.append(run, end);
    out += '\'';
}

void append_vector_text(std::string& out, std::string_view bytes) {
    static_assert(std::endian::native == std::endian::little);
    ensure(bytes.size() % sizeof(float) == 0, ErrorCode::DbUnexpected,
           fmt::format("a vector of {} bytes has no whole number of elements", bytes.size()));
    out += "'[";
    for (std::size_t at = 0; at < bytes.size(); at += sizeof(float)) {
        float element = 0;
        std::memcpy(&element, bytes.data() + at, sizeof(float));
        if (at > 0) out += ',';
        append_real(out, element);
    }
    out += "]'";
}

void append_hex(std::string& out, std::string_view bytes) {
    if (bytes.empty()) {
        out += "''";
        return;
    }
    const std::size_t begin = out.size() + 2;
    out += "x'";
    out.resize(begin + bytes.size() * 2);
    char* at = out.data() + begin;
    for (const char byte : bytes) {
        std::memcpy(at, kHexPairs.data() + std::size_t{static_cast<unsigned char>(byte)} * 2, 2);
        at += 2;
    }
    out += '\'';
}

void append_identifier(std::string& out, std::string_view name) {
    out += '`';
    for (const char c : name) {
        if (c == '`') out += '`';
        out += c;
    }
    out += '`';
}

}  // namespace dm::sql
