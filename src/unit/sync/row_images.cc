#include "unit/sync/row_images.h"

#include <algorithm>

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
