#pragma once

#include <memory>
#include <stop_token>

#include "base/bounded_queue.h"
#include "base/retry.h"
#include "unit/copy/chunk_ledger.h"
#include "unit/copy/copy_board.h"
#include "unit/copy/copy_options.h"
#include "unit/copy/session_group.h"
#include "unit/copy/table_starter.h"
#include "unit/copy/writer_pace.h"

namespace dm::copy {

/// What readers and writers of one run share. All of it is thread-safe and outlives them.
struct CopyRun {
    const CopyOptions& options;
    const target::CopyCheckpoint& checkpoint;
    const TableStarter& starter;
    Clock& clock;
    NoticeBook& notices;
    CopyBoard& board;
    ChunkLedger& ledger;
    BoundedQueue<Batch>& queue;
    ByteBudget& budget;
    WriterPace& pace;
    SessionGroup& upstream;
    SessionGroup& downstream;
    std::size_t max_packet_bytes;  ///< of the target
};

/// Whether the error says that a table is not there any more, or not as it was: whoever lists the tables again sees
/// what has become of it.
[[nodiscard]] bool is_overtaken(const Error& error);

/// One reader: takes work from the board until there is none. Starts, splits and finishes tables, and turns the rows of
/// chunks into statements for the writers. Belongs to one thread. Transient errors are waited out with new sessions;
/// others leave `run`.
class TableReader {
  public:
    /// `snapshot`: the session to read with, fixed in a snapshot; none: sessions are opened as needed.
    explicit TableReader(CopyRun& run, std::unique_ptr<ManagedSession> snapshot = {});

    void run(std::stop_token stop);

  private:
    void work(std::stop_token stop);
    void perform(const StartTables& work);
    void perform(const SplitTable& work);
    void perform(const FinishTables& work);
    void read(const std::shared_ptr<Chunk>& chunk, std::stop_token stop);
    void read_rows(const std::shared_ptr<Chunk>& chunk, std::stop_token stop);
    [[nodiscard]] bool is_snapshot() const noexcept { return upstream_->is_fixed(); }
    void drop_sessions() noexcept;
    [[nodiscard]] BothSides sides() { return {upstream_->get(), downstream_.get()}; }

    CopyRun& run_;
    std::unique_ptr<ManagedSession> upstream_;
    ManagedSession downstream_;
    RetryPolicy retry_;
};

}  // namespace dm::copy
