#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/flavor.h"

/// Statements made fit for another kind or version of server. They are read without ANSI_QUOTES and with backslash
/// escapes, as SHOW CREATE TABLE and `split_and_route` write them. Pure functions; they never fail.
namespace dm::sql {

/// A statement that the target may understand where it refused the original.
struct AdaptedStatement {
    std::string text;
    std::vector<std::string>
        changes;  ///< what was replaced or left out, for people: "collation a -> b"; empty: nothing to adapt
};

/// Replaces what the target does not know (collations, engines, table options, column types, key parts) by the nearest
/// thing it knows. In columns of a key of the statement no collation becomes one that tells apart less, as far as the
/// target has any. Works on CREATE TABLE, ALTER TABLE, CREATE INDEX and CREATE and ALTER DATABASE.
[[nodiscard]] AdaptedStatement adapt_statement(std::string_view statement, const model::ServerVersion& target);

/// The statement in the target's words. For MariaDB: MySQL's hidden columns and indexes as it writes them, for it reads
/// the comments they are in as nothing; and texts with quotes or backslashes without `_utf8mb4` before them, for of
/// these it keeps expressions in which it cannot read them again.
[[nodiscard]] std::string translate_words(std::string_view statement, const model::ServerVersion& target);

/// Whether the statement makes a key WITHOUT OVERLAPS of a period: MariaDB executes no statement that repeats rows on
/// such a table, and other servers have none.
[[nodiscard]] bool has_overlap_key(std::string_view statement);

/// Default collations by character set.
using CollationDefaults = std::map<std::string, std::string>;

/// The statement with a collation after every character set of a column, table or schema that has none: on another
/// server another one may be its default. A character set that is not among `defaults` is left as it is.
[[nodiscard]] std::string state_collations(std::string_view statement, const CollationDefaults& defaults);

}  // namespace dm::sql
