#pragma once

#include <cstdint>
#include <optional>

#include "core/sql/sql_session.h"
#include "unit/copy/table_job.h"
#include "unit/target/insert_builder.h"

namespace dm::copy {

/// Turns rows of one table into INSERT statements of bounded size. Not thread-safe; the job outlives it.
class RowPacker {
  public:
    /// `packet_bytes` is the longest statement the target takes.
    RowPacker(const TableJob& job, target::WriteMode mode, std::size_t statement_bytes, std::size_t packet_bytes);

    /// Adds a row; returns a statement when one is complete. Throws Error{CopyPlan} for a row that no statement can
    /// hold.
    std::optional<target::InsertStatement> add(sql::CellRow row);
    /// What is left; nothing if all was handed over.
    std::optional<target::InsertStatement> rest();

  private:
    const TableJob& job_;
    std::size_t statement_bytes_;
    std::size_t packet_bytes_;
    target::InsertBuilder builder_;
};

}  // namespace dm::copy
