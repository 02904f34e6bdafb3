#pragma once

#include <string>
#include <string_view>

#include "core/model/flavor.h"

/// What servers of another kind or version have in place of a collation. Pure functions; they never fail.
namespace dm::sql {

/// The collation nearest to `collation` on the target; the same if it should know it.
[[nodiscard]] std::string adapt_collation(std::string_view collation, const model::ServerVersion& target);

/// The same for a column of a unique key: where the nearest one takes values for equal that `collation` tells apart,
/// the one that compares bytes. Trailing spaces may still not count: some servers have no other.
[[nodiscard]] std::string adapt_key_collation(std::string_view collation, const model::ServerVersion& target);

/// Whether `target` is known to tell apart whatever `source` does, so that rows that differ in a key upstream do so in
/// the target. Characters newer than a server's Unicode do not count. Empty: neither text nor bytes.
[[nodiscard]] bool is_as_fine(std::string_view source, std::string_view target);

}  // namespace dm::sql
