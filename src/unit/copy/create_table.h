#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/flavor.h"
#include "core/model/names.h"

/// The text of SHOW CREATE TABLE, made fit for another name and another server. Pure functions.
namespace dm::copy {

/// The statement with the table's name replaced by `target`, and IF NOT EXISTS. Throws Error{CopyPlan} if the text does
/// not begin like SHOW CREATE TABLE's.
[[nodiscard]] std::string retarget_create_table(std::string_view create_table, const model::TableName& target);

/// The text without what changes while nothing about the structure does: the AUTO_INCREMENT counter.
[[nodiscard]] std::string comparable_structure(std::string_view create_table);

/// The statement with MySQL's hidden columns and indexes as MariaDB writes them, which reads the comments they are in
/// as nothing.
[[nodiscard]] std::string translate_hidden(std::string_view create_table, const model::ServerVersion& target);

/// A CREATE TABLE and the indexes taken out of it, each as it was written: "KEY `k` (`a`)".
struct WithoutIndexes {
    std::string create_table;
    std::vector<std::string> indexes;
};

/// Takes out the indexes that can as well be added when the rows are there: plain ones of an InnoDB table without
/// foreign keys, except those that begin with the AUTO_INCREMENT column. Unique ones stay: a row that moves while it is
/// copied must push its older version out.
[[nodiscard]] WithoutIndexes take_out_indexes(std::string_view create_table);

/// The name in an index definition, unquoted.
[[nodiscard]] std::string index_name(std::string_view definition);

/// A statement that the target may understand where it refused the original.
struct AdaptedStatement {
    std::string text;
    std::vector<std::string>
        changes;  ///< what was replaced or left out, for people: "collation a -> b"; empty: nothing to adapt
};

/// Replaces what the other family of servers does not know (collations, engines, table options, column types, key
/// parts) by the nearest thing it knows. Works on CREATE TABLE and CREATE DATABASE.
[[nodiscard]] AdaptedStatement adapt_statement(std::string_view statement, const model::ServerVersion& target);

/// Default collations by character set.
using CollationDefaults = std::map<std::string, std::string>;

/// The statement with a collation after every character set that has none: on another server another one may be its
/// default. A character set that is not among `defaults` is left as it is.
[[nodiscard]] std::string state_collations(std::string_view create_table, const CollationDefaults& defaults);

/// The collation nearest to `collation` on the target; the same if it should know it.
[[nodiscard]] std::string adapt_collation(std::string_view collation, const model::ServerVersion& target);

}  // namespace dm::copy
