#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/schema/table_definition.h"

/// Whether the target's unique keys tell apart all rows that the upstream's do. Pure functions.
namespace dm::dml {

/// Kind of the notice that they may not.
inline constexpr std::string_view kCoarserKey = "key that may tell apart less than upstream's";

/// One part of a unique key, as far as equality of values depends on it.
struct ComparedPart {
    std::string column;
    std::uint32_t prefix = 0;  ///< characters or bytes that count; 0: all
    std::string collation;     ///< "binary" of bytes; empty of what is neither text nor bytes
};

using ComparedKey = std::vector<ComparedPart>;

[[nodiscard]] std::vector<ComparedKey> compared_keys(const schema::TableDefinition& table);

/// The first of the target's keys under which rows may be equal that no key of the source takes for equal, for people:
/// "`k` (utf8mb4_bin -> utf8mb4_general_ci)". Nothing if there is none.
[[nodiscard]] std::optional<std::string> find_coarser_key(const std::vector<ComparedKey>& source,
                                                          const std::vector<ComparedKey>& target);

}  // namespace dm::dml
