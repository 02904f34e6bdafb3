#pragma once

#include <cstdint>

namespace dm::sql {

/// Bits of sql_mode as query events carry them (status variable 1). MySQL and MariaDB agree on the ones named here,
/// except where noted. All of them change how a statement is read or what a column becomes.
inline constexpr std::uint64_t kModeRealAsFloat = 1U << 0U;
inline constexpr std::uint64_t kModePipesAsConcat = 1U << 1U;
inline constexpr std::uint64_t kModeAnsiQuotes = 1U << 2U;
inline constexpr std::uint64_t kModeIgnoreSpace = 1U << 3U;
inline constexpr std::uint64_t kModeOracle = 1U
                                             << 9U;  ///< MariaDB reads Oracle's type names under it; MySQL ignores it
inline constexpr std::uint64_t kModeNoBackslashEscapes = 1U << 20U;
inline constexpr std::uint64_t kModeStrictTransTables = 1U << 21U;
inline constexpr std::uint64_t kModeStrictAllTables = 1U << 22U;

/// Whether a too long VARCHAR is an error; otherwise it becomes a TEXT.
[[nodiscard]] constexpr bool is_strict(std::uint64_t sql_mode) noexcept {
    return (sql_mode & (kModeStrictTransTables | kModeStrictAllTables)) != 0;
}

}  // namespace dm::sql
