#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace dm::rpc {

/// The status of an HTTP/1.1 GET of `path` at `address`, which is read as parse_address does. Nothing if no whole
/// answer has come within `timeout`. Thread-safe.
[[nodiscard]] std::optional<int> http_get(const std::string& address, const std::string& path,
                                          std::chrono::milliseconds timeout);

}  // namespace dm::rpc
