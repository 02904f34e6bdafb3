#pragma once

#include "app/master/master_context.h"
#include "app/master/scheduler.h"

namespace pb {
class OperateSourceRequest;
class OperateSourceResponse;
class TransferSourceRequest;
class TransferSourceResponse;
}  // namespace pb

/// Commands about sources. They throw Error for what the answer's `msg` should say; elements carry what concerns one
/// source.
namespace dm::master {

/// Create: reads the texts, asks each upstream for what is not given, checks it, stores it and binds it; if one fails,
/// those of this call are removed again. Stop, show: by text or id; stop waits until the workers have let go.
[[nodiscard]] pb::OperateSourceResponse operate_source(const MasterContext& context, Scheduler& scheduler,
                                                       const pb::OperateSourceRequest& request);

/// Moves a source to another worker. Running tasks must be in the sync unit. The source is taken from its worker, which
/// ends what it does, and then given to the other.
[[nodiscard]] pb::TransferSourceResponse transfer_source(const MasterContext& context, Scheduler& scheduler,
                                                         const pb::TransferSourceRequest& request);

}  // namespace dm::master
