#include <fmt/format.h>

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
            if (!prepared_.is_open() && !prepared_.take(xa->id)) take_back_prepared(xa->id);
            break;
        case binlog::XaStatement::Kind::Commit:
            apply_prepared(prepared_.is_open() ? prepared_.take_open() : prepared_.take(xa->id), xa->id);
            break;
    }
    return true;
}

/// What older binlog says of a transaction of which this run knows nothing: it was prepared before, or ended before.
/// MariaDB that dies while it commits or rolls back keeps the transaction prepared though its end is in the binlog: it
/// is ended once more, perhaps otherwise. Nothing if the stream has ended.
std::optional<PreparedReader::Traces> Translator::traces_of(const std::string& id) {
    std::optional<PreparedReader::Traces> traces;
    retry_over_cuts("search for a prepared transaction",
                    [&] { traces = context_.prepared.find(id, position_.start().position, stop_); });
    if (!traces) end(StreamEnd::Cut);
    if (traces && traces->ended) context_.notices.mention("XA transaction that the upstream ended twice", id);
    return traces;
}

/// One that is rolled back: if it was committed before, its rows are in the target. Upstream they were locked since.
void Translator::take_back_prepared(const std::string& id) {
    const auto traces = traces_of(id);
    if (!traces || traces->ended != binlog::XaStatement::Kind::Commit) return;
    const model::BinlogPosition start = start_of_prepared(*traces, id);
    std::size_t count = 0;
    bool is_read = false;
    retry_over_cuts("rows of a prepared transaction", [&] {
        count = 0;
        is_read = context_.prepared.read(
            start, [&](const StagedRows&) { ++count; }, stop_);
    });
    if (!is_read) return end(StreamEnd::Cut);
    take_back(start, {{.begin = 0, .end = count}});
}

model::BinlogPosition Translator::start_of_prepared(const PreparedReader::Traces& traces, const std::string& id) const {
    if (traces.start) return *traces.start;
    throw Error(ErrorCode::SyncBinlogPurged,
                fmt::format("the XA transaction {} ended at {}, but no binlog the upstream still has holds its rows",
                            id, position_.start().to_string()))
        .with_workaround("Copy the data again: stop the task and start it with `--remove-meta`.");
}

void Translator::apply_prepared(std::optional<PreparedTransactions::Prepared> prepared, const std::string& id) {
    const auto apply = [this](const StagedRows& rows) {
        if (!end_ && context_.rules.filter.accepts(rows.table->name)) apply_rows(rows);
    };
    if (prepared && prepared->is_whole) {
        for (const StagedRows& rows : prepared->rows) apply(rows);
        return;
    }
    model::BinlogPosition start;
    if (prepared) {
        start = prepared->start;
    } else {
        const auto traces = traces_of(id);
        if (!traces || traces->ended == binlog::XaStatement::Kind::Commit) return;
        start = start_of_prepared(*traces, id);
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
        is_read = context_.prepared.read(start, apply_new, stop_);
    };
    try {
        retry_over_cuts("rows of a prepared transaction", read);
    } catch (const Error&) {
        if (refused) throw *refused;
        throw;
    }
    if (!is_read) end(StreamEnd::Cut);
}

void Translator::undo(std::vector<UndoneChanges::Range> ranges) {
    if (prepared_.is_open()) return prepared_.undo(ranges);
    if (ranges.empty() || is_handled()) return;
    context_.notices.mention("changes of a large transaction were applied before it undid them",
                             position_.start().to_string());
    take_back(rows_start_, std::move(ranges));
}

/// Applies the opposite of rows of the transaction that begins at `start`, from the last to the first. They have been
/// handed on before: they are read from the binlog again.
void Translator::take_back(const model::BinlogPosition& start, std::vector<UndoneChanges::Range> ranges) {
    while (!ranges.empty() && !end_) {
        UndoneChanges::Range& range = ranges.back();
        std::optional<std::deque<StagedRows>> last;
        retry_over_cuts("rows of a transaction that was undone",
                        [&] { last = context_.prepared.read_last(start, range, options_.max_prepared_bytes, stop_); });
        if (!last) return end(StreamEnd::Cut);
        range.end -= std::min(last->size(), range.end - range.begin);
        for (; !last->empty() && !end_; last->pop_back()) {
            StagedRows& rows = last->back();
            rows.is_undone = true;
            if (!rules::is_system_schema(rows.table->name.schema)) apply_rows(rows);
        }
        if (range.begin >= range.end) ranges.pop_back();
    }
}

}  // namespace dm::sync
