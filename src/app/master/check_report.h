#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dm::master {

enum class CheckState : std::uint8_t { Success, Warn, Fail };

/// What one look at one server found. A plain value.
struct CheckItem {
    std::string name;   ///< as in checks-and-errors: "mysql_binlog_format"
    std::string about;  ///< one sentence: what is looked at
    CheckState state = CheckState::Success;
    std::string problem;      ///< what was found; empty on success
    std::string instruction;  ///< what mends it: the statement or setting
    std::string where;        ///< "address of db instance - host:port"
};

/// The detail that check-task and start-task show: items that found something, cut to the limits, and a summary with
/// full counts; JSON indented by tabs.
[[nodiscard]] std::string check_detail(const std::vector<CheckItem>& items, std::int64_t max_errors,
                                       std::int64_t max_warnings);

}  // namespace dm::master
