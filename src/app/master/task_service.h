#pragma once

#include "app/master/master_context.h"
#include "app/master/scheduler.h"

namespace pb {
class StartTaskRequest;
class StartTaskResponse;
class OperateTaskRequest;
class OperateTaskResponse;
class UpdateTaskRequest;
class UpdateTaskResponse;
class CheckTaskRequest;
class CheckTaskResponse;
}  // namespace pb

/// Commands about tasks. They throw Error for what the answer's `msg` should say; elements carry what concerns one
/// source. Commands on the same task exclude each other.
namespace dm::master {

/// Reads the file, checks the servers, stores one subtask per source and waits until they run.
[[nodiscard]] pb::StartTaskResponse start_task(const MasterContext& context, Scheduler& scheduler,
                                               const pb::StartTaskRequest& request);
/// Pause, resume or delete; waits until the workers have obeyed.
[[nodiscard]] pb::OperateTaskResponse operate_task(const MasterContext& context, Scheduler& scheduler,
                                                   const pb::OperateTaskRequest& request);
/// Reads the file and checks the servers, as the original's does: nothing is changed.
[[nodiscard]] pb::UpdateTaskResponse update_task(const MasterContext& context, Scheduler& scheduler,
                                                 const pb::UpdateTaskRequest& request);
[[nodiscard]] pb::CheckTaskResponse check_task(const MasterContext& context, Scheduler& scheduler,
                                               const pb::CheckTaskRequest& request);

}  // namespace dm::master
