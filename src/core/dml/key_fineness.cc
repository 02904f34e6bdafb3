#include "core/dml/key_fineness.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/model/names.h"
#include "core/sql/collations.h"
#include "core/sql/lexer.h"

namespace dm::dml {
namespace {

const ComparedPart* find_part(const ComparedKey& key, std::string_view column) {
    const auto found = std::ranges::find_if(
        key, [&](const ComparedPart& part) { return sql::equal_ignoring_case(part.column, column); });
    return found == key.end() ? nullptr : &*found;
}

bool is_as_long(const ComparedPart& source, const ComparedPart& target) {
    return target.prefix == 0 || (source.prefix != 0 && target.prefix >= source.prefix);
}

/// Rows that differ in the source's key differ in the target's: it has all of its parts, none of them coarser.
bool is_covered(const ComparedKey& target, const ComparedKey& source) {
    return std::ranges::all_of(source, [&](const ComparedPart& part) {
        const ComparedPart* other = find_part(target, part.column);
        return other != nullptr && is_as_long(part, *other) && sql::is_as_fine(part.collation, other->collation);
    });
}

std::string shown(const ComparedKey& key, const std::vector<ComparedKey>& sources) {
    std::string text;
    for (const ComparedPart& part : key) {
        text += fmt::format("{}{}", text.empty() ? "" : ", ", model::quote_identifier(part.column));
        for (const ComparedKey& source : sources) {
            const ComparedPart* from = find_part(source, part.column);
            if (from == nullptr || sql::is_as_fine(from->collation, part.collation)) continue;
            text += fmt::format(" ({} -> {})", from->collation, part.collation);
            break;
        }
    }
    return text;
}

std::string compared_collation(const schema::Column& column) {
    const bool is_bytes = column.type >= schema::ColumnType::Binary && column.type <= schema::ColumnType::LongBlob;
    return is_bytes ? "binary" : column.collation;
}

}  // namespace

std::vector<ComparedKey> compared_keys(const schema::TableDefinition& table) {
    std::vector<ComparedKey> keys;
    for (const schema::Index& index : table.indexes) {
        if (!index.is_unique()) continue;
        ComparedKey& key = keys.emplace_back();
        for (const schema::IndexPart& part : index.parts) {
            const auto column = table.find_column(part.column);
            key.push_back({.column = part.column,
                           .prefix = part.prefix_length,
                           .collation = column ? compared_collation(table.columns[*column]) : std::string()});
        }
    }
    return keys;
}

std::optional<std::string> find_coarser_key(const std::vector<ComparedKey>& source,
                                            const std::vector<ComparedKey>& target) {
    for (const ComparedKey& key : target) {
        const bool is_fine =
            std::ranges::any_of(source, [&](const ComparedKey& other) { return is_covered(key, other); });
        if (!is_fine) return shown(key, source);
    }
    return std::nullopt;
}

}  // namespace dm::dml
