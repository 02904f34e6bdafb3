#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <stop_token>
#include <string>

#include "io/rpc/rpc_server.h"

namespace grpc {
class Channel;
class Status;
}  // namespace grpc

namespace dm::rpc {

struct ChannelOptions {
    int max_receive_bytes = 4 << 20;  ///< -1 = no limit
    std::chrono::milliseconds keepalive_time{10'000};
    std::chrono::milliseconds keepalive_timeout{3'000};
    TlsFiles tls;  ///< not offered yet: anything but empty is refused
};

/// A channel that connects when it is used and again after each loss (waits from 100 ms to 3 s). `address` is
/// "host:port" with or without scheme, or "unix:/path".
[[nodiscard]] std::shared_ptr<grpc::Channel> make_channel(const std::string& address,
                                                          const ChannelOptions& options = {});

/// Waits until connected. False after `timeout` or when `stop` is requested.
[[nodiscard]] bool wait_connected(grpc::Channel& channel, std::chrono::milliseconds timeout, std::stop_token stop = {});
/// One attempt to connect: false also as soon as the peer refuses.
[[nodiscard]] bool dial(grpc::Channel& channel, std::chrono::milliseconds timeout, std::stop_token stop = {});

/// A connected channel to the first address, in order, that answers within `timeout` each. Throws
/// Error{MasterGrpcConnect} that names them all.
[[nodiscard]] std::shared_ptr<grpc::Channel> connect_first(std::span<const std::string> addresses,
                                                           std::chrono::milliseconds timeout,
                                                           const ChannelOptions& options = {});

/// "rpc error: code = Unavailable desc = ...", as answers show it.
[[nodiscard]] std::string status_text(const grpc::Status& status);

}  // namespace dm::rpc
