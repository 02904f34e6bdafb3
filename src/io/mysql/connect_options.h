#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error_catalogue.h"

namespace dm::mysql {

/// Bytes that crossed the connections sharing it: statement text out, cells in. Thread-safe.
struct TrafficCounters {
    std::atomic<std::uint64_t> bytes_in{0};
    std::atomic<std::uint64_t> bytes_out{0};
};

/// TLS of one connection. Each item is a file or, where the path is empty, PEM text. All empty: no TLS.
struct TlsOptions {
    std::string ca_path;
    std::string cert_path;
    std::string key_path;
    std::string ca_pem;
    std::string cert_pem;
    std::string key_pem;
    std::vector<std::string> allowed_names;  ///< common names that the server's certificate may have; empty: any

    [[nodiscard]] bool is_enabled() const noexcept {
        return !ca_path.empty() || !cert_path.empty() || !key_path.empty() || !ca_pem.empty() || !cert_pem.empty() ||
               !key_pem.empty();
    }
};

/// Everything needed to open a session. A plain value; `password` is clear text and must not be printed.
struct ConnectOptions {
    std::string host = "127.0.0.1";
    std::uint16_t port = 3306;
    std::string user;
    std::string password;
    TlsOptions tls;
    /// Set with one SET SESSION at connect, in this order; numbers bare, other values quoted.
    std::vector<std::pair<std::string, std::string>> session_variables;
    std::chrono::seconds connect_timeout{10};
    std::chrono::seconds read_timeout{0};   ///< 0 = as long as the server is alive
    std::chrono::seconds write_timeout{0};  ///< 0 = as long as the server is alive
    bool is_compressed = false;
    ErrorScope scope = ErrorScope::NotSet;     ///< whose server it is, for errors
    std::shared_ptr<TrafficCounters> traffic;  ///< may be null
};

}  // namespace dm::mysql
