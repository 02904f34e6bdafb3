#include "app/master/peer_calls.h"

#include <dmworker.pb.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/client_unary_call.h>
#include <grpcpp/impl/codegen/proto_utils.h>

#include "base/error.h"
#include "io/rpc/channel.h"

namespace dm::master {

using google::protobuf::MessageLite;

struct PeerCalls::Peer {
    Peer(std::shared_ptr<grpc::Channel> to, const Options& options, Clock& clock)
        : channel(std::move(to)), bucket(options.rate, options.burst, clock) {}

    std::shared_ptr<grpc::Channel> channel;
    TokenBucket bucket;
};

PeerCalls::PeerCalls(const Options& options, Clock& clock) : options_(options), clock_(clock) {}

PeerCalls::~PeerCalls() = default;

pb::QueryStatusResponse PeerCalls::query_status(const std::string& address, const pb::QueryStatusRequest& request) {
    // Each worker has a bucket of its own: it is the one to be spared, and a thousand of them must not wait for each
    // other.
    ensure(peer(address).bucket.take(options_.timeout), ErrorCode::MasterNoToken,
           "too many status calls at once: the call to " + address + " would wait longer than `rpc-timeout`");
    pb::QueryStatusResponse response;
    call(address, "/pb.Worker/QueryStatus", request, response);
    return response;
}

void PeerCalls::call(const std::string& address, const std::string& path, const MessageLite& request,
                     MessageLite& response) {
    const auto target = channel(address);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() +
                         std::chrono::duration_cast<std::chrono::system_clock::duration>(options_.timeout));
    const grpc::internal::RpcMethod method(path.c_str(), grpc::internal::RpcMethod::NORMAL_RPC);
    const grpc::Status status = grpc::internal::BlockingUnaryCall<MessageLite, MessageLite, MessageLite, MessageLite>(
        target.get(), method, &context, request, &response);
    if (!status.ok())
        throw Error(ErrorCode::MasterGrpcRequest, "grpc request error: the call to " + address + " failed")
            .with_cause(rpc::status_text(status));
}

std::shared_ptr<grpc::Channel> PeerCalls::channel(const std::string& address) { return peer(address).channel; }

PeerCalls::Peer& PeerCalls::peer(const std::string& address) {
    const std::lock_guard lock(mutex_);
    auto& found = peers_[address];
    if (!found) {
        rpc::ChannelOptions options;
        options.max_receive_bytes = -1;
        found = std::make_unique<Peer>(rpc::make_channel(address, options), options_, clock_);
    }
    return *found;
}

}  // namespace dm::master
