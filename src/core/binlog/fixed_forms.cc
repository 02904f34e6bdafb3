#include "core/binlog/fixed_forms.h"

#include <algorithm>
#include <cstddef>

#include <fmt/format.h>

namespace dm::binlog {
namespace {

constexpr std::size_t kGroups = 8;
using Groups = std::array<unsigned, kGroups>;

std::string_view up_to(const FixedText& room, const char* end) {
    return {room.data(), static_cast<std::size_t>(end - room.data())};
}

struct Run {
    std::size_t begin = 0;
    std::size_t length = 0;
};

Run longest_zeros(const Groups& groups) {
    Run best;
    Run current;
    for (std::size_t i = 0; i < kGroups; ++i) {
        if (groups[i] != 0) {
            current = {};
            continue;
        }
        if (current.length++ == 0) current.begin = i;
        if (current.length > best.length) best = current;
    }
    return best;
}

}  // namespace

std::string_view uuid_from_record(const std::array<std::uint8_t, 16>& record, FixedText& room) {
    // node, variant and sequence, version and high time, middle time, low time
    const bool is_swapped = (record[6] & 0x80U) != 0 && record[8] > 0 && record[8] < 0x60;
    constexpr std::array<std::uint8_t, 16> kSwapped{12, 13, 14, 15, 10, 11, 8, 9, 6, 7, 0, 1, 2, 3, 4, 5};
    char* out = room.data();
    for (std::size_t i = 0; i < record.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) *out++ = '-';
        out = fmt::format_to(out, "{:02x}", record[is_swapped ? kSwapped[i] : i]);
    }
    return up_to(room, out);
}

std::string_view inet4_text(const std::array<std::uint8_t, 16>& bytes, FixedText& room) {
    return up_to(room, fmt::format_to(room.data(), "{}.{}.{}.{}", bytes[0], bytes[1], bytes[2], bytes[3]));
}

std::string_view inet6_text(const std::array<std::uint8_t, 16>& bytes, FixedText& room) {
    Groups groups{};
    for (std::size_t i = 0; i < kGroups; ++i) groups[i] = static_cast<unsigned>(bytes[2 * i]) << 8U | bytes[2 * i + 1];
    const Run zeros = longest_zeros(groups);
    const bool has_ipv4 = zeros.begin == 0 && (zeros.length == 6 || (zeros.length == 5 && groups[5] == 0xffff));
    char* out = room.data();
    for (std::size_t i = 0; i < kGroups;) {
        if (zeros.length > 0 && i == zeros.begin) {
            out = fmt::format_to(out, "::");
            i += zeros.length;
            continue;
        }
        if (i > 0 && *(out - 1) != ':') *out++ = ':';
        if (has_ipv4 && i == 6) {
            return up_to(room, fmt::format_to(out, "{}.{}.{}.{}", bytes[12], bytes[13], bytes[14], bytes[15]));
        }
        out = fmt::format_to(out, "{:x}", groups[i++]);
    }
    return up_to(room, out);
}

}  // namespace dm::binlog
