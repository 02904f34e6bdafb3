#include "core/binlog/xa_id.h"
#include "unit/sync/translator.h"

/// @file
/// What becomes of a transaction's rows otherwise than by a commit at its end.
namespace dm::sync {

void Translator::handle_xa_prepare(const binlog::XaPrepare& prepare) {
    const std::string id = binlog::xa_id(prepare);
    if (prepare.is_one_phase) {
        if (auto open = prepared_.take_open()) apply_prepared(std::move(open), id);
    } else {
        prepared_.prepare(id);
    }
}

/// True if it is an XA statement, which is then dealt with.
bool Translator::handle_xa(std::string_view statement) {
    const auto xa = binlog::parse_xa_statement(statement);
    if (!xa) return false;
    switch (xa->kind) {
        case binlog::XaStatement::Kind::Start:
            prepared_.open(position_.transaction_end().position);
            break;
        case binlog::XaStatement::Kind::End:
            break;
        case binlog::XaStatement::Kind::Rollback:
            (void)prepared_.take(xa->id);
            break;
        case binlog::XaStatement::Kind::Commit:
            apply_prepared(prepared_.is_open() ? prepared_.take_open() : prepared_.take(xa->id), xa->id);
            break;
    }
    return true;
}

/// Nothing known: it was prepared before this run began.
void Translator::apply_prepared(std::optional<PreparedTransactions::Prepared> prepared, const std::string& id) {
    const auto apply = [this](const StagedRows& rows) {
        if (!end_ && context_.rules.filter.accepts(rows.table->name)) apply_rows(rows);
    };
    if (prepared && prepared->is_whole) {
        for (const StagedRows& rows : prepared->rows) apply(rows);
        return;
    }
    std::optional<model::BinlogPosition> start;
    if (prepared) {
        start = prepared->start;
    } else {
        retry_over_cuts("search for a prepared transaction",
                        [&] { start = context_.prepared.find(id, position_.start().position, stop_); });
    }
    bool is_read = false;
    std::size_t applied = 0;
    std::optional<Error> refused;
    const auto read = [&] {
        std::size_t seen = 0;
        const auto apply_new = [&](const StagedRows& rows) {
            if (seen++ < applied) return;
            try {
                apply(rows);
            } catch (const Error& error) {
                // Tried as often as it should be: only the stream is read again.
                refused = error;
                throw error.with_retry(RetryClass::Never);
            }
            applied = seen;
        };
        is_read = context_.prepared.read(*start, apply_new, stop_);
    };
    try {
        if (start) retry_over_cuts("rows of a prepared transaction", read);
    } catch (const Error&) {
        if (refused) throw *refused;
        throw;
    }
    if (!is_read) end(StreamEnd::Cut);
}

/// Applies the opposite of what a transaction has undone, from its last row to its first. The rows have been handed on
/// before: they are read from the binlog again.
void Translator::undo(std::vector<UndoneChanges::Range> ranges) {
    if (prepared_.is_open()) return prepared_.undo(ranges);
    if (ranges.empty() || is_handled()) return;
    context_.notices.mention("changes of a large transaction were applied before it undid them",
                             position_.start().to_string());
    while (!ranges.empty() && !end_) {
        UndoneChanges::Range& range = ranges.back();
        std::optional<std::deque<StagedRows>> last;
        retry_over_cuts("rows of a transaction that was undone", [&] {
            last = context_.prepared.read_last(rows_start_, range, options_.max_prepared_bytes, stop_);
        });
        if (!last) return end(StreamEnd::Cut);
        range.end -= std::min(last->size(), range.end - range.begin);
        for (; !last->empty() && !end_; last->pop_back()) undo_rows(std::move(last->back()));
        if (range.begin >= range.end) ranges.pop_back();
    }
}

void Translator::undo_rows(StagedRows rows) {
    // Its table is the one that the stream has announced, as far as it still knows it.
    if (const auto known = tables_.find(rows.event.table_id); known != tables_.end()) rows.table = known->second;
    rows.is_undone = true;
    if (!rules::is_system_schema(rows.table->name.schema)) apply_rows(rows);
}

}  // namespace dm::sync
