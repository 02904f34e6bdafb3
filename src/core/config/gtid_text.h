#pragma once

#include <string_view>

namespace dm::config {

/// Throws Error{GtidSetInvalid}, with the key, if `text` is not empty and no GTID set of the flavor; of either flavor
/// while that is not known.
void check_gtid_text(std::string_view flavor, std::string_view text, std::string_view key);

}  // namespace dm::config
