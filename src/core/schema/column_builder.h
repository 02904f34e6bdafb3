#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/schema/charsets.h"
#include "core/schema/table_definition.h"
#include "core/schema/tracker.h"
#include "core/sql/ddl_tree.h"

namespace dm::schema {

/// What decides about a column besides its own words.
struct ColumnContext {
    const TrackerOptions& options;
    std::uint64_t sql_mode = 0;
    const std::map<std::string, std::string, std::less<>>* collations = nullptr;  ///< of the event; may be null
    CharsetPair table;                                                            ///< the table's default
    bool explicit_timestamp_defaults = true;
};

/// Resolves "CHARSET x", "COLLATE y", both or neither against the surrounding default, as the server does.
[[nodiscard]] CharsetPair resolve_charset(const ColumnContext& context, std::string_view charset,
                                          std::string_view collation, const CharsetPair& surrounding);

/// The column the server makes of a definition. Keys are not looked at: PRIMARY KEY and SERIAL's uniqueness are the
/// caller's. Throws Error{SchemaDdlFailed} for a type it does not know.
[[nodiscard]] Column build_column(const sql::ColumnSpec& spec, const ColumnContext& context);

/// What CONVERT TO CHARACTER SET makes of a column: text changes its charset, TEXT grows so that as many characters
/// fit; other columns stay.
void convert_column(Column& column, const CharsetPair& target, std::uint64_t sql_mode);

[[nodiscard]] bool is_text_type(ColumnType type) noexcept;    ///< CHAR, VARCHAR and the TEXT family
[[nodiscard]] bool is_binary_type(ColumnType type) noexcept;  ///< BINARY, VARBINARY and the BLOB family
/// Text, ENUM and SET: columns with a charset.
[[nodiscard]] bool has_charset(ColumnType type) noexcept;

}  // namespace dm::schema
