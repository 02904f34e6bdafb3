#pragma once

#include <string>
#include <string_view>

namespace dm::rpc {

/// Who makes a call, "host:port", from what gRPC says of the peer. Connections are handed to gRPC as open sockets, of
/// which it knows only the number ("fd:14"); the system is asked for the rest. What cannot be read stays as it is.
/// For use during the call: afterwards the number may be another connection's.
[[nodiscard]] std::string caller_text(std::string_view peer);

}  // namespace dm::rpc
