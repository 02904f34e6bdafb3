#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "core/sql/sql_session.h"
#include "unit/copy/copy_board.h"
#include "unit/copy/copy_options.h"
#include "unit/copy/notice_book.h"
#include "unit/copy/start_point.h"
#include "unit/copy/table_job.h"
#include "unit/target/copy_checkpoint.h"

namespace dm::copy {

/// The two sessions a reader has.
struct BothSides {
    sql::SqlSession& upstream;
    sql::SqlSession& downstream;
};

/// Opens and closes the copy of one table: structure, target table, LOW and HIGH, and their record in the checkpoint.
/// Has no state of its own beside its references, which outlive it; any number of readers may use it at once, each for
/// another table. Every method can be repeated after an error.
class TableStarter {
  public:
    TableStarter(const CopyOptions& options, const target::CopyCheckpoint& checkpoint, const PurgedBinlog& purged,
                 LowMeter& low, NoticeBook& notices)
        : options_(options), checkpoint_(checkpoint), purged_(purged), low_(low), notices_(notices) {}

    /// Starts the table anew or continues from its checkpoint. Nothing: it is gone upstream and forgotten.
    [[nodiscard]] std::optional<StartedTable> start(const std::shared_ptr<TableJob>& job, BothSides sides) const;

    enum class End : std::uint8_t { Complete, Again, Gone };
    /// Takes HIGH and compares the structure; Again: it changed, the copy is void.
    [[nodiscard]] End finish(TableJob& job, BothSides sides) const;

    /// Opens the snapshot a keyless table is read in and records its location. False: the structure changed, the copy
    /// is void.
    [[nodiscard]] bool open_keyless(TableJob& job, BothSides sides, sql::SqlSession& helper, bool must_clear) const;

  private:
    [[nodiscard]] std::optional<StartedTable> begin(const std::shared_ptr<TableJob>& job, BothSides sides) const;
    [[nodiscard]] std::optional<StartedTable> resume(const std::shared_ptr<TableJob>& job, BothSides sides) const;
    void prepare_target(TableJob& job, BothSides sides) const;
    void create_target(TableJob& job, BothSides sides) const;
    void choose_modes(TableJob& job) const;
    void leave_out_generated(TableJob& job, BothSides sides) const;
    void make_void(TableJob& job, BothSides sides) const;
    void forget(TableJob& job, BothSides sides) const;

    const CopyOptions& options_;
    const target::CopyCheckpoint& checkpoint_;
    const PurgedBinlog& purged_;
    LowMeter& low_;
    NoticeBook& notices_;
};

}  // namespace dm::copy
