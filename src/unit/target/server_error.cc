#include "unit/target/server_error.h"

#include <charconv>
#include <string_view>

namespace dm::target {

std::optional<int> sql_error_number(const Error& error) {
    constexpr std::string_view kPrefix = "Error ";
    const std::string_view cause = error.raw_cause();
    if (!cause.starts_with(kPrefix)) return std::nullopt;
    int number = 0;
    const char* begin = cause.data() + kPrefix.size();
    const auto [end, status] = std::from_chars(begin, cause.data() + cause.size(), number);
    if (status != std::errc{} || end == begin) return std::nullopt;
    return number;
}

bool is_connection_lost(const Error& error) {
    return error.code() == ErrorCode::DbInvalidConnection || error.code() == ErrorCode::DbBadConnection;
}

}  // namespace dm::target
