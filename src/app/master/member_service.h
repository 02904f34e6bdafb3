#pragma once

#include <optional>

#include "app/master/master_context.h"
#include "app/master/scheduler.h"
#include "core/meta/records.h"

namespace pb {
class RegisterWorkerRequest;
class RegisterWorkerResponse;
class ListMemberRequest;
class ListMemberResponse;
class OfflineMemberRequest;
class OfflineMemberResponse;
}  // namespace pb

/// Commands about masters and workers. They throw Error for what the answer's `msg` should say.
namespace dm::master {

/// The reply carries the key that protects passwords.
[[nodiscard]] pb::RegisterWorkerResponse register_worker(const MasterContext& context, Scheduler& scheduler,
                                                         const pb::RegisterWorkerRequest& request);
[[nodiscard]] pb::ListMemberResponse list_members(const MasterContext& context, Scheduler& scheduler,
                                                  const std::optional<meta::Leader>& leader,
                                                  const pb::ListMemberRequest& request);
/// A worker must be offline; a master should have been stopped.
[[nodiscard]] pb::OfflineMemberResponse offline_member(const MasterContext& context, Scheduler& scheduler,
                                                       const pb::OfflineMemberRequest& request);

}  // namespace dm::master
