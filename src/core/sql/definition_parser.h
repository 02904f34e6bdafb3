#pragma once

#include <vector>

#include "core/sql/ddl_tree.h"
#include "core/sql/token_stream.h"

/// Recursive-descent readers of what stands inside CREATE TABLE and ALTER TABLE: columns, keys, options. Each reads
/// from the cursor and leaves it behind what it read; each throws Error{ParseSql}. For the parsers of this room.
namespace dm::sql {

[[nodiscard]] TypeSpec parse_type(TokenStream& tokens);

/// A definition behind the column's name, up to the comma, the parenthesis, FIRST or AFTER.
[[nodiscard]] ColumnSpec parse_column(TokenStream& tokens, std::string name);

/// FIRST, AFTER name, or nothing.
[[nodiscard]] ColumnPlace parse_place(TokenStream& tokens);

/// The key a column's inline KEY, UNIQUE or PRIMARY KEY stands for.
[[nodiscard]] KeySpec inline_key(const ColumnSpec& column);

/// What is not a column: keys, foreign keys, CHECK, PERIOD.
struct ConstraintSpec {
    std::vector<KeySpec> keys;                 ///< none or one
    std::vector<ForeignKeySpec> foreign_keys;  ///< none or one
    std::vector<PeriodSpec> periods;           ///< none or one
};
/// Whether a key or constraint comes next (and not a column that is called so).
[[nodiscard]] bool is_constraint_next(const TokenStream& tokens);
[[nodiscard]] ConstraintSpec parse_constraint(TokenStream& tokens);

/// (part, ...) of a key.
void parse_key_parts(TokenStream& tokens, KeySpec& key);
/// USING, COMMENT, VISIBLE, ... behind or before the parts.
void parse_key_options(TokenStream& tokens, KeySpec& key);

/// Table and database options with and without commas, partitioning included; stops before what is none.
/// True if at least one was there.
bool parse_table_options(TokenStream& tokens, TableOptions& options);

/// A name that may also be written as a string: charsets, collations, engines.
[[nodiscard]] std::string parse_name_or_string(TokenStream& tokens, std::string_view what);
/// Unsigned decimal number.
[[nodiscard]] std::uint64_t parse_number(TokenStream& tokens);
[[nodiscard]] model::TableName parse_table_name(TokenStream& tokens, const std::string& default_schema);

}  // namespace dm::sql
