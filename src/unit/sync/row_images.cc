#include "unit/sync/row_images.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"

namespace dm::sync {

dml::ChangeKind change_kind(binlog::RowsKind kind) {
    switch (kind) {
        case binlog::RowsKind::Write:
            return dml::ChangeKind::Insert;
        case binlog::RowsKind::Update:
            return dml::ChangeKind::Update;
        case binlog::RowsKind::Delete:
            return dml::ChangeKind::Delete;
    }
    return dml::ChangeKind::Insert;
}

dml::ChangeKind turned_round(dml::ChangeKind kind, binlog::DecodedRows& rows) {
    std::swap(rows.before, rows.after);
    rows.before.reverse();
    rows.after.reverse();
    if (kind == dml::ChangeKind::Insert) return dml::ChangeKind::Delete;
    return kind == dml::ChangeKind::Delete ? dml::ChangeKind::Insert : kind;
}

std::vector<std::size_t> missed_columns(const binlog::RowsEvent& event, const dml::TablePlan& plan) {
    std::vector<std::size_t> missed = event.missing_columns();
    std::erase_if(missed, [&](std::size_t column) { return plan.may_be_missing(column); });
    return missed;
}

void ensure_complete(const binlog::RowsEvent& event, const dml::TablePlan& plan, const model::Location& where) {
    const auto missed = missed_columns(event, plan);
    if (missed.empty()) return;
    const Error error(ErrorCode::IncompleteRowImage,
                      fmt::format("rows of {} at {} are logged without {} of their {} columns", plan.source().quoted(),
                                  where.to_string(), missed.size(), event.column_count));
    if (!std::ranges::all_of(missed, [&](std::size_t column) { return plan.is_generated(column); })) throw error;
    throw error.with_workaround(
        "The upstream does not log columns that it generates itself: let the target's table generate them, too.");
}

}  // namespace dm::sync
