#pragma once

#include <memory>
#include <string>

namespace grpc {
class CallbackGenericService;
}

namespace dm::rpc {

/// Answers gRPC calls that no registered service knows: those of etcd's interfaces are passed on to an etcd byte for
/// byte, in both directions and with their metadata, deadline and status, so that etcd's own tools work on our port;
/// all others are answered as unknown. Must outlive the server it is registered with. Thread-safe.
class EtcdForwarder {
  public:
    /// `target` as in RpcServer::Options::etcd_target; empty: everything is unknown.
    explicit EtcdForwarder(const std::string& target);
    ~EtcdForwarder();
    EtcdForwarder(const EtcdForwarder&) = delete;
    EtcdForwarder& operator=(const EtcdForwarder&) = delete;

    [[nodiscard]] grpc::CallbackGenericService& service();

  private:
    class Service;
    std::unique_ptr<Service> service_;
};

}  // namespace dm::rpc
