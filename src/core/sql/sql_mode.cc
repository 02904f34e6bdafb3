#include "core/sql/sql_mode.h"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>

namespace dm::sql {
namespace {

struct Mode {
    std::uint64_t bit;
    std::string_view name;
};

/// Of the same bit and name in all servers.
constexpr auto kMeanings = std::to_array<Mode>({
    {.bit = kModeRealAsFloat, .name = "REAL_AS_FLOAT"},
    {.bit = kModePipesAsConcat, .name = "PIPES_AS_CONCAT"},
    {.bit = kModeIgnoreSpace, .name = "IGNORE_SPACE"},
    {.bit = kModeNoUnsignedSubtraction, .name = "NO_UNSIGNED_SUBTRACTION"},
    {.bit = kModeNoAutoValueOnZero, .name = "NO_AUTO_VALUE_ON_ZERO"},
    {.bit = kModeHighNotPrecedence, .name = "HIGH_NOT_PRECEDENCE"},
    {.bit = kModePadCharToFullLength, .name = "PAD_CHAR_TO_FULL_LENGTH"},
});

/// Taken out: how quotes are read, names that stand for several modes, and what is decided below.
constexpr auto kNeverOfBase = std::to_array<std::string_view>(
    {"ANSI_QUOTES", "NO_BACKSLASH_ESCAPES", "ANSI", "ORACLE", "DB2", "MAXDB", "MSSQL", "POSTGRESQL", "MYSQL323",
     "MYSQL40", "TIME_ROUND_FRACTIONAL", "TIME_TRUNCATE_FRACTIONAL"});

bool is_decided(std::string_view mode) {
    return std::ranges::find(kNeverOfBase, mode) != kNeverOfBase.end() ||
           std::ranges::find(kMeanings, mode, &Mode::name) != kMeanings.end();
}

std::vector<std::string> split(std::string_view list) {
    std::vector<std::string> names;
    while (!list.empty()) {
        const std::size_t end = std::min(list.find(','), list.size());
        if (end > 0) names.emplace_back(list.substr(0, end));
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return names;
}

/// MySQL rounds the digits of a second that a type has no room for, MariaDB cuts them, unless they are told otherwise.
std::string_view fraction_mode(std::uint64_t sql_mode, bool is_from_mariadb, const model::ServerVersion& target) {
    const bool is_rounded =
        is_from_mariadb ? (sql_mode & kModeRoundFractions) != 0 : (sql_mode & kModeTruncateFractions) == 0;
    const bool rounds_by_itself = target.flavor != model::Flavor::MariaDb;
    if (is_rounded == rounds_by_itself || target.is_tidb) return {};
    if (rounds_by_itself) return target.is_at_least(8, 0) ? "TIME_TRUNCATE_FRACTIONAL" : "";
    return target.is_at_least(10, 4) ? "TIME_ROUND_FRACTIONAL" : "";
}

}  // namespace

std::string statement_sql_mode(std::string_view base, std::uint64_t sql_mode, bool is_from_mariadb,
                               const model::ServerVersion& target) {
    std::vector<std::string> modes = split(base);
    std::erase_if(modes, is_decided);
    for (const auto& [bit, name] : kMeanings) {
        if ((sql_mode & bit) != 0) modes.emplace_back(name);
    }
    // It brings ANSI_QUOTES along, and the event had them, too: no text is left in double quotes.
    const bool is_oracle = is_from_mariadb && (sql_mode & kModeOracle) != 0 && (sql_mode & kModeAnsiQuotes) != 0;
    if (is_oracle && target.flavor == model::Flavor::MariaDb && target.is_at_least(10, 3)) modes.emplace_back("ORACLE");
    if (const auto fractions = fraction_mode(sql_mode, is_from_mariadb, target); !fractions.empty())
        modes.emplace_back(fractions);
    if (std::ranges::find(modes, "NO_DIR_IN_CREATE") == modes.end()) modes.emplace_back("NO_DIR_IN_CREATE");
    return fmt::format("{}", fmt::join(modes, ","));
}

}  // namespace dm::sql
