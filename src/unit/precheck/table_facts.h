#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "core/model/names.h"
#include "core/sql/sql_session.h"

namespace dm::precheck {

struct ColumnFacts {
    std::string name;       ///< in lower case: servers compare without case
    std::string collation;  ///< canonical; empty for columns without one
    bool is_nullable = true;
    bool is_filled = false;  ///< has a default, counts by itself or is generated: an INSERT may leave it out
    bool operator==(const ColumnFacts&) const = default;
};

/// What checks want to know of one table's structure. A plain value; names in lower case.
struct TableFacts {
    std::string collation;
    std::vector<ColumnFacts> columns;
    /// Primary and unique keys, each as its set of columns. A key part that is an expression has an empty name.
    std::set<std::set<std::string>> unique_keys;
    bool has_row_key = false;  ///< a primary or unique key without NULLs
    bool has_foreign_key = false;
    bool operator==(const TableFacts&) const = default;
};

using TableMap = std::map<model::TableName, TableFacts>;

/// Base tables of the server that `accepts` lets through. System schemas are left out.
[[nodiscard]] std::vector<model::TableName> list_tables(sql::SqlSession& session,
                                                        const std::function<bool(const model::TableName&)>& accepts);

using OpenSession = std::function<std::unique_ptr<sql::SqlSession>()>;
/// Runs `work` for 0 .. count-1, possibly at the same time, and returns when all are done. The work does not throw.
using RunAll = std::function<void(std::size_t count, const std::function<void(std::size_t)>& work)>;

/// Structures of those of the tables that exist and may be seen, in a few queries per schema, each on a session of its
/// own. Throws what the sessions throw.
[[nodiscard]] TableMap load_table_facts(const OpenSession& open, const RunAll& run_all,
                                        std::span<const model::TableName> tables);

/// Collations the server knows, canonical.
[[nodiscard]] std::set<std::string> load_collations(sql::SqlSession& session);

}  // namespace dm::precheck
