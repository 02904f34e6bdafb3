#include "unit/copy/key_walk.h"

#include <fmt/format.h>

#include "core/sql/literal.h"

namespace dm::copy {
namespace {

/// `a > x` for one column, lexicographic order for several: (a > 1 OR (a = 1 AND (b > 2 OR ...))), with the first
/// column's bound repeated in front, which is what the range optimizer needs. `last` is the operator of the last
/// column.
std::string beyond(const TableShape& shape, const std::vector<std::string>& bound, std::string_view strict,
                   std::string_view last) {
    std::string condition;
    for (std::size_t i = bound.size(); i-- > 0;) {
        const std::string column = model::quote_identifier(shape.key[i].name);
        if (i + 1 == bound.size()) {
            condition = fmt::format("{}{}{}", column, last, bound[i]);
        } else {
            condition =
                fmt::format("({}{}{} OR ({}={} AND {}))", column, strict, bound[i], column, bound[i], condition);
        }
    }
    if (bound.size() > 1) {
        condition =
            fmt::format("{}{}={} AND {}", model::quote_identifier(shape.key[0].name), strict, bound[0], condition);
    }
    return condition;
}

std::string key_list(const TableShape& shape, bool is_selected) {
    std::string list;
    for (const KeyColumn& column : shape.key) {
        if (!list.empty()) list += ',';
        list += is_selected ? column.select_expression : model::quote_identifier(column.name);
    }
    return list;
}

}  // namespace

std::string range_condition(const TableShape& shape, const target::KeyRange& range) {
    std::string condition;
    if (!range.lower.empty()) condition = beyond(shape, range.lower, ">", ">");
    if (!range.upper.empty()) {
        if (!condition.empty()) condition += " AND ";
        condition += beyond(shape, range.upper, "<", "<=");
    }
    return condition;
}

std::string chunk_query(const TableShape& shape, const target::KeyRange& range, const std::string& where) {
    std::string query = shape.select_head();
    std::string condition = range_condition(shape, range);
    if (!where.empty())
        condition = condition.empty() ? fmt::format("({})", where) : fmt::format("{} AND ({})", condition, where);
    if (!condition.empty()) query += " WHERE " + condition;
    if (!shape.is_keyless()) query += " ORDER BY " + key_list(shape, false);
    return query;
}

std::string boundary_query(const TableShape& shape, const std::vector<std::string>& lower, std::uint64_t rows) {
    const std::string condition = range_condition(shape, {.lower = lower, .upper = {}});
    return fmt::format("SELECT {} FROM {} FORCE INDEX ({}){} ORDER BY {} LIMIT 1 OFFSET {}", key_list(shape, true),
                       shape.name.quoted(), model::quote_identifier(shape.key_name),
                       condition.empty() ? "" : " WHERE " + condition, key_list(shape, false),
                       rows == 0 ? 0 : rows - 1);
}

std::vector<std::string> key_literals(const TableShape& shape, sql::CellRow row) {
    std::vector<std::string> literals;
    for (std::size_t i = 0; i < shape.key.size(); ++i) {
        std::string literal;
        // Bounds are kept as text in the checkpoint: bytes as digits, however many.
        if (row[i] && shape.key[i].kind == CellKind::Bytes) {
            sql::append_hex(literal, *row[i]);
        } else {
            append_cell(literal, row[i], shape.key[i].kind);
        }
        literals.push_back(std::move(literal));
    }
    return literals;
}

}  // namespace dm::copy
