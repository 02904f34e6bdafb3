#include "core/dml/batch_planner.h"

#include <algorithm>

#include "core/dml/key_hash.h"

namespace dm::dml {
namespace {

bool is_same_row(const UniqueKey& key, model::Row a, model::Row b) {
    return std::ranges::all_of(key.parts, [&](const KeyPart& part) { return a[part.column] == b[part.column]; });
}

OperationKind kind_of_update(const RowChange& change, bool changes_key, bool upserts) {
    const bool can_upsert = upserts && change.plan->can_upsert() && change.plan->row_key() != nullptr && !changes_key;
    return can_upsert ? OperationKind::Upsert : OperationKind::Update;
}

std::uint64_t group_id(OperationKind kind, const TablePlan* plan, bool is_safe) {
    const auto bits = static_cast<std::uint64_t>(kind) * 2 + (is_safe ? 1 : 0);
    return mix_hash(reinterpret_cast<std::uintptr_t>(plan), bits);
}

}  // namespace

std::size_t BatchPlanner::first_group_after(std::span<const CausalityKey> keys) const {
    if (options_.keeps_order) return groups_.size();
    std::size_t first = 0;
    for (const CausalityKey key : keys) {
        const auto found = uses_.find(key);
        if (found != uses_.end()) first = std::max(first, found->second.group + 1);
    }
    return first;
}

std::size_t BatchPlanner::group_for(const Pending& pending, std::size_t first_allowed) {
    const TablePlan* plan = pending.change->plan;
    const auto [latest, is_new] = latest_.try_emplace(group_id(pending.kind, plan, pending.is_safe), groups_.size());
    if (!is_new && latest->second >= first_allowed && latest->second < groups_.size()) {
        const OperationGroup& group = groups_[latest->second];
        const bool fits = group.plan == plan && group.kind == pending.kind && group.is_safe == pending.is_safe;
        if (fits && group.operations.size() < options_.max_rows) return latest->second;
    }
    latest->second = groups_.size();
    groups_.push_back({.kind = pending.kind, .plan = plan, .is_safe = pending.is_safe, .operations = {}});
    return groups_.size() - 1;
}

void BatchPlanner::place(const Pending& pending) {
    const std::size_t group = group_for(pending, first_group_after(pending.change->keys));
    groups_[group].operations.push_back(pending.operation);
    for (const CausalityKey key : pending.change->keys)
        uses_[key] = {.group = group, .operation = groups_[group].operations.size() - 1};
}

bool BatchPlanner::merge(const RowChange& change) {
    if (!options_.merges_updates || options_.keeps_order || change.kind != ChangeKind::Update) return false;
    const UniqueKey* row_key = change.plan->row_key();
    if (row_key == nullptr || change.plan->changes_unique_key(change.before, change.after)) return false;
    const auto first = uses_.find(change.keys.front());
    if (first == uses_.end()) return false;
    const Use use = first->second;
    const bool is_one_operation = std::ranges::all_of(change.keys, [&](CausalityKey key) {
        const auto found = uses_.find(key);
        return found != uses_.end() && found->second.group == use.group && found->second.operation == use.operation;
    });
    if (!is_one_operation) return false;
    OperationGroup& group = groups_[use.group];
    Operation& earlier = group.operations[use.operation];
    if (group.plan != change.plan || group.kind == OperationKind::Delete) return false;
    // Keys are hashes: only the values themselves prove that it is the same row.
    if (!is_same_row(*row_key, earlier.after, change.before)) return false;
    earlier.after = change.after;
    return true;
}

std::vector<OperationGroup> BatchPlanner::plan(std::span<const RowChange> changes, bool safe) {
    groups_.clear();
    uses_.clear();
    latest_.clear();
    for (const RowChange& change : changes) {
        if (merge(change)) continue;
        const bool is_safe = safe || change.is_safe;
        const auto put = [&](OperationKind kind, model::Row before, model::Row after) {
            place(
                {.kind = kind, .change = &change, .is_safe = is_safe, .operation = {.before = before, .after = after}});
        };
        switch (change.kind) {
            case ChangeKind::Insert:
                put(is_safe ? OperationKind::Replace : OperationKind::Insert, {}, change.after);
                break;
            case ChangeKind::Delete:
                put(OperationKind::Delete, change.before, {});
                break;
            case ChangeKind::Update: {
                const bool changes_key = change.plan->changes_unique_key(change.before, change.after);
                if (!is_safe) {
                    put(kind_of_update(change, changes_key, options_.upserts), change.before, change.after);
                    break;
                }
                if (changes_key) put(OperationKind::Delete, change.before, {});
                put(OperationKind::Replace, {}, change.after);
                break;
            }
        }
    }
    uses_.clear();
    latest_.clear();
    return std::move(groups_);
}

}  // namespace dm::dml
