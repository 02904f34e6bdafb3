#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/model/gtid_set.h"

namespace dm::model {

/// File and offset. Offset 4 of an unnamed file is "nothing yet". Offsets are 64 bits wide: files may exceed 4 GiB.
struct BinlogPosition {
    std::string file;
    std::uint64_t offset = 4;

    bool operator==(const BinlogPosition&) const = default;
    [[nodiscard]] bool is_zero() const noexcept { return file.empty() && offset <= 4; }
    /// "(file, offset)", as query-status shows it.
    [[nodiscard]] std::string to_string() const;
};

/// Orders by the number at the end of the file name, then by offset; names with different stems compare as text.
/// A relay suffix ("mysql-bin|000002.000003") is left out unless both have it.
[[nodiscard]] std::strong_ordering compare_positions(const BinlogPosition& a, const BinlogPosition& b);

/// Position and GTID set of the same point: the type that is compared, stored and shown. A value type.
struct Location {
    BinlogPosition position;
    GtidSet gtid_set;

    bool operator==(const Location&) const = default;
    [[nodiscard]] bool is_zero() const noexcept { return position.is_zero() && gtid_set.is_empty(); }
    /// "position: (file, offset), gtid-set: set".
    [[nodiscard]] std::string to_string() const;
};

/// By GTID sets where `by_gtid` and one contains the other (the empty set is smallest); by position otherwise.
[[nodiscard]] std::strong_ordering compare_locations(const Location& a, const Location& b, bool by_gtid);

/// Parses "file:offset" or "(file, offset)"; throws Error{PositionInvalid}.
[[nodiscard]] BinlogPosition parse_position(std::string_view text);

}  // namespace dm::model
