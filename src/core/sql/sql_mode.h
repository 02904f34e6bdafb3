#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/model/flavor.h"

namespace dm::sql {

/// Bits of sql_mode as query events carry them (status variable 1). MySQL and MariaDB agree on the ones named here,
/// except where noted. All of them change how a statement is read or what a column becomes.
inline constexpr std::uint64_t kModeRealAsFloat = 1U << 0U;
inline constexpr std::uint64_t kModePipesAsConcat = 1U << 1U;
inline constexpr std::uint64_t kModeAnsiQuotes = 1U << 2U;
inline constexpr std::uint64_t kModeIgnoreSpace = 1U << 3U;
inline constexpr std::uint64_t kModeNoUnsignedSubtraction = 1U << 6U;
inline constexpr std::uint64_t kModeOracle = 1U
                                             << 9U;  ///< MariaDB reads Oracle's type names under it; MySQL ignores it
inline constexpr std::uint64_t kModeNoAutoValueOnZero = 1U << 19U;
inline constexpr std::uint64_t kModeNoBackslashEscapes = 1U << 20U;
inline constexpr std::uint64_t kModeStrictTransTables = 1U << 21U;
inline constexpr std::uint64_t kModeStrictAllTables = 1U << 22U;
inline constexpr std::uint64_t kModeHighNotPrecedence = 1U << 29U;
inline constexpr std::uint64_t kModePadCharToFullLength = 1U << 31U;
inline constexpr std::uint64_t kModeTruncateFractions = 1ULL << 32U;  ///< MySQL's TIME_TRUNCATE_FRACTIONAL
inline constexpr std::uint64_t kModeRoundFractions = 1ULL << 34U;     ///< MariaDB's TIME_ROUND_FRACTIONAL

/// Whether a too long VARCHAR is an error; otherwise it becomes a TEXT.
[[nodiscard]] constexpr bool is_strict(std::uint64_t sql_mode) noexcept {
    return (sql_mode & (kModeStrictTransTables | kModeStrictAllTables)) != 0;
}

/// The sql_mode in which `target` gives a structure statement the meaning that it had upstream: what changes the
/// meaning of words and of values that are converted is as in the event's `sql_mode`, as far as the target has a word
/// for it; folders are the target's own (NO_DIR_IN_CREATE); the rest, strictness above all, is as in `base`, as the
/// server shows it. ANSI_QUOTES (but for ORACLE) and NO_BACKSLASH_ESCAPES are never in it: split_and_route writes
/// without them.
[[nodiscard]] std::string statement_sql_mode(std::string_view base, std::uint64_t sql_mode, bool is_from_mariadb,
                                             const model::ServerVersion& target);

}  // namespace dm::sql
