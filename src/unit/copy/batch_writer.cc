#include "unit/copy/batch_writer.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/log.h"
#include "unit/target/server_error.h"

namespace dm::copy {
namespace {

/// Whether the batch becomes durable together with the record that its chunk is done. A table that is one statement has
/// no such record: whoever continues it upserts it again, which costs less than recording each of thousands of tables.
bool needs_record(const Batch& batch) {
    const TableJob& job = *batch.chunk->job;
    if (!batch.is_closing || job.shape.is_keyless()) return false;
    const bool is_only_one = batch.chunk->is_whole_table && batch.chunk->rows == 0;
    // Where existing rows are kept, the copy's own must not be told as such.
    return !is_only_one || job.redo_mode == target::WriteMode::Ignore;
}

/// Whether all that is written to the table at first is new to it, as a key tells.
bool writes_new_rows(const TableJob& job) { return job.is_alone() && !job.shape.is_keyless(); }

Error clash(const TableJob& job, const Error& error) {
    if (!writes_new_rows(job)) {
        return Error(ErrorCode::CopyTargetConflict,
                     fmt::format("rows of {} exist in the target {}", job.source.quoted(), job.target.quoted()))
            .with_cause(error);
    }
    return Error(ErrorCode::CopyTargetConflict,
                 fmt::format("rows of {} that differ upstream have one key in the target {}: one would be lost",
                             job.source.quoted(), job.target.quoted()))
        .with_cause(error)
        .with_workaround(
            "Stop the task, create the table in the target anew, with a collation for its keys that tells such rows "
            "apart (one that ends in `_bin`, of the NO PAD kind if trailing spaces count), then start the task with "
            "`--remove-meta`.");
}

}  // namespace

void BatchWriter::run(std::stop_token stop) {
    for (;;) {
        const auto turn = run_.pace.enter(stop);
        auto batch = turn ? run_.queue.pop(stop) : std::nullopt;
        if (!batch) return;
        while (batch) {
            // What is queued for a chunk that will be read again need not be written.
            if (!batch->chunk->has_failed) write(*batch, stop);
            if (stop.stop_requested()) return;
            if (batch->is_closing) {
                run_.ledger.settle(batch->chunk);
                batch.reset();
            } else {
                batch = run_.ledger.close(batch->chunk);
            }
        }
    }
}

void BatchWriter::write(Batch& batch, std::stop_token stop) {
    try {
        if (!write_in_the_end(batch, stop)) return;
    } catch (const Error& error) {
        if (error.code() != ErrorCode::CopyTargetConflict || !writes_new_rows(*batch.chunk->job)) throw;
        give_up(*batch.chunk->job, error, stop);
    }
    ChunkLedger::count(*batch.chunk, batch.held.statement.rows(), batch.held.statement.data_bytes());
    run_.pace.written(batch.held.statement.text().size());
}

bool BatchWriter::write_in_the_end(Batch& batch, std::stop_token stop) {
    const TableJob& job = *batch.chunk->job;
    bool is_written = false;
    retry(
        run_.options.retry, run_.clock, stop,
        [&] {
            if (batch.chunk->has_failed) return;
            if (needs_record(batch)) {
                execute_closing(batch);
            } else {
                execute(batch);
            }
            is_written = true;
        },
        [&](const Error& error, Clock::Duration) {
            batch.may_be_written = true;
            log::warn("copy: writing again", {{"table", job.target.quoted()}, {"error", error.what()}});
            if (!job.is_strict) batch.held.statement.set_mode(job.redo_mode);
            if (!target::is_connection_lost(error)) return;
            session_.drop();
            // Written or not? Without a key that tells rows apart nobody can tell.
            if (job.shape.is_keyless() || job.is_strict) ChunkLedger::mark_failed(*batch.chunk, error);
        });
    return is_written;
}

/// The copy is void: resumed, it would take what is there for its own rows, and write over it. Where a row may have
/// moved under a second key while the table was copied, another attempt tells.
void BatchWriter::give_up(const TableJob& job, const Error& error, const std::stop_token& stop) {
    retry(run_.options.retry, run_.clock, stop, [&] { run_.checkpoint.drop_table(session_.get(), job.source); });
    if (job.shape.unique_keys > 1) throw error.with_retry(RetryClass::Resume);
    throw Error(error);
}

void BatchWriter::execute(Batch& batch) {
    const TableJob& job = *batch.chunk->job;
    try {
        const sql::ExecResult result = session_.get().execute(batch.held.statement.text());
        look_for_replaced(batch, result.affected_rows);
        if (result.warnings != 0) look_at_warnings(batch, result.warnings);
    } catch (const Error& error) {
        const bool is_clash = target::sql_error_number(error) == target::server_error::kDuplicateKey;
        if (!is_clash || batch.held.statement.mode() != target::WriteMode::Insert) throw;
        const bool may_be_there = run_.options.on_duplicate != OnDuplicate::Error || job.record.was_empty;
        if (writes_new_rows(job) || job.shape.is_keyless() || !may_be_there) throw clash(job, error);
        batch.held.statement.set_mode(job.redo_mode);
        session_.get().execute(batch.held.statement.text());
    }
}

/// The rows and the record of their chunk become durable together, unless the target does not do that with this table:
/// then the record follows, and without it the chunk would be upserted again.
void BatchWriter::execute_closing(Batch& batch) {
    session_.get().execute("START TRANSACTION");
    try {
        // The record comes first: then what is refused is the rows, and not after they are there.
        save_record(batch);
        execute(batch);
        session_.get().execute("COMMIT");
    } catch (const Error& error) {
        session_.drop();  // and with it the transaction
        if (target::sql_error_number(error) != target::server_error::kOnlyAlone) throw;
        execute(batch);
        save_record(batch);
    }
}

void BatchWriter::save_record(const Batch& batch) {
    const Chunk& chunk = *batch.chunk;
    run_.checkpoint.save_chunks(session_.get(), chunk.job->source,
                                {ChunkLedger::done_record(chunk, batch.held.statement)});
}

/// A row of the target that gave way to one with the same key may have been another table's, with other values.
void BatchWriter::look_for_replaced(const Batch& batch, std::uint64_t affected) {
    const TableJob& job = *batch.chunk->job;
    const bool is_first = !batch.may_be_written && !batch.chunk->is_redo && !job.is_resumed;
    const std::uint64_t rows = batch.held.statement.rows();
    if (job.is_alone() || !is_first || batch.held.statement.mode() != target::WriteMode::Replace || affected <= rows)
        return;
    run_.notices.add("row of the target replaced by one with the same key", job.target.quoted(),
                     fmt::format("rows of {}", job.source.quoted()), affected - rows);
}

/// The target stored something else than it was given: that must not pass in silence.
void BatchWriter::look_at_warnings(const Batch& batch, std::uint32_t warnings) {
    if (batch.held.statement.mode() == target::WriteMode::Ignore) {
        run_.notices.add("row kept as it was in the target", batch.chunk->job->target.quoted(),
                         "on-duplicate-logical: ignore", warnings);
        return;
    }
    const auto result = session_.get().query("SHOW WARNINGS");
    const std::string first =
        result.rows.empty() ? std::string() : fmt::format("{} {}", result.text(0, "Code"), result.text(0, "Message"));
    run_.notices.add("value changed by the target", batch.chunk->job->target.quoted(), first, warnings);
}

}  // namespace dm::copy
