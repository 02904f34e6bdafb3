#pragma once

#include <cstdint>
#include <span>

#include "core/dml/table_plan.h"
#include "core/model/value.h"

namespace dm::dml {

enum class ChangeKind : std::uint8_t { Insert, Update, Delete };

/// What two changes share when their order matters: a hash, so that distinct values may share it, but never the other
/// way.
using CausalityKey = std::uint64_t;

/// One row's change as the binlog tells it. A view: plan, images and keys belong to whoever decoded them and must
/// outlive it. Images have all columns of the source table in binlog order; what stands for those that the event lacks
/// is read by nobody (TablePlan::may_be_missing).
struct RowChange {
    ChangeKind kind = ChangeKind::Insert;
    bool is_safe = false;  ///< to be written so that doing it again is harmless
    const TablePlan* plan = nullptr;
    model::Row before;                   ///< empty for Insert
    model::Row after;                    ///< empty for Delete
    std::span<const CausalityKey> keys;  ///< of both images, without doubles; never empty once computed
};

}  // namespace dm::dml
