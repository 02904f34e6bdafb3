#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/metrics.h"

namespace grpc::experimental {
class ServerInterceptorFactoryInterface;
}

namespace dm::rpc {

/// How a call of one of our own services ended.
struct CallEnd {
    std::string service;  ///< "pb.Master"
    std::string method;
    std::string status;  ///< "OK"
    double seconds = 0;
};

/// Told at the end of each call, on the call's thread.
using CallObserver = std::function<void(const CallEnd&)>;

/// Counts and times calls under the names that gRPC's servers usually have in Prometheus. The registry outlives it.
[[nodiscard]] CallObserver count_calls(metrics::Registry& registry);

/// For gRPC's server builder: makes the observer see every call of the services. Calls that are only passed on are not
/// seen.
[[nodiscard]] std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> make_call_meter(
    CallObserver observer);

}  // namespace dm::rpc
