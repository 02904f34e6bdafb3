#include "core/binlog/latin1.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace dm::binlog {
namespace {

/// What 0x80 to 0x9f stand for.
constexpr std::array<std::uint16_t, 32> kWindows{0x20ac, 0x0081, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
                                                 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x008d, 0x017d, 0x008f,
                                                 0x0090, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
                                                 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x009d, 0x017e, 0x0178};

bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }

std::uint32_t code_point(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x80 && byte < 0xa0 ? kWindows[byte - 0x80U] : byte;
}

char* append_utf8(char* out, std::uint32_t code) {
    if (code < 0x80) {
        *out++ = static_cast<char>(code);
        return out;
    }
    if (code >= 0x800) {
        *out++ = static_cast<char>(0xe0U | code >> 12U);
        *out++ = static_cast<char>(0x80U | (code >> 6U & 0x3fU));
    } else {
        *out++ = static_cast<char>(0xc0U | code >> 6U);
    }
    *out++ = static_cast<char>(0x80U | (code & 0x3fU));
    return out;
}

std::size_t utf8_bytes(char c) {
    const std::uint32_t code = code_point(c);
    if (code < 0x80) return 1;
    return code < 0x800 ? 2 : 3;
}

}  // namespace

std::string_view latin1_to_utf8(std::string_view text, model::ByteArena& arena) {
    if (std::all_of(text.begin(), text.end(), is_ascii)) return text;
    std::size_t size = 0;
    for (const char c : text) size += utf8_bytes(c);
    const std::span<char> room = arena.allocate(size);
    char* out = room.data();
    for (const char c : text) out = append_utf8(out, code_point(c));
    return {room.data(), size};
}

}  // namespace dm::binlog
