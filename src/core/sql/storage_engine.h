#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include "core/sql/lexer.h"

namespace dm::sql {

/// Whether tables of an engine, as ENGINE= names it, undo what is rolled back. One that is not named is the server's
/// default, which does.
[[nodiscard]] inline bool has_transactions(std::string_view engine) {
    constexpr auto kWithout =
        std::to_array<std::string_view>({"MyISAM", "Aria", "MEMORY", "HEAP", "CSV", "ARCHIVE", "MERGE", "MRG_MyISAM"});
    return std::ranges::none_of(kWithout, [&](std::string_view name) { return equal_ignoring_case(name, engine); });
}

}  // namespace dm::sql
