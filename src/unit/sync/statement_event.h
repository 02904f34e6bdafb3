#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/model/location.h"
#include "core/sql/ddl.h"

namespace dm::sync {

/// A statement of the binlog with what its session had set. The statement is in utf8mb4.
struct StatementEvent {
    std::string statement;
    std::string default_schema;
    std::uint64_t sql_mode = 0;
    std::string time_zone;                          ///< empty: not logged
    std::optional<std::uint16_t> server_collation;  ///< of the session that created a schema
    std::optional<bool> explicit_timestamp_defaults;
    std::optional<std::uint16_t> utf8mb4_collation;  ///< MySQL: what utf8mb4 without a collation means
    /// MariaDB: the collations, as the second, of character sets without one, as that of the first.
    std::vector<std::pair<std::uint16_t, std::uint16_t>> charset_collations;
    std::uint16_t error_code = 0;  ///< of the server, with which the statement failed amid its work
    std::uint32_t timestamp = 0;
    std::uint32_t microseconds = 0;
    model::Location end;
};

[[nodiscard]] inline bool is_create_table(sql::StatementKind kind) {
    return kind == sql::StatementKind::CreateTable || kind == sql::StatementKind::CreateTableLike ||
           kind == sql::StatementKind::CreateTableSelect;
}

}  // namespace dm::sync
