#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/dml/table_plan.h"
#include "core/schema/table_definition.h"

/// Short ways to write structures in tests of this room.
namespace dm::dml::testing {

inline schema::Column int_column(std::string name, bool is_nullable = true) {
    schema::Column column;
    column.name = std::move(name);
    column.type = schema::ColumnType::Int;
    column.is_nullable = is_nullable;
    return column;
}

inline schema::Column text_column(std::string name, std::string collation, bool is_nullable = true,
                                  std::uint32_t length = 50) {
    schema::Column column;
    column.name = std::move(name);
    column.type = schema::ColumnType::VarChar;
    column.length = length;
    column.charset = "utf8mb4";
    column.collation = std::move(collation);
    column.is_nullable = is_nullable;
    return column;
}

inline schema::Index unique_index(std::string name, std::vector<std::string> columns) {
    schema::Index index;
    index.kind = name == "PRIMARY" ? schema::IndexKind::Primary : schema::IndexKind::Unique;
    index.name = std::move(name);
    for (auto& column : columns) index.parts.push_back({.column = std::move(column), .expression = {}});
    return index;
}

inline schema::TableDefinition table(std::vector<schema::Column> columns, std::vector<schema::Index> indexes) {
    schema::TableDefinition definition;
    definition.name = {"s", "t"};
    definition.columns = std::move(columns);
    definition.indexes = std::move(indexes);
    return definition;
}

inline TablePlan plan_of(const schema::TableDefinition& definition) {
    return TablePlan::compile(definition, definition);
}

inline model::Value text(std::string_view value) { return model::Value::of_view(model::ValueKind::Text, value); }

}  // namespace dm::dml::testing
