#include "core/model/location.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/error.h"

namespace dm::model {
namespace {

/// "mysql-bin|000002.000003": stem, number of the relay folder, number of the file.
struct FileName {
    std::string_view stem;
    std::optional<std::uint64_t> relay;
    std::optional<std::uint64_t> number;
};

std::optional<std::uint64_t> parse_digits(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

FileName split_name(std::string_view name) {
    FileName parts{name, std::nullopt, std::nullopt};
    const auto dot = name.rfind('.');
    if (dot == std::string_view::npos) return parts;
    parts.number = parse_digits(name.substr(dot + 1));
    if (!parts.number) return parts;
    parts.stem = name.substr(0, dot);
    const auto bar = parts.stem.rfind('|');
    if (bar == std::string_view::npos) return parts;
    parts.relay = parse_digits(parts.stem.substr(bar + 1));
    if (parts.relay) parts.stem = parts.stem.substr(0, bar);
    return parts;
}

std::strong_ordering compare_names(std::string_view a, std::string_view b) {
    const FileName left = split_name(a);
    const FileName right = split_name(b);
    if (left.stem != right.stem || !left.number || !right.number) return a.compare(b) <=> 0;
    if (left.relay && right.relay && *left.relay != *right.relay) return *left.relay <=> *right.relay;
    return *left.number <=> *right.number;
}

}  // namespace

std::string BinlogPosition::to_string() const { return fmt::format("({}, {})", file, offset); }

std::string Location::to_string() const {
    return fmt::format("position: {}, gtid-set: {}", position.to_string(), gtid_set.to_string());
}

std::strong_ordering compare_positions(const BinlogPosition& a, const BinlogPosition& b) {
    const auto by_name = compare_names(a.file, b.file);
    return by_name != std::strong_ordering::equal ? by_name : a.offset <=> b.offset;
}

std::strong_ordering compare_locations(const Location& a, const Location& b, bool by_gtid) {
    if (by_gtid) {
        const bool covers_b = a.gtid_set.contains(b.gtid_set);
        const bool covers_a = b.gtid_set.contains(a.gtid_set);
        if (covers_a && covers_b) return std::strong_ordering::equal;
        if (covers_b) return std::strong_ordering::greater;
        if (covers_a) return std::strong_ordering::less;
    }
    return compare_positions(a.position, b.position);
}

BinlogPosition parse_position(std::string_view text) {
    std::string_view inner = text;
    const bool in_brackets = inner.starts_with('(') && inner.ends_with(')');
    if (in_brackets) inner = inner.substr(1, inner.size() - 2);
    const auto separator = inner.rfind(in_brackets ? ',' : ':');
    if (separator != std::string_view::npos && separator > 0) {
        std::string_view offset_text = inner.substr(separator + 1);
        offset_text.remove_prefix(std::min(offset_text.find_first_not_of(' '), offset_text.size()));
        const auto offset = parse_digits(offset_text);
        if (offset) return {std::string(inner.substr(0, separator)), *offset};
    }
    throw Error(
        ErrorCode::PositionInvalid,
        fmt::format("'{}' is not a binlog position; write file:offset, for example mysql-bin.000003:154", text));
}

}  // namespace dm::model
