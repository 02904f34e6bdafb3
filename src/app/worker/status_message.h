#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/worker/subtask.h"

namespace pb {
class QueryStatusResponse;
class SubTaskStatus;
}  // namespace pb

namespace dm::worker {

/// One subtask as query-status shows it.
[[nodiscard]] pb::SubTaskStatus to_message(const SubTaskReport& report);

/// What a worker says of itself. A plain value.
struct WorkerReport {
    std::string worker;
    std::optional<std::string> source = std::nullopt;  ///< nothing: it serves none
    std::optional<Error> problem = std::nullopt;       ///< why no subtask of the source can run
    bool has_subtasks = false;                         ///< of any task
    std::vector<SubTaskReport> subtasks = {};          ///< of those that were asked about
};

/// The worker's answer to QueryStatus; `task` is the one that was asked about, empty means all.
[[nodiscard]] pb::QueryStatusResponse to_message(const WorkerReport& report, const std::string& task);

}  // namespace dm::worker
