#pragma once

#include "app/master/master_context.h"
#include "app/master/scheduler.h"

namespace pb {
class GetCfgRequest;
class GetCfgResponse;
class GetSubTaskCfgRequest;
class GetSubTaskCfgResponse;
class ListTaskConfigsResponse;
class ListSourceConfigsResponse;
class EncryptRequest;
class EncryptResponse;
}  // namespace pb

/// Commands that show configurations. They throw Error for what the answer's `msg` should say.
namespace dm::master {

/// Passwords are hidden.
[[nodiscard]] pb::GetCfgResponse get_config(const MasterContext& context, Scheduler& scheduler,
                                            const pb::GetCfgRequest& request);
[[nodiscard]] pb::GetSubTaskCfgResponse get_subtask_configs(Scheduler& scheduler,
                                                            const pb::GetSubTaskCfgRequest& request);
/// Complete texts for an export; passwords encrypted if the master has a key.
[[nodiscard]] pb::ListTaskConfigsResponse list_task_configs(const MasterContext& context, Scheduler& scheduler);
[[nodiscard]] pb::ListSourceConfigsResponse list_source_configs(const MasterContext& context, Scheduler& scheduler);
[[nodiscard]] pb::EncryptResponse encrypt(const MasterContext& context, const pb::EncryptRequest& request);

}  // namespace dm::master
