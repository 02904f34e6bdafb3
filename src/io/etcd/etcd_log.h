#pragma once

#include <string_view>

namespace dm::etcd {

/// Writes a line of etcd's own log (JSON with level, msg, and other keys; anything else as it is) into ours.
void log_etcd_line(std::string_view line);

}  // namespace dm::etcd
