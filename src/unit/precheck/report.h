#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "unit/precheck/check_item.h"

namespace dm::precheck {

/// The detail that check-task and start-task show: items that found something, their findings cut to the limits by
/// severity, and a summary with full counts; JSON indented by tabs.
[[nodiscard]] std::string check_detail(const std::vector<CheckItem>& items, std::int64_t max_errors,
                                       std::int64_t max_warnings);

}  // namespace dm::precheck
