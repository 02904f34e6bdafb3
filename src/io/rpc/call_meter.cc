#include "io/rpc/call_meter.h"

#include <chrono>
#include <string_view>
#include <utility>

#include <google/protobuf/descriptor.h>
#include <grpcpp/support/server_interceptor.h>

#include "io/rpc/status_name.h"

namespace dm::rpc {
namespace {

using grpc::experimental::InterceptionHookPoints;

/// "/pb.Master/QueryStatus" to service and method. Both are empty for a method that nobody has declared: what callers
/// invent must not become series.
std::pair<std::string, std::string> parts_of(std::string_view path) {
    const auto slash = path.rfind('/');
    if (!path.starts_with("/pb.") || slash == 0) return {};
    std::string service(path.substr(1, slash - 1));
    std::string method(path.substr(slash + 1));
    const auto* pool = google::protobuf::DescriptorPool::generated_pool();
    if (pool->FindMethodByName(service + "." + method) == nullptr) return {};
    return {std::move(service), std::move(method)};
}

/// Lives as long as one call.
class Meter final : public grpc::experimental::Interceptor {
  public:
    Meter(const CallObserver& observer, const char* path) : observer_(observer), parts_(parts_of(path)) {}

    void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
        if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS) && !parts_.first.empty()) {
            const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began_;
            observer_({.service = parts_.first,
                       .method = parts_.second,
                       .status = status_name(methods->GetSendStatus().error_code()),
                       .seconds = took.count()});
        }
        methods->Proceed();
    }

  private:
    const CallObserver& observer_;
    const std::pair<std::string, std::string> parts_;
    const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

class MeterFactory final : public grpc::experimental::ServerInterceptorFactoryInterface {
  public:
    explicit MeterFactory(CallObserver observer) : observer_(std::move(observer)) {}
    // gRPC takes the interceptor over.
    grpc::experimental::Interceptor* CreateServerInterceptor(grpc::experimental::ServerRpcInfo* info) override {
        return new Meter(observer_, info->method() == nullptr ? "" : info->method());
    }

  private:
    const CallObserver observer_;
};

}  // namespace

CallObserver count_calls(metrics::Registry& registry) {
    return [&registry](const CallEnd& call) {
        metrics::Labels labels = {{"grpc_type", "unary"}, {"grpc_service", call.service}, {"grpc_method", call.method}};
        registry
            .histogram("grpc_server_handling_seconds", "time from a call's begin to its answer", labels,
                       {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10})
            .observe(call.seconds);
        labels["grpc_code"] = call.status;
        registry.counter("grpc_server_handled_total", "calls that were answered", labels).add();
    };
}

std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> make_call_meter(CallObserver observer) {
    return std::make_unique<MeterFactory>(std::move(observer));
}

}  // namespace dm::rpc
