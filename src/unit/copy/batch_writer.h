#pragma once

#include <stop_token>

#include "unit/copy/table_reader.h"

namespace dm::copy {

/// One writer: executes batches from the queue until it is closed, and a chunk's closing one when it has written the
/// last of the others. Belongs to one thread. Transient errors are waited
/// out, with new sessions where needed; a batch of a keyless table whose fate is unknown makes its chunk start again.
class BatchWriter {
  public:
    explicit BatchWriter(CopyRun& run) : run_(run), session_(run.downstream) {}

    void run(std::stop_token stop);

  private:
    void write(Batch& batch, std::stop_token stop);
    bool write_in_the_end(Batch& batch, std::stop_token stop);
    [[noreturn]] void give_up(const TableJob& job, const Error& error, const std::stop_token& stop);
    void execute(Batch& batch);
    void execute_closing(Batch& batch);
    void save_record(const Batch& batch);
    void look_for_replaced(const Batch& batch, std::uint64_t affected);
    void look_at_warnings(const Batch& batch, std::uint32_t warnings);

    CopyRun& run_;
    ManagedSession session_;
};

}  // namespace dm::copy
