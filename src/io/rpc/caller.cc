#include "io/rpc/caller.h"

#include <array>
#include <charconv>
#include <sys/socket.h>

#include <netdb.h>

#include "io/rpc/address.h"

namespace dm::rpc {

std::string caller_text(std::string_view peer) {
    constexpr std::string_view kSocket = "fd:";
    if (!peer.starts_with(kSocket)) return std::string(peer);
    int fd = -1;
    const auto [end, error] = std::from_chars(peer.data() + kSocket.size(), peer.data() + peer.size(), fd);
    sockaddr_storage address{};
    socklen_t size = sizeof(address);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (error != std::errc() || ::getpeername(fd, generic, &size) != 0) return std::string(peer);
    std::array<char, NI_MAXHOST> host{};
    std::array<char, NI_MAXSERV> port{};
    constexpr int kNumbers = NI_NUMERICHOST | NI_NUMERICSERV;
    if (::getnameinfo(generic, size, host.data(), host.size(), port.data(), port.size(), kNumbers) != 0)
        return std::string(peer);
    Address caller{.host = host.data()};
    const std::string_view digits = port.data();
    std::from_chars(digits.data(), digits.data() + digits.size(), caller.port);
    return caller.text();
}

}  // namespace dm::rpc
