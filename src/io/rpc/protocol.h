#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace dm::rpc {

enum class Protocol : std::uint8_t { Http1, Http2, Garbage };

/// What the first bytes of a connection say; nothing yet if they are too few. More bytes never change an answer.
[[nodiscard]] std::optional<Protocol> recognise(std::string_view bytes);

}  // namespace dm::rpc
