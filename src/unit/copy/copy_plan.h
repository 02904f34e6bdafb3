#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/model/names.h"
#include "core/rules/table_filter.h"
#include "core/rules/table_router.h"
#include "core/sql/sql_session.h"
#include "unit/copy/notice_book.h"

namespace dm::copy {

/// One upstream table the rules let through.
struct PlannedTable {
    model::TableName source;
    model::TableName target;
    bool is_merged = false;         ///< another table of this source has the same target
    std::uint64_t bytes_total = 0;  ///< the server's estimates
    std::uint64_t rows_total = 0;
};

/// Lists the base tables, largest first. Views, sequences, triggers, events and routines of the schemas concerned are
/// not copied: they are counted in `notices`, if there is one.
[[nodiscard]] std::vector<PlannedTable> list_tables(sql::SqlSession& upstream, const rules::TableFilter& filter,
                                                    const rules::TableRouter& router, NoticeBook* notices);

/// Throws if two of the tables go to targets whose names differ in case only, and the downstream takes these for one.
void refuse_twins(sql::SqlSession& downstream, const std::vector<PlannedTable>& tables);

/// Schemas the rules let through that have none of these tables: they are made in the target all the same, because a
/// table may be created there, or moved there, at any time.
[[nodiscard]] std::vector<std::string> list_empty_schemas(sql::SqlSession& upstream, const rules::TableFilter& filter,
                                                          const std::vector<PlannedTable>& tables);

}  // namespace dm::copy
