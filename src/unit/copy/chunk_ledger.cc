#include "unit/copy/chunk_ledger.h"

#include <utility>

#include "base/log.h"

namespace dm::copy {

void ChunkLedger::count(Chunk& chunk, std::uint64_t rows, std::uint64_t bytes) {
    chunk.rows += rows;
    chunk.bytes += bytes;
    chunk.job->rows_done += rows;
    chunk.job->bytes_done += bytes;
}

target::ChunkRecord ChunkLedger::done_record(const Chunk& chunk, const target::InsertStatement& closing) {
    target::ChunkRecord record = chunk.record;
    record.is_done = true;
    record.rows = chunk.rows + closing.rows();
    record.bytes = chunk.bytes + closing.data_bytes();
    return record;
}

std::optional<Batch> ChunkLedger::close(const std::shared_ptr<Chunk>& chunk) {
    // Only the last one passes 1, and nobody opens anything after the reading is over.
    int pending = chunk->pending;
    while (pending > 1) {
        if (chunk->pending.compare_exchange_weak(pending, pending - 1)) return std::nullopt;
    }
    auto closing = chunk->closing.with([](auto& held) { return std::exchange(held, std::nullopt); });
    if (closing && !chunk->has_failed) return Batch{.chunk = chunk, .held = std::move(*closing), .is_closing = true};
    settle(chunk);
    return std::nullopt;
}

void ChunkLedger::settle(const std::shared_ptr<Chunk>& chunk) {
    if (chunk->has_failed) {
        again(chunk);
        return;
    }
    chunk->pending = 0;
    board_.chunk_done(*chunk);
}

void ChunkLedger::mark_failed(Chunk& chunk, const Error& error) {
    chunk.last_error.set(std::make_shared<const Error>(error));
    chunk.has_failed = true;
}

void ChunkLedger::fail(const std::shared_ptr<Chunk>& chunk, const Error& error) {
    mark_failed(*chunk, error);
    int pending = chunk->pending;
    while (pending > 1) {
        if (chunk->pending.compare_exchange_weak(pending, pending - 1)) return;
    }
    again(chunk);
}

void ChunkLedger::again(const std::shared_ptr<Chunk>& chunk) {
    const auto error = chunk->last_error.copy();
    if (max_attempts_ != 0 && ++chunk->attempts >= max_attempts_) throw *error;
    log::warn("a chunk is read again",
              {{"table", chunk->job->source.quoted()}, {"chunk", chunk->record.number}, {"error", error->what()}});
    chunk->job->rows_done -= chunk->rows;
    chunk->job->bytes_done -= chunk->bytes;
    chunk->rows = 0;
    chunk->bytes = 0;
    chunk->closing.set(std::nullopt);
    chunk->pending = 0;
    chunk->has_failed = false;
    chunk->is_redo = true;
    board_.chunk_again(chunk);
}

}  // namespace dm::copy
