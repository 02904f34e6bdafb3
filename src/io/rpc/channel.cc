#include "io/rpc/channel.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <grpcpp/channel.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include "base/error.h"
#include "io/rpc/address.h"
#include "io/rpc/status_name.h"

namespace dm::rpc {

namespace {

/// gRPC's wait cannot be interrupted, so it is cut into slices.
bool wait_for_state(grpc::Channel& channel, std::chrono::milliseconds timeout, const std::stop_token& stop,
                    bool is_refusal_final) {
    constexpr auto kSlice = std::chrono::milliseconds(100);
    const auto deadline = std::chrono::system_clock::now() + timeout;
    while (!stop.stop_requested()) {
        const auto state = channel.GetState(true);
        if (state == GRPC_CHANNEL_READY) return true;
        if (state == GRPC_CHANNEL_SHUTDOWN || (is_refusal_final && state == GRPC_CHANNEL_TRANSIENT_FAILURE))
            return false;
        const auto now = std::chrono::system_clock::now();
        if (now >= deadline) return false;
        channel.WaitForStateChange(state, std::min<std::chrono::system_clock::time_point>(deadline, now + kSlice));
    }
    return false;
}

}  // namespace

std::shared_ptr<grpc::Channel> make_channel(const std::string& address, const ChannelOptions& options) {
    ensure(options.tls.is_empty(), ErrorCode::CtlTls,
           "TLS (ssl-ca, ssl-cert, ssl-key) is not offered yet; leave these settings empty");
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(options.max_receive_bytes);
    arguments.SetMaxSendMessageSize(-1);
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, static_cast<int>(options.keepalive_time.count()));
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, static_cast<int>(options.keepalive_timeout.count()));
    arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
    // In spite of its name, how long one attempt to connect may take; it must suit a busy peer.
    arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 3000);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 3000);
    arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
    // Each channel has its own connection and its own back-off, and no proxy from the environment.
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    return grpc::CreateCustomChannel(without_scheme(address), grpc::InsecureChannelCredentials(), arguments);
}

bool wait_connected(grpc::Channel& channel, std::chrono::milliseconds timeout, std::stop_token stop) {
    return wait_for_state(channel, timeout, stop, false);
}

bool dial(grpc::Channel& channel, std::chrono::milliseconds timeout, std::stop_token stop) {
    return wait_for_state(channel, timeout, stop, true);
}

std::shared_ptr<grpc::Channel> connect_first(std::span<const std::string> addresses, std::chrono::milliseconds timeout,
                                             const ChannelOptions& options) {
    for (const auto& address : addresses) {
        auto channel = make_channel(address, options);
        if (dial(*channel, timeout)) return channel;
    }
    throw Error(ErrorCode::MasterGrpcConnect, fmt::format("none of the addresses {} answered within {} ms",
                                                          fmt::join(addresses, ","), timeout.count()))
        .with_workaround("Check that the addresses are right and that a dm-master listens there.");
}

std::string status_text(const grpc::Status& status) {
    return fmt::format("rpc error: code = {} desc = {}", status_name(status.error_code()), status.error_message());
}

}  // namespace dm::rpc
