#pragma once

#include <memory>

#include "base/error.h"
#include "core/sql/sql_session.h"
#include "unit/copy/copy_board.h"
#include "unit/copy/table_job.h"
#include "unit/target/copy_checkpoint.h"

namespace dm::copy {

/// Keeps count of what a chunk still waits for, and settles it: done and recorded in the checkpoint, or to be read
/// again. Thread-safe; its references outlive it.
class ChunkLedger {
  public:
    ChunkLedger(const target::CopyCheckpoint& checkpoint, CopyBoard& board, int max_attempts)
        : checkpoint_(checkpoint), board_(board), max_attempts_(max_attempts) {}

    /// One more batch, or the reading itself, is under way.
    static void open(Chunk& chunk) { ++chunk.pending; }
    /// What was opened is over; `session` is used to record the chunk if it was the last. Throws, with nothing counted,
    /// if recording fails: call again. Throws the last error of a chunk that has used up its attempts.
    void close(const std::shared_ptr<Chunk>& chunk, sql::SqlSession& session);
    /// As `close`, where the chunk must be read again because of `error`.
    void fail(const std::shared_ptr<Chunk>& chunk, const Error& error);
    /// The chunk must be read again because of `error`; what is open stays open.
    static void mark_failed(Chunk& chunk, const Error& error);
    /// The rows of one written batch.
    static void count(Chunk& chunk, std::uint64_t rows, std::uint64_t bytes);

  private:
    void again(const std::shared_ptr<Chunk>& chunk);

    const target::CopyCheckpoint& checkpoint_;
    CopyBoard& board_;
    const int max_attempts_;
};

}  // namespace dm::copy
