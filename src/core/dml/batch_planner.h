#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "core/dml/row_change.h"

namespace dm::dml {

/// What is done to one row downstream. Replace removes every row that clashes on any unique key. Upsert inserts the row
/// or, if its row key exists, sets all its columns.
enum class OperationKind : std::uint8_t { Insert, Replace, Upsert, Update, Delete };

struct Operation {
    model::Row before;  ///< Update, Upsert and Delete
    model::Row after;   ///< all but Delete
};

/// Operations of one plan and kind that may be done in any order or in one statement.
struct OperationGroup {
    OperationKind kind = OperationKind::Insert;
    const TablePlan* plan = nullptr;
    bool is_safe = false;  ///< made from changes that may have been applied before: missing rows are no surprise
    std::vector<Operation> operations;
};

/// Arranges the changes of one batch, given in binlog order, into groups to be executed one after another. Changes that
/// share a causality key keep their order; the others are regrouped by table and kind, so that statements hold many
/// rows, and updates of one row are merged into one. One thread; views as RowChange says.
class BatchPlanner {
  public:
    struct Options {
        bool merges_updates = true;   ///< several changes of one row become one
        bool keeps_order = false;     ///< never regroup across changes: foreign keys are checked downstream
        bool upserts = true;          ///< updates of several rows may be written as one upsert
        std::size_t max_rows = 1000;  ///< per group
    };
    explicit BatchPlanner(Options options) : options_(options) {}

    /// The groups of `changes`. Every change needs its keys. `safe` treats all changes as safe.
    [[nodiscard]] std::vector<OperationGroup> plan(std::span<const RowChange> changes, bool safe = false);

  private:
    /// The last operation that uses a key.
    struct Use {
        std::size_t group = 0;
        std::size_t operation = 0;
    };
    struct Pending {
        OperationKind kind;
        const RowChange* change;
        bool is_safe;
        Operation operation;
    };

    bool merge(const RowChange& change);
    void place(const Pending& pending);
    std::size_t group_for(const Pending& pending, std::size_t first_allowed);
    std::size_t first_group_after(std::span<const CausalityKey> keys) const;

    Options options_;
    std::vector<OperationGroup> groups_;
    std::unordered_map<CausalityKey, Use> uses_;
    std::unordered_map<std::uint64_t, std::size_t> latest_;  // newest group per plan, kind and safety
};

}  // namespace dm::dml
