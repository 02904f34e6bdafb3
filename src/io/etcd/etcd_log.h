#pragma once

#include <string>
#include <string_view>

namespace dm::etcd {

/// What a line of etcd's own log says.
struct EtcdLine {
    bool is_problem = false;  ///< of level error or above, or what ends the server
    std::string text;         ///< its message, and its error behind a colon; the whole line if it is no JSON
};
[[nodiscard]] EtcdLine read_etcd_line(std::string_view line);

/// Writes a line of etcd's own log (JSON with level, msg, and other keys; anything else as it is) into ours.
void log_etcd_line(std::string_view line);

}  // namespace dm::etcd
