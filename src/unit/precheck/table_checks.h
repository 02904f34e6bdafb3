#pragma once

#include <set>
#include <string>
#include <vector>

#include "unit/precheck/check_item.h"
#include "unit/precheck/table_facts.h"

/// Judgement on tables and their targets. Pure functions; `where` of the items is left to the caller.
namespace dm::precheck {

/// One table of the source and where its rows go.
struct TablePair {
    model::TableName source;
    model::TableName target;
};

/// What the two servers say of these tables.
struct Structures {
    TableMap source;
    TableMap target;
    std::set<std::string> target_collations;  ///< those the target knows
};

/// Whether rows can be identified, find a place for every column, and compare alike on both sides. Warnings only.
[[nodiscard]] CheckItem check_table_structures(const std::vector<TablePair>& pairs, const Structures& structures);

/// Whether no online schema change is under way: `tables` that stand in for one of the migrated tables.
[[nodiscard]] CheckItem check_online_ddl(const std::vector<model::TableName>& shadow_tables);

}  // namespace dm::precheck
