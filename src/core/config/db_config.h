#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace dm::config {

/// The TLS keys of a block (`ssl-ca`, ...). Of each item the bytes win over base64, base64 over the path. A plain
/// value.
struct SecurityConfig {
    std::string ssl_ca;
    std::string ssl_cert;
    std::string ssl_key;
    std::vector<std::string> cert_allowed_cn;
    std::string ssl_ca_base64;
    std::string ssl_cert_base64;
    std::string ssl_key_base64;
    std::string ssl_ca_bytes;  ///< PEM text; in files a list of integers
    std::string ssl_cert_bytes;
    std::string ssl_key_bytes;

    bool operator==(const SecurityConfig&) const = default;
    /// No TLS: nothing is set.
    [[nodiscard]] bool is_empty() const { return *this == SecurityConfig{}; }
};

/// How to reach one database: `from` of a source, `target-database` of a task. A plain value.
struct DbConfig {
    std::string host;
    int port = 0;
    std::string user;
    std::string password;                        ///< plain text, once parsed
    std::optional<int> max_allowed_packet;       ///< deprecated, ignored: the server's own value counts
    std::map<std::string, std::string> session;  ///< session variables, values without quotes
    std::optional<SecurityConfig> security;

    bool operator==(const DbConfig&) const = default;
};

/// "host:port" as people write it: an address with colons stands in brackets.
[[nodiscard]] inline std::string host_and_port(const std::string& host, int port) {
    const bool is_bare = host.find(':') == std::string::npos || host.starts_with('[');
    return (is_bare ? host : "[" + host + "]") + ":" + std::to_string(port);
}

}  // namespace dm::config
