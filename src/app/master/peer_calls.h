#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "app/master/token_bucket.h"

namespace grpc {
class Channel;
}
namespace google::protobuf {
class MessageLite;
}
namespace pb {
class QueryStatusRequest;
class QueryStatusResponse;
}  // namespace pb

namespace dm::master {

/// Asks the worker at `address` for its status. Throws Error{MasterGrpcRequest, MasterNoToken}.
using QueryWorker =
    std::function<pb::QueryStatusResponse(const std::string& address, const pb::QueryStatusRequest& request)>;

/// Calls to workers and to other masters: one channel per address, kept, with the master's limits. Thread-safe.
class PeerCalls {
  public:
    struct Options {
        std::chrono::nanoseconds timeout = std::chrono::seconds(30);
        double rate = 10;  ///< status calls per second to one worker, after `burst`
        int burst = 40;
    };
    PeerCalls(const Options& options, Clock& clock);
    ~PeerCalls();
    PeerCalls(const PeerCalls&) = delete;
    PeerCalls& operator=(const PeerCalls&) = delete;

    [[nodiscard]] pb::QueryStatusResponse query_status(const std::string& address,
                                                       const pb::QueryStatusRequest& request);
    /// Any unary call, by its full path "/pb.Worker/GetWorkerCfg". Throws Error{MasterGrpcRequest}.
    void call(const std::string& address, const std::string& path, const google::protobuf::MessageLite& request,
              google::protobuf::MessageLite& response);
    [[nodiscard]] std::shared_ptr<grpc::Channel> channel(const std::string& address);

  private:
    struct Peer;
    [[nodiscard]] Peer& peer(const std::string& address);

    const Options options_;
    Clock& clock_;
    std::mutex mutex_;
    std::map<std::string, std::unique_ptr<Peer>> peers_;  ///< under mutex_; never erased, so references stay
};

}  // namespace dm::master
