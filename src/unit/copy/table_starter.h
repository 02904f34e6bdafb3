#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/guarded.h"
#include "core/sql/adapt_statement.h"
#include "core/sql/sql_session.h"
#include "unit/copy/copy_board.h"
#include "unit/copy/copy_options.h"
#include "unit/copy/notice_book.h"
#include "unit/copy/start_point.h"
#include "unit/copy/table_job.h"
#include "unit/copy/target_table.h"
#include "unit/target/copy_checkpoint.h"

namespace dm::copy {

/// The two sessions a reader has.
struct BothSides {
    sql::SqlSession& upstream;
    sql::SqlSession& downstream;
};

/// How tables are read.
struct ReadingWay {
    bool is_snapshot = false;  ///< the upstream's sessions are in one snapshot, there are no places in a binlog
    LockPatience patience;     ///< with the upstream's locks
};

/// Opens and closes the copy of tables: structure, target table, LOW and HIGH, and their record in the checkpoint; for
/// several tables at once where the caller has several, so that places in the binlog are taken and records written once
/// for all. Its references outlive it; any number of readers may use it at once, each for other tables. Every method
/// can be repeated after an error.
class TableStarter {
  public:
    using Jobs = std::span<const std::shared_ptr<TableJob>>;

    TableStarter(const CopyOptions& options, const rules::TableRouter& router, const target::CopyCheckpoint& checkpoint,
                 const PurgedBinlog& purged, NoticeBook& notices, ReadingWay way)
        : options_(options),
          router_(router),
          checkpoint_(checkpoint),
          purged_(purged),
          notices_(notices),
          way_(std::move(way)) {}

    /// Starts the tables anew or continues from their checkpoint; one answer per table, in order. Nothing: it is gone
    /// upstream and forgotten.
    [[nodiscard]] std::vector<std::optional<StartedTable>> start(Jobs jobs, BothSides sides) const;

    enum class End : std::uint8_t { Complete, Again, Gone };
    /// Takes HIGH, compares the structures and adds the indexes that are missing; one answer per table, in order.
    /// Again: its structure changed, the copy is void.
    [[nodiscard]] std::vector<End> finish(Jobs jobs, BothSides sides) const;

    /// Opens the snapshot a keyless table is read in and records its location. False: the structure changed, the copy
    /// is void.
    [[nodiscard]] bool open_keyless(TableJob& job, BothSides sides, sql::SqlSession& helper, bool must_clear) const;

  private:
    void announce(Jobs jobs, BothSides sides) const;
    void survey(Jobs jobs, BothSides sides) const;
    [[nodiscard]] model::Location low_of(Jobs jobs, sql::SqlSession& upstream) const;
    void begin(TableJob& job, BothSides sides) const;
    [[nodiscard]] std::optional<StartedTable> resume(const std::shared_ptr<TableJob>& job, BothSides sides) const;
    void prepare_target(TableJob& job, BothSides sides) const;
    void create_target(TableJob& job, BothSides sides) const;
    void leave_out_checks(std::string& create_table, const TableJob& job, BothSides sides) const;
    [[nodiscard]] Adaptation adaptation() const;
    [[nodiscard]] sql::CollationDefaults collation_defaults(sql::SqlSession& upstream) const;
    void compare_keys(TableJob& job, BothSides sides) const;
    void choose_modes(TableJob& job) const;
    void fit_to_target(TableJob& job, BothSides sides) const;
    void make_void(TableJob& job, BothSides sides) const;
    void forget(TableJob& job, BothSides sides) const;
    [[nodiscard]] End compare(TableJob& job, BothSides sides) const;

    const CopyOptions& options_;
    const rules::TableRouter& router_;
    const target::CopyCheckpoint& checkpoint_;
    const PurgedBinlog& purged_;
    NoticeBook& notices_;
    const ReadingWay way_;
    mutable Guarded<std::set<std::string>> schemas_;      ///< those the target has
    mutable Guarded<sql::CollationDefaults> collations_;  ///< the upstream's; empty until asked for
};

}  // namespace dm::copy
