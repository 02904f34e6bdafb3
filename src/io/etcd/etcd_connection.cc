#include "io/etcd/etcd_connection.h"

#include <algorithm>
#include <condition_variable>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include "io/rpc/channel.h"

namespace dm::etcd {

namespace {

using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kPause{100};
constexpr milliseconds kShortestAttempt{1000};

milliseconds left_until(SteadyClock::time_point deadline) {
    return std::max(milliseconds(0), std::chrono::duration_cast<milliseconds>(deadline - SteadyClock::now()));
}

/// The call never reached a server that would carry it out.
bool was_surely_not_executed(const grpc::Status& status) {
    if (status.error_code() != grpc::StatusCode::UNAVAILABLE) return false;
    const auto& text = status.error_message();
    return text.starts_with("failed to connect") || text.starts_with("etcdserver: no leader");
}

bool is_transient(const grpc::Status& status) {
    switch (status.error_code()) {
        case grpc::StatusCode::UNAVAILABLE:
        case grpc::StatusCode::DEADLINE_EXCEEDED:
        case grpc::StatusCode::CANCELLED:
        case grpc::StatusCode::ABORTED:
        case grpc::StatusCode::UNKNOWN:
        case grpc::StatusCode::INTERNAL:
            return true;
        default:
            return false;
    }
}

}  // namespace

EtcdConnection::EtcdConnection(EtcdOptions options) : options_(std::move(options)) {
    state_.endpoints = options_.endpoints;
}

void EtcdConnection::pause(std::stop_token stop) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop, kPause, [] { return false; });
}

void EtcdConnection::set_endpoints(std::vector<std::string> endpoints) {
    const std::lock_guard lock(mutex_);
    const std::string present = state_.channel ? state_.endpoints[state_.current] : std::string();
    const auto at = std::ranges::find(endpoints, present);
    if (at == endpoints.end()) state_.channel = nullptr;
    state_.current = at == endpoints.end() ? 0 : static_cast<std::size_t>(at - endpoints.begin());
    state_.endpoints = std::move(endpoints);
}

void EtcdConnection::drop(const std::shared_ptr<grpc::Channel>& channel) {
    const std::lock_guard lock(mutex_);
    if (state_.channel != channel) return;  // somebody else did
    state_.channel = nullptr;
    if (!state_.endpoints.empty()) state_.current = (state_.current + 1) % state_.endpoints.size();
}

std::shared_ptr<grpc::Channel> EtcdConnection::try_once(milliseconds timeout, std::stop_token stop) {
    std::string endpoint;
    std::shared_ptr<grpc::Channel> channel;
    {
        const std::lock_guard lock(mutex_);
        if (state_.endpoints.empty()) return nullptr;
        endpoint = state_.endpoints[state_.current];
        if (!state_.channel) state_.channel = rpc::make_channel(endpoint, {.max_receive_bytes = -1, .tls = {}});
        channel = state_.channel;
    }
    // Not under the lock: several threads may wait for the same channel.
    if (rpc::dial(*channel, std::min(timeout, options_.dial_timeout), stop)) return channel;
    if (!stop.stop_requested()) drop(channel);
    return nullptr;
}

std::shared_ptr<grpc::Channel> EtcdConnection::connect(ErrorCode code, milliseconds timeout, std::stop_token stop) {
    const auto deadline = SteadyClock::now() + timeout;
    while (true) {
        if (auto channel = try_once(left_until(deadline), stop)) return channel;
        if (stop.stop_requested() || left_until(deadline) == milliseconds(0)) break;
        pause(stop);
    }
    const std::string why = options_.why_unreachable ? options_.why_unreachable() : std::string();
    const std::lock_guard lock(mutex_);
    throw Error(code, fmt::format("the cluster's store cannot be reached at any of {} within {} ms",
                                  fmt::join(state_.endpoints, ","), timeout.count()))
        .with_cause(why);
}

milliseconds EtcdConnection::attempt_timeout(Repeat repeat, milliseconds left) const {
    if (repeat == Repeat::IfNotExecuted) return left;
    const std::lock_guard lock(mutex_);
    const auto share = left / std::max<std::int64_t>(1, static_cast<std::int64_t>(state_.endpoints.size()));
    return std::min(left, std::max(share, kShortestAttempt));
}

void EtcdConnection::perform(ErrorCode code, std::string_view what, Repeat repeat, milliseconds timeout,
                             const Call& call) {
    const auto deadline = SteadyClock::now() + timeout;
    while (true) {
        const auto channel = connect(code, left_until(deadline));
        grpc::ClientContext context;
        context.set_deadline(std::chrono::system_clock::now() + attempt_timeout(repeat, left_until(deadline)));
        const grpc::Status status = call(channel, context);
        if (status.ok()) return;
        const bool is_lost = is_transient(status);
        if (is_lost) drop(channel);
        const bool may_repeat = was_surely_not_executed(status) || (is_lost && repeat == Repeat::Always);
        if (may_repeat && left_until(deadline) > milliseconds(0)) {
            pause({});
            continue;
        }
        const auto error =
            Error(code, fmt::format("cannot {} in the cluster's store", what)).with_cause(rpc::status_text(status));
        throw is_lost ? error : error.with_retry(RetryClass::Never);
    }
}

}  // namespace dm::etcd
