#include "io/rpc/status_name.h"

#include <array>
#include <string_view>

#include <fmt/format.h>

namespace dm::rpc {
namespace {

constexpr std::array<std::string_view, 17> kNames = {
    "OK",       "Canceled",       "Unknown",          "InvalidArgument",   "DeadlineExceeded",
    "NotFound", "AlreadyExists",  "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
    "Aborted",  "OutOfRange",     "Unimplemented",    "Internal",          "Unavailable",
    "DataLoss", "Unauthenticated"};

}  // namespace

std::string status_name(int code) {
    const bool is_known = code >= 0 && static_cast<std::size_t>(code) < kNames.size();
    return is_known ? std::string(kNames.at(static_cast<std::size_t>(code))) : fmt::format("Code({})", code);
}

}  // namespace dm::rpc
