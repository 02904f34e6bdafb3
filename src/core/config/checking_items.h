#pragma once

#include <span>
#include <string_view>

namespace dm::config {

/// Names that `ignore-checking-items` takes, case-sensitive, with `all`.
[[nodiscard]] std::span<const std::string_view> checking_items() noexcept;

}  // namespace dm::config
