#pragma once

#include "app/master/peer_calls.h"
#include "app/master/scheduler.h"

namespace pb {
class QueryStatusListRequest;
class QueryStatusListResponse;
}  // namespace pb

namespace dm::master {

/// Collects the status of a task's sources, of named sources, or of all, from their workers, sorted by source. Workers
/// that cannot be asked and sources without a worker get an element that says so. Never throws.
[[nodiscard]] pb::QueryStatusListResponse query_status(Scheduler& scheduler, const QueryWorker& query_worker,
                                                       const pb::QueryStatusListRequest& request);

}  // namespace dm::master
