#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dm::rpc {

/// Where something listens. A plain value.
struct Address {
    std::string host;  ///< may be empty: every interface; IPv6 without brackets
    std::uint16_t port = 0;

    /// "host:port", with brackets round an IPv6 host.
    [[nodiscard]] std::string text() const;
    [[nodiscard]] bool is_any_host() const { return host.empty() || host == "0.0.0.0" || host == "::"; }
    auto operator<=>(const Address&) const = default;
};

/// Reads "host:port", ":port" or "[v6]:port", with or without "http://" or "https://" before it and '/' after it.
/// Throws Error{WorkerAddrInvalid} that names the text.
[[nodiscard]] Address parse_address(std::string_view text);
/// "http://h:1" and "https://h:1/" become "h:1"; "unix://" and others stay.
[[nodiscard]] std::string without_scheme(std::string_view url);
/// Splits a list by commas, trims blanks and schemes, leaves out empty items.
[[nodiscard]] std::vector<std::string> split_addresses(std::string_view list);

}  // namespace dm::rpc
