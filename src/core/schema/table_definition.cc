#include "core/schema/table_definition.h"

#include <algorithm>

#include "core/sql/lexer.h"
#include "core/sql/storage_engine.h"

namespace dm::schema {

namespace {

/// Rough width of a column in a key: strings by their length, the rest by their size.
std::uint64_t key_width(const Column& column) noexcept {
    switch (column.type) {
        case ColumnType::TinyInt:
        case ColumnType::Year:
        case ColumnType::Enum:
            return 1;
        case ColumnType::SmallInt:
            return 2;
        case ColumnType::MediumInt:
        case ColumnType::Date:
        case ColumnType::Time:
            return 3;
        case ColumnType::Int:
        case ColumnType::Float:
        case ColumnType::Inet4:
            return 4;
        case ColumnType::BigInt:
        case ColumnType::Double:
        case ColumnType::DateTime:
        case ColumnType::Timestamp:
        case ColumnType::Set:
            return 8;
        case ColumnType::Uuid:
        case ColumnType::Inet6:
            return 16;
        case ColumnType::Decimal:
            return column.length / 2 + 1;
        case ColumnType::Bit:
            return column.length / 8 + 1;
        default:
            return std::uint64_t{column.length} * 4 + 16;
    }
}

}  // namespace

std::optional<std::size_t> TableDefinition::find_column(std::string_view column) const {
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (sql::equal_ignoring_case(columns[i].name, column)) return i;
    }
    return std::nullopt;
}

const Index* TableDefinition::find_index(std::string_view index) const {
    for (const auto& candidate : indexes) {
        if (sql::equal_ignoring_case(candidate.name, index)) return &candidate;
    }
    return nullptr;
}

const Index* TableDefinition::primary_key() const {
    return !indexes.empty() && indexes.front().kind == IndexKind::Primary ? &indexes.front() : nullptr;
}

bool TableDefinition::has_transactions() const { return sql::has_transactions(engine); }

const Index* TableDefinition::row_key() const {
    if (const Index* const primary = primary_key()) return primary;
    const Index* best = nullptr;
    std::pair<std::size_t, std::uint64_t> best_cost;
    for (const auto& index : indexes) {
        if (index.kind != IndexKind::Unique) continue;
        std::uint64_t width = 0;
        const bool is_usable = std::all_of(index.parts.begin(), index.parts.end(), [&](const IndexPart& part) {
            const auto column = find_column(part.column);
            if (!column || part.prefix_length > 0 || columns[*column].is_nullable) return false;
            width += key_width(columns[*column]);
            return true;
        });
        const std::pair cost{index.parts.size(), width};
        if (is_usable && (best == nullptr || cost < best_cost)) {
            best = &index;
            best_cost = cost;
        }
    }
    return best;
}

}  // namespace dm::schema
