#include "app/ctl/text_width.h"

#include <algorithm>
#include <array>

#include "base/utf8.h"

namespace dm::ctl {
namespace {

struct Range {
    char32_t first;
    char32_t last;
};

// East Asian Width W and F, in large strokes: what a terminal shows two columns wide.
constexpr std::array kWide = {Range{0x1100, 0x115F},   Range{0x2E80, 0x303E},   Range{0x3041, 0xA4CF},
                              Range{0xA960, 0xA97F},   Range{0xAC00, 0xD7A3},   Range{0xF900, 0xFAFF},
                              Range{0xFE30, 0xFE6F},   Range{0xFF01, 0xFF60},   Range{0xFFE0, 0xFFE6},
                              Range{0x1F300, 0x1F64F}, Range{0x1F680, 0x1F6FF}, Range{0x1F900, 0x1F9FF},
                              Range{0x20000, 0x3FFFD}};
constexpr std::array kCombining = {
    Range{0x0300, 0x036F}, Range{0x0483, 0x0489}, Range{0x0591, 0x05BD}, Range{0x064B, 0x065F}, Range{0x1AB0, 0x1AFF},
    Range{0x1DC0, 0x1DFF}, Range{0x200B, 0x200F}, Range{0x20D0, 0x20FF}, Range{0xFE00, 0xFE0F}, Range{0xFE20, 0xFE2F}};

template <std::size_t N>
bool is_in(const std::array<Range, N>& ranges, char32_t c) {
    return std::ranges::any_of(ranges, [c](const Range& range) { return range.first <= c && c <= range.last; });
}

/// Of a well-formed character.
char32_t code_point(std::string_view bytes) {
    if (bytes.size() == 1) return static_cast<unsigned char>(bytes[0]);
    char32_t c = static_cast<unsigned char>(bytes[0]) & (0xFFU >> (bytes.size() + 1));
    for (const char byte : bytes.substr(1)) c = (c << 6U) | (static_cast<unsigned char>(byte) & 0x3FU);
    return c;
}

std::size_t columns_of_character(std::string_view bytes) {
    const char32_t c = code_point(bytes);
    if (is_in(kCombining, c)) return 0;
    return is_in(kWide, c) ? 2 : 1;
}

/// Calls `visit` with each character, or with a single byte that begins none.
template <typename Visit>
void for_each_character(std::string_view text, const Visit& visit) {
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        visit(text.substr(0, std::max<std::size_t>(length, 1)), length > 0);
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
}

}  // namespace

std::size_t columns_of(std::string_view line) {
    std::size_t columns = 0;
    bool is_escape = false;
    for_each_character(line, [&](std::string_view character, bool is_well_formed) {
        if (character == "\x1b") is_escape = true;
        if (!is_escape) columns += is_well_formed ? columns_of_character(character) : 1;
        if (is_escape && character == "m") is_escape = false;
    });
    return columns;
}

std::string printable(std::string_view text) {
    std::string out;
    for_each_character(text, [&](std::string_view character, bool is_well_formed) {
        const char32_t c = is_well_formed ? code_point(character) : 0;
        const bool is_control = c < 0x20 || (c >= 0x7F && c < 0xA0);
        out += is_control ? std::string_view("?") : character;
    });
    return out;
}

}  // namespace dm::ctl
