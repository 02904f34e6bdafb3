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

/// The worker's answer to QueryStatus. `source` is empty if it serves none; `task` empty means all.
[[nodiscard]] pb::QueryStatusResponse to_message(const std::string& worker, const std::optional<std::string>& source,
                                                 const std::vector<SubTaskReport>& reports, const std::string& task);

}  // namespace dm::worker
