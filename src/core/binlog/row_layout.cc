#include "core/binlog/row_layout.h"

#include <utility>

#include <fmt/format.h>

#include "core/binlog/collations.h"
#include "core/binlog/column_layout.h"
#include "core/binlog/latin1.h"

namespace dm::binlog {
namespace {

ColumnLayout make_layout(const TableMapColumn& column, const ColumnHint& hint) {
    ColumnLayout layout;
    for (const auto family : {number_decoder, string_decoder, temporal_decoder}) {
        layout.decode = family(column, hint, layout);
        if (layout.decode != nullptr) return layout;
    }
    throw Error(ErrorCode::BinlogUnsupported,
                fmt::format("column type {} ({})", static_cast<unsigned>(column.type), wire_type_name(column.type)));
}

/// Members as utf8mb4 if their charset can be converted; otherwise none, and values stay numbers.
std::vector<std::string> members_in_utf8(const TableMapColumn& column) {
    switch (text_handling(charset_of_collation(column.collation))) {
        case TextHandling::AsIs:
            return column.elements;
        case TextHandling::Bytes:
            return {};
        case TextHandling::Latin1:
            break;
    }
    model::ByteArena arena;
    std::vector<std::string> members;
    for (const std::string& element : column.elements) members.emplace_back(latin1_to_utf8(element, arena));
    return members;
}

}  // namespace

std::vector<ColumnHint> hints_from_metadata(const TableMap& table) {
    std::vector<ColumnHint> hints(table.columns.size());
    for (std::size_t i = 0; i < hints.size(); ++i) {
        const TableMapColumn& column = table.columns[i];
        hints[i].is_unsigned = column.is_unsigned;
        hints[i].charset = charset_of_collation(column.collation);
        hints[i].elements = members_in_utf8(column);
    }
    return hints;
}

RowLayout::RowLayout(const TableMap& table, std::span<const ColumnHint> hints) : name_(table.name) {
    ensure(hints.size() == table.columns.size(), ErrorCode::BinlogMalformed,
           fmt::format("table {} has {} columns in the binlog, but {} in its known structure", name_.quoted(),
                       table.columns.size(), hints.size()));
    auto columns = std::make_shared<std::vector<ColumnLayout>>();
    columns->reserve(hints.size());
    for (std::size_t i = 0; i < hints.size(); ++i) {
        try {
            columns->push_back(make_layout(table.columns[i], hints[i]));
            lends_members_ = lends_members_ || !columns->back().elements.empty();
        } catch (const Error& error) {
            throw error.with_context(fmt::format("column {} of table {}", i + 1, name_.quoted()));
        }
    }
    columns_ = std::move(columns);
}

std::size_t RowLayout::columns() const noexcept { return columns_->size(); }

std::string_view RowLayout::charset(std::size_t column) const { return columns_->at(column).charset; }

}  // namespace dm::binlog
