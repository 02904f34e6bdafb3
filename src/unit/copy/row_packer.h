#pragma once

#include <cstdint>
#include <optional>

#include "core/sql/sql_session.h"
#include "unit/copy/table_job.h"
#include "unit/target/insert_builder.h"

namespace dm::copy {

/// Turns rows of one table into INSERT statements of bounded size, each within a share of a budget that is taken before
/// the statement is begun. Use: for each row, `take` where it does not fit, `begin` where nothing is begun, `add`. Not
/// thread-safe; the job outlives it.
class RowPacker {
  public:
    /// `packet_bytes` is the longest statement the target takes.
    RowPacker(const TableJob& job, target::WriteMode mode, std::size_t statement_bytes, std::size_t packet_bytes);

    /// Whether `row` may follow what was added.
    [[nodiscard]] bool fits(sql::CellRow row) const;
    [[nodiscard]] bool is_begun() const noexcept { return is_begun_; }
    /// Bytes a statement that begins with `row` may come to hold. Throws Error{CopyPlan} for a row that no statement
    /// can hold.
    [[nodiscard]] std::size_t cost(sql::CellRow row) const;
    void begin(ByteBudget::Share share);
    void add(sql::CellRow row);
    /// The statement so far; nothing if there is none.
    std::optional<Held> take();

  private:
    const TableJob& job_;
    std::size_t statement_bytes_;
    std::size_t packet_bytes_;
    target::InsertBuilder builder_;
    ByteBudget::Share share_;
    bool is_begun_ = false;
};

}  // namespace dm::copy
