#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/names.h"
#include "core/sql/sql_session.h"

namespace dm::copy {

/// How a cell of the text protocol becomes a literal.
enum class CellKind : std::uint8_t {
    Number,      ///< digits as the server gave them
    Text,        ///< quoted and escaped: strings, dates, JSON, ENUM, SET
    Member,      ///< of an ENUM with an empty member: a 0, which stands for the error value, or a 1 and the text
    Bytes,       ///< binary strings, BIT, spatial values
    Vector,      ///< as bytes
    VectorText,  ///< a vector that the target takes as text
};

/// One column that is copied.
struct CopyColumn {
    std::string name;
    CellKind kind = CellKind::Text;
    std::string select_expression;  ///< what to read: the quoted name, or an expression that loses nothing
};

/// One column of the key the chunks follow.
struct KeyColumn {
    std::string name;
    CellKind kind = CellKind::Text;
    std::string select_expression;  ///< boundary value that compares with the column as the index orders it
};

/// What the copy must know of an upstream table, read from information_schema. A plain value.
struct TableShape {
    model::TableName name;
    std::vector<CopyColumn> columns;  ///< without generated columns
    std::vector<KeyColumn>
        key;               ///< primary key, else the shortest unique key of whole NOT NULL columns; empty: keyless
    std::string key_name;  ///< of that index
    std::size_t unique_keys = 0;   ///< all unique indexes, the primary key included
    std::uint64_t data_bytes = 0;  ///< the server's estimates
    std::uint64_t row_estimate = 0;

    [[nodiscard]] bool is_keyless() const noexcept { return key.empty(); }
    [[nodiscard]] std::vector<std::string> column_names() const;
    /// "SELECT columns FROM table", with the key's index forced where there is one.
    [[nodiscard]] std::string select_head() const;
};

/// Reads a table's shape; nothing if there is no such base table.
[[nodiscard]] std::optional<TableShape> read_table_shape(sql::SqlSession& session, const model::TableName& name);

/// Names of the columns that the table computes itself; empty if there is no such table.
[[nodiscard]] std::vector<std::string> generated_columns(sql::SqlSession& session, const model::TableName& name);

/// Bytes of a value as it stands in a literal: escaped, twice its size where it is short, which is never too little,
/// exact where it is long.
[[nodiscard]] std::size_t literal_bytes(std::string_view value, CellKind kind);

/// Appends one cell as a literal.
void append_cell(std::string& out, const sql::Cell& cell, CellKind kind);

}  // namespace dm::copy
