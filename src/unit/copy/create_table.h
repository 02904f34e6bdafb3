#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/names.h"

/// The text of SHOW CREATE TABLE, made fit for another name and another server. Pure functions.
namespace dm::copy {

/// Where the parent of a foreign key is in the target; its schema is empty if the text names none.
using ParentRoute = std::function<model::TableName(const model::TableName& parent)>;

/// The statement with the table's name replaced by `target`, the parents of its foreign keys by what `route` says, and
/// IF NOT EXISTS. Throws Error{CopyPlan} if the text does not begin like SHOW CREATE TABLE's.
[[nodiscard]] std::string retarget_create_table(std::string_view create_table, const model::TableName& target,
                                                const ParentRoute& route);

/// The text without what changes while nothing about the structure does: the AUTO_INCREMENT counter.
[[nodiscard]] std::string comparable_structure(std::string_view create_table);

/// A CREATE TABLE and the indexes taken out of it, each as it was written: "KEY `k` (`a`)".
struct WithoutIndexes {
    std::string create_table;
    std::vector<std::string> indexes;
};

/// Takes out the indexes that can as well be added when the rows are there: plain ones of an InnoDB table without
/// foreign keys, except those that begin with the AUTO_INCREMENT column. Unique ones stay: a row that moves while it is
/// copied must push its older version out.
[[nodiscard]] WithoutIndexes take_out_indexes(std::string_view create_table);

/// A CREATE TABLE and the foreign keys taken out of it, each as it was written: "CONSTRAINT `c` FOREIGN KEY ...".
struct WithoutForeignKeys {
    std::string create_table;
    std::vector<std::string> keys;
};

[[nodiscard]] WithoutForeignKeys take_out_foreign_keys(std::string_view create_table);

/// Whether the table's engine is one of those that have no transactions, so that no snapshot holds its rows.
[[nodiscard]] bool lacks_transactions(std::string_view create_table);

/// Columns that are computed by the session's time zone and stored: made of a TIMESTAMP column, or by FROM_UNIXTIME or
/// UNIX_TIMESTAMP.
[[nodiscard]] std::vector<std::string> zoned_columns(std::string_view create_table);

/// The name in an index definition, unquoted.
[[nodiscard]] std::string index_name(std::string_view definition);

}  // namespace dm::copy
