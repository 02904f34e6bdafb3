#include "app/ctl/master_client.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <google/protobuf/message_lite.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/client_unary_call.h>
#include <grpcpp/impl/codegen/proto_utils.h>

#include "base/error.h"
#include "io/rpc/address.h"
#include "io/rpc/channel.h"

namespace dm::ctl {
namespace {

using google::protobuf::MessageLite;

constexpr auto kDialTimeout = std::chrono::seconds(3);

grpc::Status call_once(grpc::Channel& channel, const std::string& path, std::optional<std::chrono::nanoseconds> timeout,
                       const MessageLite& request, MessageLite& response) {
    grpc::ClientContext context;
    if (timeout)
        context.set_deadline(std::chrono::system_clock::now() +
                             std::chrono::duration_cast<std::chrono::system_clock::duration>(*timeout));
    const grpc::internal::RpcMethod method(path.c_str(), grpc::internal::RpcMethod::NORMAL_RPC);
    return grpc::internal::BlockingUnaryCall<MessageLite, MessageLite, MessageLite, MessageLite>(
        &channel, method, &context, request, &response);
}

bool is_host_and_port(std::string_view text) {
    try {
        const rpc::Address address = rpc::parse_address(text);
        return !address.host.empty() && address.port != 0;
    } catch (const Error&) {
        return false;
    }
}

}  // namespace

MasterClient::MasterClient(std::vector<std::string> addresses, std::chrono::nanoseconds rpc_timeout, OpenChannel open)
    : addresses_(std::move(addresses)), rpc_timeout_(rpc_timeout), open_(std::move(open)) {}

void MasterClient::connect() {
    const std::lock_guard lock(mutex_);
    connect_locked();
}

void MasterClient::connect_locked() {
    ensure(!addresses_.empty(), ErrorCode::CtlFlags,
           "the address of a dm-master is not known: give --master-addr or set DM_MASTER_ADDR");
    for (const auto& address : addresses_) {
        channel_ = open_(address, kDialTimeout);
        if (!channel_) continue;
        connected_to_ = address;
        return;
    }
    throw Error(ErrorCode::CtlConnect, fmt::format("cannot connect to a dm-master at {}", fmt::join(addresses_, ",")));
}

std::shared_ptr<grpc::Channel> MasterClient::channel_other_than(const std::shared_ptr<grpc::Channel>& broken) {
    const std::lock_guard lock(mutex_);
    if (!channel_ || channel_ == broken) connect_locked();
    return channel_;
}

RpcOutcome MasterClient::call(std::string_view method, const MessageLite& request, MessageLite& response, Limit limit) {
    const std::string path = fmt::format("/pb.Master/{}", method);
    const auto timeout = limit == Limit::RpcTimeout ? std::optional(rpc_timeout_) : std::nullopt;
    const auto channel = channel_other_than(nullptr);
    grpc::Status status = call_once(*channel, path, timeout, request, response);
    if (status.error_code() == grpc::StatusCode::UNAVAILABLE)
        status = call_once(*channel_other_than(channel), path, timeout, request, response);
    if (status.ok()) return {.is_ok = true, .text = {}};
    std::string text = rpc::status_text(status);
    if (status.error_code() == grpc::StatusCode::UNIMPLEMENTED) {
        const std::lock_guard lock(mutex_);
        text +=
            fmt::format("; what listens at {} is no dm-master of this version: give its `master-addr`", connected_to_);
    }
    if (status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED)
        text += "; should it be the request that is too large, raise dm-master's `max-request-bytes`";
    return {.is_ok = false, .text = std::move(text)};
}

void check_addresses(const std::vector<std::string>& addresses) {
    for (const auto& address : addresses) {
        ensure(is_host_and_port(address), ErrorCode::CtlFlags,
               fmt::format("--master-addr takes host:port, or several with commas between; '{}' is not that", address));
    }
}

}  // namespace dm::ctl
