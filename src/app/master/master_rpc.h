#pragma once

#include <memory>

#include "app/master/leadership.h"
#include "app/master/master_context.h"

namespace grpc {
class Service;
}

namespace dm::master {

/// The gRPC service pb.Master: every call is handled by the leader, passed on to it, or answered with MasterNotLeader.
/// What goes wrong in a command is an answer with `result` false and the error's text; what this version cannot do is
/// refused by name in the same way. Thread-safe. Both arguments must outlive it.
[[nodiscard]] std::unique_ptr<grpc::Service> make_master_rpc(const MasterContext& context, Leadership& leadership);

}  // namespace dm::master
