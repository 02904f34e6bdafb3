#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/error.h"
#include "unit/copy/copy_board.h"
#include "unit/copy/table_job.h"
#include "unit/target/copy_checkpoint.h"

namespace dm::copy {

/// Keeps count of what a chunk still waits for, and settles it: done, or to be read again. A chunk's last statement is
/// kept back until all others are committed and goes into one transaction with the chunk's record, so that the
/// checkpoint never knows less or more of a chunk than the target has; a table of one statement is spared the record.
/// Thread-safe; its references outlive it.
class ChunkLedger {
  public:
    ChunkLedger(CopyBoard& board, int max_attempts) : board_(board), max_attempts_(max_attempts) {}

    /// One more batch, or the reading itself, is under way.
    static void open(Chunk& chunk) { ++chunk.pending; }
    /// What was opened is over, and if it was the last, the caller has to write what is returned: the chunk's closing
    /// statement, still open, `settle` follows. A chunk that has none, or that failed, is settled at once. Throws the
    /// last error of a chunk that has used up its attempts.
    [[nodiscard]] std::optional<Batch> close(const std::shared_ptr<Chunk>& chunk);
    /// The chunk's closing statement and its record are committed, or the chunk failed.
    void settle(const std::shared_ptr<Chunk>& chunk);
    /// As `close`, where the chunk must be read again because of `error`.
    void fail(const std::shared_ptr<Chunk>& chunk, const Error& error);
    /// The chunk must be read again because of `error`; what is open stays open.
    static void mark_failed(Chunk& chunk, const Error& error);
    /// The rows of one written batch.
    static void count(Chunk& chunk, std::uint64_t rows, std::uint64_t bytes);
    /// What the checkpoint is to say of the chunk when `closing` is written.
    [[nodiscard]] static target::ChunkRecord done_record(const Chunk& chunk, const target::InsertStatement& closing);

  private:
    void again(const std::shared_ptr<Chunk>& chunk);

    CopyBoard& board_;
    const int max_attempts_;
};

}  // namespace dm::copy
