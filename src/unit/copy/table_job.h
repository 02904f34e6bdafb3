#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/guarded.h"
#include "unit/copy/byte_budget.h"
#include "unit/copy/table_shape.h"
#include "unit/target/copy_checkpoint.h"
#include "unit/target/insert_builder.h"

namespace dm::copy {

/// One table of the plan. Fixed fields are set before the job is shared; `shape`, `record`, `is_strict` and the modes
/// by the reader that starts the table, before any chunk of it exists; the counters by anyone. CopyBoard keeps the
/// rest.
struct TableJob {
    model::TableName source;
    model::TableName target;
    bool is_shared_target = false;  ///< other tables, here or on other sources, are copied into the same target
    std::uint64_t bytes_total = 0;  ///< the server's estimates
    std::uint64_t rows_total = 0;

    bool is_surveyed = false;   ///< shape, structure and LOW were taken for a new copy
    bool is_gone = false;       ///< and the table was not there
    bool lacks_target = false;  ///< just now there was no such table in the target
    bool is_one_chunk = false;  ///< so small that one chunk holds it
    /// Its keys may tell apart less in the target: no row may take another's place there, so that nothing is written
    /// twice, and what is interrupted begins anew.
    bool is_strict = false;
    bool is_resumed = false;  ///< some of its rows may have been written by an earlier run
    TableShape shape;         ///< emptied when the table is done
    target::TableCopyRecord record;
    target::WriteMode mode = target::WriteMode::Replace;       ///< of first attempts
    target::WriteMode redo_mode = target::WriteMode::Replace;  ///< of repetitions

    std::atomic<std::uint64_t> rows_done{0};
    std::atomic<std::uint64_t> bytes_done{0};

    /// Whether nobody but this copy writes to the target table, which had no rows.
    [[nodiscard]] bool is_alone() const { return record.was_empty && !is_shared_target; }
};

/// A statement with its share of the memory for statements.
struct Held {
    target::InsertStatement statement;
    ByteBudget::Share share;
};

/// One chunk on its way. Readers append batches, writers take them away; whoever finds it settled reports it to the
/// board.
struct Chunk {
    std::shared_ptr<TableJob> job;
    target::ChunkRecord record;
    bool is_whole_table = false;  ///< the only chunk: it was not recorded as planned
    bool is_redo = false;         ///< some of its rows may have been written before
    int attempts = 0;

    /// Batches queued or being written, plus one while it is being read. Who brings it to zero settles the chunk.
    std::atomic<int> pending{0};
    std::atomic<bool> has_failed{false};               ///< it must be read again
    Guarded<std::shared_ptr<const Error>> last_error;  ///< why
    /// The last statement, kept back until all others are written; absent in a chunk without rows.
    Guarded<std::optional<Held>> closing;
    std::atomic<std::uint64_t> rows{0};
    std::atomic<std::uint64_t> bytes{0};
};

/// One statement of a chunk for the writers.
struct Batch {
    std::shared_ptr<Chunk> chunk;
    Held held;
    bool may_be_written = false;  ///< an earlier attempt had no answer, or a bad one
    bool is_closing = false;      ///< the chunk's last: written when all others are, in one transaction with its record
};

}  // namespace dm::copy
