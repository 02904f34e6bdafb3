#pragma once

#include <string>
#include <vector>

namespace pb {
class QueryStatusListResponse;
}

namespace dm::ctl {

/// One task in the short list. A plain value.
struct TaskLine {
    std::string name;
    std::string status;  ///< "Running", "Paused", "Error - ..."
    std::vector<std::string> sources;
};

/// The tasks of a response, sorted by name, each with the state its subtasks add up to.
[[nodiscard]] std::vector<TaskLine> summarise(const pb::QueryStatusListResponse& response);

/// What `query-status` prints without arguments.
[[nodiscard]] std::string status_list_json(const pb::QueryStatusListResponse& response);

}  // namespace dm::ctl
