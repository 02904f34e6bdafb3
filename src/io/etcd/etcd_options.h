#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace dm::etcd {

/// Where etcd is, and how patient to be.
struct EtcdOptions {
    /// "host:port", with or without scheme, or "unix:/path". Masters' own ports do too.
    std::vector<std::string> endpoints;
    std::chrono::milliseconds dial_timeout{3'000};      ///< per endpoint
    std::chrono::milliseconds request_timeout{10'000};  ///< of one call, all endpoints together
    std::chrono::milliseconds watch_patience{10'000};   ///< how long a broken watch looks for an endpoint
    /// What is known of the reason if no endpoint answers; thread-safe; may be absent, or know nothing ("").
    std::function<std::string()> why_unreachable;
};

}  // namespace dm::etcd
