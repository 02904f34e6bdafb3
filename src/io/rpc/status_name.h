#pragma once

#include <string>

namespace dm::rpc {

/// The name of a gRPC status as Go's library writes it: "OK", "DeadlineExceeded"; "Code(99)" if there is none.
[[nodiscard]] std::string status_name(int code);

}  // namespace dm::rpc
