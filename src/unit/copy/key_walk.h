#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/sql/sql_session.h"
#include "unit/copy/table_shape.h"
#include "unit/target/copy_checkpoint.h"

/// SQL over ranges of a chunk key: any types, any number of columns. Pure functions of the shape.
namespace dm::copy {

/// Condition for the rows of `range`, composite keys expanded so that the index is used on every server; empty for the
/// whole table.
[[nodiscard]] std::string range_condition(const TableShape& shape, const target::KeyRange& range);

/// The SELECT of a chunk's rows in key order. `where` is the user's own predicate, or empty.
[[nodiscard]] std::string chunk_query(const TableShape& shape, const target::KeyRange& range, const std::string& where);

/// The SELECT of the key that ends a chunk of `rows` rows which starts after `lower`; no row: the table ends before.
[[nodiscard]] std::string boundary_query(const TableShape& shape, const std::vector<std::string>& lower,
                                         std::uint64_t rows);

/// The key in a row of the boundary query, as literals.
[[nodiscard]] std::vector<std::string> key_literals(const TableShape& shape, sql::CellRow row);

}  // namespace dm::copy
