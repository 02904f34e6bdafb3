#include "io/rpc/protocol.h"

namespace dm::rpc {

std::optional<Protocol> recognise(std::string_view bytes) {
    constexpr std::string_view kPreface = "PRI";
    const std::string_view head = bytes.substr(0, kPreface.size());
    if (head == kPreface) return Protocol::Http2;
    if (head.empty() || kPreface.starts_with(head)) return std::nullopt;
    return head[0] >= 'A' && head[0] <= 'Z' ? Protocol::Http1 : Protocol::Garbage;
}

}  // namespace dm::rpc
