#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "io/etcd/etcd_options.h"

namespace grpc {
class Channel;
class ClientContext;
class Status;
}  // namespace grpc

namespace dm::etcd {

/// May a call be sent again when nobody knows whether it was executed?
enum class Repeat : std::uint8_t { IfNotExecuted, Always };

/// The connection to one of several endpoints. Thread-safe.
class EtcdConnection {
  public:
    explicit EtcdConnection(EtcdOptions options);

    /// A connected channel, to the present endpoint or the first other one that answers. Throws Error{code} after
    /// `timeout` or when stop is requested.
    [[nodiscard]] std::shared_ptr<grpc::Channel> connect(ErrorCode code, std::chrono::milliseconds timeout,
                                                         std::stop_token stop = {});
    /// After a failure: the next `connect` starts with the endpoint after this one.
    void drop(const std::shared_ptr<grpc::Channel>& channel);
    void set_endpoints(std::vector<std::string> endpoints);

    /// Runs one call, again where `repeat` allows it, within `timeout` in all. Throws Error{code} "cannot <what>".
    using Call = std::function<grpc::Status(const std::shared_ptr<grpc::Channel>&, grpc::ClientContext&)>;
    void perform(ErrorCode code, std::string_view what, Repeat repeat, std::chrono::milliseconds timeout,
                 const Call& call);

    /// The wait between two attempts; shorter if stop is requested.
    static void pause(std::stop_token stop);

    [[nodiscard]] const EtcdOptions& options() const { return options_; }

  private:
    struct State {
        std::vector<std::string> endpoints;
        std::size_t current = 0;
        std::shared_ptr<grpc::Channel> channel;  ///< to the current endpoint, or none
    };
    [[nodiscard]] std::shared_ptr<grpc::Channel> try_once(std::chrono::milliseconds timeout, std::stop_token stop);
    [[nodiscard]] std::chrono::milliseconds attempt_timeout(Repeat repeat, std::chrono::milliseconds left) const;

    const EtcdOptions options_;
    mutable std::mutex mutex_;
    State state_;
};

}  // namespace dm::etcd
