#include "unit/copy/table_shape.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "core/sql/literal.h"

namespace dm::copy {
namespace {

constexpr std::size_t kHexUpTo = 64;  // longer binary values are escaped, which is shorter than two digits per byte

constexpr auto kNumberTypes =
    std::to_array<std::string_view>({"tinyint", "smallint", "mediumint", "int", "integer", "bigint", "decimal",
                                     "numeric", "fixed", "float", "double", "real", "year"});

constexpr auto kByteTypes = std::to_array<std::string_view>(
    {"bit", "binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob", "geometry", "point", "linestring",
     "polygon", "multipoint", "multilinestring", "multipolygon", "geometrycollection", "geomcollection"});

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

std::string text_literal(std::string_view text) {
    std::string literal;
    sql::append_quoted(literal, text);
    return literal;
}

std::string name_condition(const model::TableName& name) {
    return fmt::format("TABLE_SCHEMA={} AND TABLE_NAME={}", text_literal(name.schema), text_literal(name.table));
}

std::uint64_t to_number(const std::string& digits) {
    std::uint64_t value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
}

CellKind kind_of(std::string_view type) {
    if (std::ranges::find(kNumberTypes, type) != kNumberTypes.end()) return CellKind::Number;
    if (std::ranges::find(kByteTypes, type) != kByteTypes.end()) return CellKind::Bytes;
    if (type == "vector") return CellKind::Vector;
    return CellKind::Text;
}

bool is_generated(const std::string& extra) {
    const std::string words = lower(extra);
    return words.find("virtual generated") != std::string::npos ||
           words.find("stored generated") != std::string::npos || words.find("persistent") != std::string::npos;
}

/// A FLOAT is printed with six digits; as a product with a double it is printed exactly.
std::string select_expression(const std::string& quoted, std::string_view type) {
    return type == "float" ? fmt::format("({}*1e0)", quoted) : quoted;
}

/// Whether one of the ENUM's members is the empty text, as which the error value reads, too.
bool has_empty_member(std::string_view column_type) {
    constexpr std::string_view kHead = "enum(";
    if (!column_type.starts_with(kHead)) return false;
    std::size_t at = kHead.size();
    while (at < column_type.size() && column_type[at] == '\'') {
        std::size_t end = at + 1;
        // Quotes within are doubled.
        while (end < column_type.size() && (column_type[end] != '\'' || column_type.substr(end, 2) == "''"))
            end += column_type[end] == '\'' ? 2 : 1;
        if (end == at + 1) return true;
        at = end + 2;
    }
    return false;
}

CopyColumn copied_column(const std::string& name, const std::string& type, const std::string& column_type) {
    const std::string quoted = model::quote_identifier(name);
    if (has_empty_member(column_type))
        return {name, CellKind::Member, fmt::format("CONCAT(IF({}+0=0,'0','1'),{})", quoted, quoted)};
    return {name, kind_of(type), select_expression(quoted, type)};
}

/// ENUM and SET are ordered by number in an index but compare with text as text; BIT likewise reads as bytes.
KeyColumn key_column(const std::string& name, std::string_view type) {
    const std::string quoted = model::quote_identifier(name);
    if (type == "enum" || type == "set" || type == "bit")
        return {name, CellKind::Number, fmt::format("({}+0)", quoted)};
    return {name, kind_of(type), select_expression(quoted, type)};
}

struct ColumnFacts {
    std::string type;
    bool is_nullable = false;
    std::uint64_t bytes = 0;
};

struct IndexFacts {
    std::vector<std::string> columns;
    bool is_usable = true;  ///< whole columns only, none of them NULL
};

/// Bytes a key value takes at most, to choose the shortest key.
std::uint64_t width_of(const IndexFacts& index, const std::map<std::string, ColumnFacts>& columns) {
    std::uint64_t width = 0;
    for (const std::string& column : index.columns) width += columns.at(lower(column)).bytes;
    return width;
}

void choose_key(TableShape& shape, sql::SqlSession& session, const std::map<std::string, ColumnFacts>& columns) {
    const auto result = session.query(fmt::format(
        "SELECT INDEX_NAME AS i, COLUMN_NAME AS c, SUB_PART AS p FROM information_schema.STATISTICS WHERE {} AND "
        "NON_UNIQUE=0 ORDER BY INDEX_NAME, SEQ_IN_INDEX",
        name_condition(shape.name)));
    std::map<std::string, IndexFacts> indexes;
    for (std::size_t i = 0; i < result.rows.size(); ++i) {
        IndexFacts& index = indexes[result.text(i, "i")];
        const std::string column = result.text(i, "c");
        const auto facts = columns.find(lower(column));
        index.columns.push_back(column);
        if (facts == columns.end() || facts->second.is_nullable || !result.text(i, "p").empty())
            index.is_usable = false;
    }
    shape.unique_keys = indexes.size();
    const std::pair<const std::string, IndexFacts>* best = nullptr;
    for (const auto& index : indexes) {
        if (!index.second.is_usable) continue;
        if (index.first == "PRIMARY") {
            best = &index;
            break;
        }
        if (best == nullptr || width_of(index.second, columns) < width_of(best->second, columns)) best = &index;
    }
    if (best == nullptr) return;
    shape.key_name = best->first;
    for (const std::string& column : best->second.columns)
        shape.key.push_back(key_column(column, columns.at(lower(column)).type));
}

std::uint64_t key_bytes(std::string_view type, std::uint64_t characters_in_bytes) {
    if (characters_in_bytes != 0) return characters_in_bytes;
    return type == "bigint" || type == "double" || type == "datetime" || type == "decimal" ? 8 : 4;
}

void append_bytes(std::string& out, std::string_view bytes) {
    if (bytes.size() <= kHexUpTo) {
        sql::append_hex(out, bytes);
        return;
    }
    out += "_binary";
    sql::append_quoted(out, bytes);
}

}  // namespace

std::vector<std::string> TableShape::column_names() const {
    std::vector<std::string> names;
    for (const CopyColumn& column : columns) names.push_back(column.name);
    return names;
}

std::string TableShape::select_head() const {
    std::string list;
    for (const CopyColumn& column : columns) {
        if (!list.empty()) list += ',';
        list += column.select_expression;
    }
    // A table of generated columns only still has rows.
    if (list.empty()) list.push_back('1');
    std::string head = fmt::format("SELECT /*!40001 SQL_NO_CACHE */ {} FROM {}", list, name.quoted());
    if (!is_keyless()) head += fmt::format(" FORCE INDEX ({})", model::quote_identifier(key_name));
    return head;
}

std::optional<TableShape> read_table_shape(sql::SqlSession& session, const model::TableName& name) {
    TableShape shape;
    shape.name = name;
    const auto table =
        session.query(fmt::format("SELECT DATA_LENGTH AS d, TABLE_ROWS AS r FROM information_schema.TABLES WHERE {} "
                                  "AND TABLE_TYPE IN ('BASE TABLE','SYSTEM VERSIONED')",
                                  name_condition(name)));
    if (table.rows.empty()) return std::nullopt;
    shape.data_bytes = to_number(table.text(0, "d"));
    shape.row_estimate = to_number(table.text(0, "r"));
    const auto result = session.query(fmt::format(
        "SELECT COLUMN_NAME AS c, DATA_TYPE AS t, EXTRA AS e, IS_NULLABLE AS n, CHARACTER_OCTET_LENGTH AS o, "
        "COLUMN_TYPE AS y FROM information_schema.COLUMNS WHERE {} ORDER BY ORDINAL_POSITION",
        name_condition(name)));
    std::map<std::string, ColumnFacts> facts;
    for (std::size_t i = 0; i < result.rows.size(); ++i) {
        const std::string column = result.text(i, "c");
        const std::string type = lower(result.text(i, "t"));
        facts[lower(column)] = {type, result.text(i, "n") != "NO", key_bytes(type, to_number(result.text(i, "o")))};
        if (is_generated(result.text(i, "e"))) continue;
        shape.columns.push_back(copied_column(column, type, result.text(i, "y")));
    }
    choose_key(shape, session, facts);
    return shape;
}

std::vector<std::string> generated_columns(sql::SqlSession& session, const model::TableName& name) {
    const auto result = session.query(fmt::format(
        "SELECT COLUMN_NAME AS c, EXTRA AS e FROM information_schema.COLUMNS WHERE {}", name_condition(name)));
    std::vector<std::string> names;
    for (std::size_t i = 0; i < result.rows.size(); ++i) {
        if (is_generated(result.text(i, "e"))) names.push_back(result.text(i, "c"));
    }
    return names;
}

std::size_t literal_bytes(std::string_view value, CellKind kind) {
    constexpr std::size_t kTextOfElement = 17;  // "-3.4028235e+38" at most, and a comma
    if (kind == CellKind::VectorText) return value.size() / sizeof(float) * kTextOfElement;
    constexpr std::size_t kCountedFrom = 64UL << 10U;
    if (value.size() < kCountedFrom) return 2 * value.size();
    constexpr std::string_view kEscaped("\0'\\\n\r\x1a", 6);
    return value.size() + static_cast<std::size_t>(std::ranges::count_if(
                              value, [&](char c) { return kEscaped.find(c) != std::string_view::npos; }));
}

void append_cell(std::string& out, const sql::Cell& cell, CellKind kind) {
    if (!cell) {
        out += "NULL";
        return;
    }
    switch (kind) {
        case CellKind::Number:
            out += *cell;
            // Without an exponent it would be the number 0 with a sign before it.
            if (*cell == "-0") out += "e0";
            return;
        case CellKind::Member:
            if (cell->starts_with('0')) {
                out += '0';
            } else {
                sql::append_quoted(out, std::string_view(*cell).substr(1));
            }
            return;
        case CellKind::Text:
            sql::append_quoted(out, *cell);
            return;
        case CellKind::Bytes:
        case CellKind::Vector:
            append_bytes(out, *cell);
            return;
        case CellKind::VectorText:
            sql::append_vector_text(out, *cell);
            return;
    }
}

}  // namespace dm::copy
