#include "io/rpc/address.h"

#include <charconv>

#include <fmt/format.h>

#include "base/error.h"

namespace dm::rpc {

namespace {

constexpr std::string_view kSchemes[] = {"http://", "https://"};

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

}  // namespace

std::string Address::text() const {
    return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

std::string without_scheme(std::string_view url) {
    for (const auto scheme : kSchemes) {
        if (!url.starts_with(scheme)) continue;
        url.remove_prefix(scheme.size());
        while (url.ends_with('/')) url.remove_suffix(1);
        break;
    }
    return std::string(url);
}

Address parse_address(std::string_view text) {
    const auto refuse = [&](std::string_view why) {
        throw Error(ErrorCode::WorkerAddrInvalid,
                    fmt::format("'{}' is not an address: {}; write host:port", text, why));
    };
    const std::string plain = without_scheme(trim(text));
    const auto colon = plain.rfind(':');
    if (colon == std::string::npos) refuse("it has no port");
    std::string host = plain.substr(0, colon);
    const std::string digits = plain.substr(colon + 1);
    if (host.starts_with('[') && host.ends_with(']'))
        host = host.substr(1, host.size() - 2);
    else if (host.find(':') != std::string::npos)
        refuse("an IPv6 host must stand in brackets");
    if (host.find('/') != std::string::npos) refuse("its host has a '/'");
    Address address{.host = std::move(host), .port = 0};
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), address.port);
    if (error != std::errc{} || end != digits.data() + digits.size()) refuse("its port is not a number up to 65535");
    return address;
}

std::vector<std::string> split_addresses(std::string_view list) {
    std::vector<std::string> addresses;
    while (!list.empty()) {
        const auto comma = list.find(',');
        if (auto one = without_scheme(trim(list.substr(0, comma))); !one.empty()) addresses.push_back(std::move(one));
        list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
    }
    return addresses;
}

}  // namespace dm::rpc
