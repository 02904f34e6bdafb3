#pragma once

#include <compare>
#include <functional>
#include <string>
#include <string_view>

#include "base/named_type.h"

namespace dm::model {

using SourceId = NamedType<std::string, struct SourceIdTag>;
using TaskName = NamedType<std::string, struct TaskNameTag>;
using WorkerName = NamedType<std::string, struct WorkerNameTag>;

/// A table's full name, as the server spells it and without quotes. A plain value.
struct TableName {
    std::string schema;
    std::string table;

    auto operator<=>(const TableName&) const = default;
    [[nodiscard]] bool is_empty() const noexcept { return schema.empty() && table.empty(); }
    /// "`schema`.`table`" with back quotes doubled inside.
    [[nodiscard]] std::string quoted() const;
};

/// "`name`" with back quotes doubled inside.
[[nodiscard]] std::string quote_identifier(std::string_view name);

}  // namespace dm::model

template <>
struct std::hash<dm::model::TableName> {
    std::size_t operator()(const dm::model::TableName& name) const noexcept {
        return std::hash<std::string>{}(name.schema) * 31 + std::hash<std::string>{}(name.table);
    }
};
