#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace dm::rules {

/// The known name that takes the fewest edits (Levenshtein) to reach from `name`, for "did you mean"; nothing if even
/// that one is far off. The first of equals. The view is one of `known`.
[[nodiscard]] std::optional<std::string_view> nearest_name(std::string_view name,
                                                           std::span<const std::string_view> known);

}  // namespace dm::rules
