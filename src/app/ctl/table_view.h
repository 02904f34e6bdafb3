#pragma once

#include <string>

#include "app/ctl/invocation.h"

namespace pb {
class ListMemberResponse;
class QueryStatusListResponse;
}  // namespace pb

/// Answers for people: `--output table` and `--watch`. Pure but for `uses_colour`.
namespace dm::ctl {

/// Colours are welcome: a terminal, and NO_COLOR is not set.
[[nodiscard]] bool uses_colour(const Invocation& invocation);

[[nodiscard]] std::string member_table(const pb::ListMemberResponse& response, bool has_colour);
/// One line per subtask: task, source, worker, stage, unit, progress or lag, rate; errors below.
[[nodiscard]] std::string status_table(const pb::QueryStatusListResponse& response, bool has_colour);

}  // namespace dm::ctl
