#include "unit/copy/table_reader.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/log.h"
#include "unit/copy/key_walk.h"
#include "unit/copy/row_packer.h"
#include "unit/target/server_error.h"

namespace dm::copy {
namespace {

constexpr std::uint64_t kUnknownRowBytes = 1024;
constexpr int kMaxChunksPerSplit = 4;
constexpr std::size_t kLargeRow = 4UL << 20U;
constexpr std::uint64_t kTableChanged = 1412;  // "Table definition has changed, please retry transaction"

/// Rows that should make a chunk of the wanted size, by what was measured or, before that, by the server's estimates.
std::uint64_t rows_per_chunk(const TableJob& job, const CopyOptions& options) {
    std::uint64_t rows = job.rows_done;
    std::uint64_t bytes = job.bytes_done;
    if (rows == 0) {
        rows = job.shape.row_estimate;
        bytes = job.shape.data_bytes;
    }
    const std::uint64_t row_bytes =
        rows == 0 || bytes == 0 ? kUnknownRowBytes : std::max<std::uint64_t>(1, bytes / rows);
    return std::clamp<std::uint64_t>(options.chunk_bytes / row_bytes, 1, options.chunk_rows);
}

void prepare_upstream(sql::SqlSession& session) {
    session.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ");
    if (session.version().flavor == model::Flavor::MySql && session.version().is_at_least(8, 0)) {
        session.execute("SET SESSION information_schema_stats_expiry = 0");
    }
}

bool is_transient(const Error& error) {
    return error.retry_class() == RetryClass::Resume || target::sql_error_number(error) == kTableChanged;
}

}  // namespace

bool is_overtaken(const Error& error) {
    constexpr int kUnknownColumn = 1054;
    constexpr int kNoSuchKey = 1176;
    const auto number = target::sql_error_number(error);
    return error.scope() == ErrorScope::Upstream &&
           (number == target::server_error::kNoSuchTable || number == target::server_error::kUnknownDatabase ||
            number == kUnknownColumn || number == kNoSuchKey);
}

TableReader::TableReader(CopyRun& run, std::unique_ptr<ManagedSession> snapshot)
    : run_(run),
      upstream_(snapshot ? std::move(snapshot) : std::make_unique<ManagedSession>(run.upstream, prepare_upstream)),
      downstream_(run.downstream),
      retry_(run.options.retry) {
    // A lost snapshot does not come back.
    if (is_snapshot()) retry_.max_attempts = 1;
}

void TableReader::drop_sessions() noexcept {
    upstream_->drop();
    downstream_.drop();
}

void TableReader::run(std::stop_token stop) {
    try {
        work(stop);
    } catch (const Error& error) {
        if (is_overtaken(error)) throw error.with_retry(RetryClass::Resume);
        throw;
    }
}

void TableReader::work(std::stop_token stop) {
    while (auto work = run_.board.next(stop)) {
        if (const auto* chunk = std::get_if<ReadChunk>(&*work)) {
            read(chunk->chunk, stop);
            continue;
        }
        retry(
            retry_, run_.clock, stop,
            [&] {
                std::visit(
                    [&](const auto& what) {
                        if constexpr (!std::is_same_v<std::decay_t<decltype(what)>, ReadChunk>) perform(what);
                    },
                    *work);
            },
            [&](const Error& error, Clock::Duration) {
                log::warn("copy: trying again", {{"error", error.what()}});
                drop_sessions();
            });
    }
}

void TableReader::perform(const StartTables& work) {
    auto started = run_.starter.start(work.jobs, sides());
    for (std::size_t i = 0; i < work.jobs.size(); ++i) {
        if (started[i]) {
            run_.board.table_started(work.jobs[i], std::move(*started[i]));
        } else {
            run_.board.table_done(work.jobs[i]);
        }
    }
}

void TableReader::perform(const FinishTables& work) {
    const auto ends = run_.starter.finish(work.jobs, sides());
    for (std::size_t i = 0; i < work.jobs.size(); ++i) {
        if (ends[i] == TableStarter::End::Again) {
            run_.board.table_again(work.jobs[i]);
        } else {
            run_.board.table_done(work.jobs[i]);
        }
    }
}

void TableReader::perform(const SplitTable& work) {
    std::vector<std::shared_ptr<Chunk>> chunks;
    std::vector<target::ChunkRecord> records;
    std::vector<std::string> after = work.after;
    bool is_last = false;
    const int wanted = work.next_number == 1 ? 1 : kMaxChunksPerSplit;
    const std::uint64_t rows = rows_per_chunk(*work.job, run_.options);
    for (int i = 0; i < wanted && !is_last; ++i) {
        const std::vector<std::string> lower = after;
        after.clear();
        upstream_->get().stream(boundary_query(work.job->shape, lower, rows), [&](sql::CellRow row) {
            after = key_literals(work.job->shape, row);
            return true;
        });
        is_last = after.empty();
        auto chunk = std::make_shared<Chunk>();
        chunk->job = work.job;
        chunk->record = {.number = work.next_number + i, .range = {.lower = lower, .upper = after}};
        chunk->is_whole_table = lower.empty() && after.empty();
        work.job->is_one_chunk = work.job->is_one_chunk || chunk->is_whole_table;
        if (!chunk->is_whole_table) records.push_back(chunk->record);
        chunks.push_back(std::move(chunk));
    }
    if (!records.empty()) run_.checkpoint.save_chunks(downstream_.get(), work.job->source, records);
    run_.board.table_split(work.job, std::move(chunks), is_last);
}

void TableReader::read(const std::shared_ptr<Chunk>& chunk, std::stop_token stop) {
    Backoff backoff(run_.options.retry);
    for (int i = 0; i < chunk->attempts; ++i) {
        const auto wait = backoff.next();
        if (wait && i + 1 == chunk->attempts && !run_.clock.sleep(*wait, stop)) return;
    }
    if (chunk->is_redo && chunk->job->is_strict) {
        throw Error(ErrorCode::CopyStructureChanged,
                    fmt::format("the copy of {} was interrupted and begins anew: its keys may tell apart less in the "
                                "target, so that nothing can be written twice",
                                chunk->job->source.quoted()));
    }
    ChunkLedger::open(*chunk);
    try {
        read_rows(chunk, stop);
    } catch (const Error& error) {
        drop_sessions();
        if (stop.stop_requested() || is_snapshot() || !is_transient(error)) throw;
        run_.ledger.fail(chunk, error);
    }
}

void TableReader::read_rows(const std::shared_ptr<Chunk>& chunk, std::stop_token stop) {
    TableJob& job = *chunk->job;
    const bool is_keyless = job.shape.is_keyless();
    if (is_keyless) {
        ManagedSession helper(run_.upstream);
        if (!run_.starter.open_keyless(job, sides(), helper.get(), chunk->is_redo)) {
            upstream_->drop();
            run_.board.table_again(chunk->job);
            return;
        }
    }
    RowPacker packer(job, chunk->is_redo ? job.redo_mode : job.mode, run_.options.statement_bytes,
                     run_.max_packet_bytes);
    const auto hand_over = [&](std::optional<Held> held) {
        if (!held) return true;
        ChunkLedger::open(*chunk);
        return run_.queue.push({.chunk = chunk, .held = std::move(*held)}, 0, stop);
    };
    std::size_t largest = 0;
    const auto add = [&](sql::CellRow row) {
        if (!packer.fits(row) && !hand_over(packer.take())) return false;
        if (!packer.is_begun()) {
            const std::size_t cost = packer.cost(row);
            largest = std::max(largest, cost);
            auto share = run_.budget.take(cost, stop);
            if (!share) return false;
            packer.begin(std::move(*share));
        }
        packer.add(row);
        return true;
    };
    bool is_complete = true;
    upstream_->get().stream(chunk_query(job.shape, chunk->record.range, run_.options.where), [&](sql::CellRow row) {
        is_complete = !chunk->has_failed && add(row);
        return is_complete;
    });
    if (!is_complete) upstream_->drop();
    if (stop.stop_requested()) return;
    if (is_keyless && is_complete && !is_snapshot()) upstream_->get().execute("COMMIT");
    // A session keeps room for the largest row it has read.
    if (largest > kLargeRow && !is_snapshot()) upstream_->drop();
    chunk->closing.set(packer.take());
    if (auto closing = run_.ledger.close(chunk)) (void)run_.queue.push(std::move(*closing), 0, stop);
}

}  // namespace dm::copy
