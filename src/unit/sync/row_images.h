#pragma once

#include <cstddef>
#include <vector>

#include "core/binlog/event.h"
#include "core/binlog/row_decoder.h"
#include "core/dml/row_change.h"
#include "core/dml/table_plan.h"
#include "core/model/location.h"

/// What a rows event has of the rows, and whether a plan can do with it.
namespace dm::sync {

[[nodiscard]] dml::ChangeKind change_kind(binlog::RowsKind kind);

/// Makes of the rows what undoes them, which is a change of the kind that is returned: the last row comes first.
[[nodiscard]] dml::ChangeKind turned_round(dml::ChangeKind kind, binlog::DecodedRows& rows);

/// The columns that the images lack though the plan reads them.
[[nodiscard]] std::vector<std::size_t> missed_columns(const binlog::RowsEvent& event, const dml::TablePlan& plan);

/// Throws Error{IncompleteRowImage} if the plan reads what the images lack.
void ensure_complete(const binlog::RowsEvent& event, const dml::TablePlan& plan, const model::Location& where);

}  // namespace dm::sync
