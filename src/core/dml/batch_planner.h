#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "core/dml/row_change.h"

namespace dm::dml {

/// What is done to one row downstream. Replace removes every row that clashes on any unique key. Upsert is an update of
/// a row that is known to be there; it may be written so that it inserts the row if it is missing after all. Renew must
/// be: a row was deleted and inserted again.
enum class OperationKind : std::uint8_t { Insert, Replace, Upsert, Renew, Update, Delete };

struct Operation {
    model::Row before;  ///< Update, Upsert, Renew and Delete
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
/// rows. Several changes of one row become one as long as its unique keys stay: an update joins what was done before,
/// a deletion takes the place of an update, an insertion after a deletion renews the row. One thread; views as
/// RowChange says.
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
    /// An operation with its place. Merging may change both.
    struct Planned {
        OperationKind kind = OperationKind::Insert;
        bool is_safe = false;
        const TablePlan* plan = nullptr;
        std::uint32_t group = 0;
        std::uint32_t first_group = 0;  ///< earlier ones hold operations that must come before
        std::uint32_t key_count = 0;
        Operation operation;
    };
    /// The last operation that uses a key.
    struct Use {
        CausalityKey key = 0;
        std::uint32_t operation = kUnused;
    };
    static constexpr std::uint32_t kUnused = UINT32_MAX;

    void begin(std::span<const RowChange> changes);
    void add(const RowChange& change, bool is_safe);
    bool merge(const RowChange& change, bool is_safe);
    [[nodiscard]] Planned* only_user(const RowChange& change);
    bool merge_update(const RowChange& change, Planned& earlier);
    bool merge_delete(const RowChange& change, bool is_safe, Planned& earlier);
    bool merge_insert(const RowChange& change, bool is_safe, Planned& earlier);
    void place(const RowChange& change, bool is_safe, OperationKind kind, Operation operation);
    void change_kind(Planned& planned, OperationKind kind, Operation operation);
    [[nodiscard]] std::uint32_t group_for(const Planned& planned);
    [[nodiscard]] std::uint32_t first_group_after(std::span<const CausalityKey> keys);
    [[nodiscard]] Use& use_of(CausalityKey key);
    [[nodiscard]] std::vector<OperationGroup> collect();

    Options options_;
    std::vector<OperationGroup> groups_;  // filled by `collect`
    std::vector<std::uint32_t> counts_;   // operations per group
    std::vector<Planned> planned_;
    std::vector<Use> uses_;                                    // open addressing, a power of two
    std::unordered_map<std::uint64_t, std::uint32_t> latest_;  // newest group per plan, kind and safety
};

}  // namespace dm::dml
