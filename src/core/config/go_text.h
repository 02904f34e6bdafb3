#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dm::config {

/// A duration as configuration files write it: "300ms", "1h30m", "1.5s", "-2s", "0". Units ns, us, ms, s, m, h.
/// Nothing if it is not one or does not fit 64 bits of nanoseconds.
[[nodiscard]] std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text);
/// The canonical form: "30m0s", "1.5s", "300ms", "0s".
[[nodiscard]] std::string duration_text(std::chrono::nanoseconds value);

/// A number of bytes: "500m", "64 MiB", "1.5g", "1024". Binary multiples of any case. Nothing if it is not one or
/// overflows.
[[nodiscard]] std::optional<std::uint64_t> parse_byte_size(std::string_view text);

}  // namespace dm::config
