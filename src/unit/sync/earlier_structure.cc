#include "unit/sync/earlier_structure.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/sql/lexer.h"

namespace dm::sync {
namespace {

using schema::ColumnType;

/// The wire types that a column may have in a table map.
bool fits(ColumnType type, binlog::WireType wire) {
    using Wire = binlog::WireType;
    switch (type) {
        case ColumnType::TinyInt:
            return wire == Wire::Tiny;
        case ColumnType::SmallInt:
            return wire == Wire::Short;
        case ColumnType::MediumInt:
            return wire == Wire::Int24;
        case ColumnType::Int:
            return wire == Wire::Long;
        case ColumnType::BigInt:
            return wire == Wire::LongLong;
        case ColumnType::Decimal:
            return wire == Wire::NewDecimal || wire == Wire::Decimal;
        case ColumnType::Float:
            return wire == Wire::Float;
        case ColumnType::Double:
            return wire == Wire::Double;
        case ColumnType::Bit:
            return wire == Wire::Bit;
        case ColumnType::Date:
            return wire == Wire::Date || wire == Wire::NewDate;
        case ColumnType::Time:
            return wire == Wire::Time || wire == Wire::Time2;
        case ColumnType::DateTime:
            return wire == Wire::DateTime || wire == Wire::DateTime2;
        case ColumnType::Timestamp:
            return wire == Wire::Timestamp || wire == Wire::Timestamp2;
        case ColumnType::Year:
            return wire == Wire::Year;
        case ColumnType::Enum:
            return wire == Wire::Enum;
        case ColumnType::Set:
            return wire == Wire::Set;
        default:
            // Texts, bytes, JSON, shapes: servers choose among these by length.
            return wire == Wire::VarChar || (wire >= Wire::BlobCompressed && wire != Wire::NewDecimal &&
                                             wire != Wire::Enum && wire != Wire::Set);
    }
}

}  // namespace

std::string mismatch(const schema::TableDefinition& definition, const binlog::TableMap& map) {
    if (definition.columns.size() != map.columns.size()) {
        return fmt::format("{} columns, but its rows have {}", definition.columns.size(), map.columns.size());
    }
    for (std::size_t i = 0; i < map.columns.size(); ++i) {
        const auto& column = definition.columns[i];
        const bool is_named_so =
            map.columns[i].name.empty() || sql::equal_ignoring_case(map.columns[i].name, column.name);
        if (!is_named_so || !fits(column.type, map.columns[i].type)) {
            return fmt::format("column `{}` is {}, but its rows have {} {} there", column.name, column.type_text,
                               binlog::wire_type_name(map.columns[i].type), map.columns[i].name);
        }
    }
    return {};
}

std::optional<schema::TableDefinition> earlier_structure(const schema::TableDefinition* today,
                                                         const schema::TableDefinition& target,
                                                         const binlog::TableMap& map) {
    if (!mismatch(target, map).empty()) return std::nullopt;
    const bool may_be_todays = today != nullptr && mismatch(*today, map).empty();
    // Columns of one type may have changed places, here or there.
    if (may_be_todays &&
        !std::ranges::equal(today->columns, target.columns, {}, &schema::Column::name, &schema::Column::name)) {
        return std::nullopt;
    }
    schema::TableDefinition earlier = target;
    earlier.name = map.name;
    return earlier;
}

}  // namespace dm::sync
