#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "io/rpc/call_meter.h"

namespace grpc {
class Service;
}

namespace dm::rpc {

/// A gRPC server without a port of its own: it serves connections that are given to it. The services must outlive it.
/// `adopt` may be called from any thread, the rest from the owner.
class GrpcHost {
  public:
    struct Options {
        int max_receive_bytes = 4 << 20;
        std::string etcd_target;
        CallObserver on_call;  ///< may be empty
    };

    GrpcHost(const Options& options, const std::vector<grpc::Service*>& services);
    ~GrpcHost();
    GrpcHost(const GrpcHost&) = delete;
    GrpcHost& operator=(const GrpcHost&) = delete;

    /// Takes over a connected stream socket, from its first byte. After `stop` it is closed.
    void adopt(int fd);
    void stop(std::chrono::milliseconds grace);

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace dm::rpc
