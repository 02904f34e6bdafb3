#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace google::protobuf {
class MessageLite;
}
namespace grpc {
class Channel;
}

namespace dm::ctl {

/// How a call ended. A plain value.
struct RpcOutcome {
    bool is_ok = false;
    std::string text;  ///< "rpc error: code = Unavailable desc = ..." if it is not
};

/// dmctl's line to a dm-master: of the addresses given, the first that answers. Opened by `connect`, opened again once
/// when a call finds the master gone. Any thread may call anything; a call that has to connect makes the others wait.
class MasterClient {
  public:
    /// Opens a channel and waits until it is connected; null if nobody answers within `patience`.
    using OpenChannel =
        std::function<std::shared_ptr<grpc::Channel>(const std::string& address, std::chrono::milliseconds patience)>;

    MasterClient(std::vector<std::string> addresses, std::chrono::nanoseconds rpc_timeout, OpenChannel open);

    /// Waits up to 3 s per address. Throws Error{CtlConnect} if none answers, Error{CtlFlags} if none was given: what
    /// needs no master, such as help, needs no address either.
    void connect();

    enum class Limit : std::uint8_t { None, RpcTimeout };
    /// Calls /pb.Master/<method>. Connects first if needed.
    RpcOutcome call(std::string_view method, const google::protobuf::MessageLite& request,
                    google::protobuf::MessageLite& response, Limit limit = Limit::None);

  private:
    void connect_locked();
    /// The channel of all threads, connected anew if there is none or only `broken`.
    std::shared_ptr<grpc::Channel> channel_other_than(const std::shared_ptr<grpc::Channel>& broken);

    const std::vector<std::string> addresses_;
    const std::chrono::nanoseconds rpc_timeout_;
    const OpenChannel open_;
    std::mutex mutex_;
    std::shared_ptr<grpc::Channel> channel_;  ///< under mutex_
    std::string connected_to_;                ///< where it leads; under mutex_
};

/// Throws Error{CtlFlags} if one of them is not "host:port"; an IPv6 address stands in brackets.
void check_addresses(const std::vector<std::string>& addresses);

}  // namespace dm::ctl
