#pragma once

#include <string>
#include <string_view>

#include "core/schema/table_definition.h"

namespace dm::schema {

/// One line of JSON that holds everything of a definition; empty and default members are left out. It begins with a
/// member "format" so that it can be told from TiDB's table model in the same checkpoint column.
[[nodiscard]] std::string definition_to_json(const TableDefinition& definition);

/// The reverse. Throws Error{SchemaSerialize} for text that is not such JSON.
[[nodiscard]] TableDefinition definition_from_json(std::string_view json);

/// Whether the text is one that `definition_to_json` wrote (and not "null" or TiDB's table model).
[[nodiscard]] bool is_definition_json(std::string_view json) noexcept;

}  // namespace dm::schema
