#include "core/dml/batch_planner.h"

#include <algorithm>
#include <bit>

#include "core/dml/key_hash.h"

namespace dm::dml {
namespace {

bool is_same_row(const UniqueKey& key, model::Row a, model::Row b) {
    return std::ranges::all_of(key.parts, [&](const KeyPart& part) { return a[part.column] == b[part.column]; });
}

OperationKind kind_of_update(const TablePlan& plan, bool changes_key, bool upserts) {
    const bool can_upsert = upserts && plan.can_upsert() && plan.row_key() != nullptr && !changes_key;
    return can_upsert ? OperationKind::Upsert : OperationKind::Update;
}

std::uint64_t group_id(OperationKind kind, const TablePlan* plan, bool is_safe) {
    const auto bits = static_cast<std::uint64_t>(kind) * 2 + (is_safe ? 1 : 0);
    return mix_hash(reinterpret_cast<std::uintptr_t>(plan), bits);
}

}  // namespace

void BatchPlanner::begin(std::span<const RowChange> changes) {
    std::size_t keys = 0;
    for (const RowChange& change : changes) keys += change.keys.size();
    uses_.assign(std::bit_ceil(2 * keys + 1), {});
    groups_.clear();
    counts_.clear();
    planned_.clear();
    latest_.clear();
}

BatchPlanner::Use& BatchPlanner::use_of(CausalityKey key) {
    const std::size_t mask = uses_.size() - 1;
    std::size_t at = static_cast<std::size_t>(key) & mask;
    while (uses_[at].operation != kUnused && uses_[at].key != key) at = (at + 1) & mask;
    return uses_[at];
}

std::uint32_t BatchPlanner::first_group_after(std::span<const CausalityKey> keys) {
    if (options_.keeps_order) return static_cast<std::uint32_t>(groups_.size());
    std::uint32_t first = 0;
    for (const CausalityKey key : keys) {
        const Use& use = use_of(key);
        if (use.operation != kUnused) first = std::max(first, planned_[use.operation].group + 1);
    }
    return first;
}

std::uint32_t BatchPlanner::group_for(const Planned& planned) {
    const auto next = static_cast<std::uint32_t>(groups_.size());
    const auto [latest, is_new] = latest_.try_emplace(group_id(planned.kind, planned.plan, planned.is_safe), next);
    if (!is_new && latest->second >= planned.first_group) {
        const OperationGroup& group = groups_[latest->second];
        const bool fits = group.plan == planned.plan && group.kind == planned.kind && group.is_safe == planned.is_safe;
        if (fits && counts_[latest->second] < options_.max_rows) {
            ++counts_[latest->second];
            return latest->second;
        }
    }
    latest->second = next;
    groups_.push_back({.kind = planned.kind, .plan = planned.plan, .is_safe = planned.is_safe, .operations = {}});
    counts_.push_back(1);
    return next;
}

void BatchPlanner::place(const RowChange& change, bool is_safe, OperationKind kind, Operation operation) {
    Planned planned{.kind = kind,
                    .is_safe = is_safe,
                    .plan = change.plan,
                    .first_group = first_group_after(change.keys),
                    .key_count = static_cast<std::uint32_t>(change.keys.size()),
                    .operation = operation};
    planned.group = group_for(planned);
    const auto number = static_cast<std::uint32_t>(planned_.size());
    planned_.push_back(planned);
    for (const CausalityKey key : change.keys) use_of(key) = {.key = key, .operation = number};
}

/// The operation moves to a group of its new kind: nothing that came after it shares a key with it.
void BatchPlanner::change_kind(Planned& planned, OperationKind kind, Operation operation) {
    --counts_[planned.group];
    planned.kind = kind;
    planned.operation = operation;
    planned.group = group_for(planned);
}

/// The operation that was the last to use each of the change's keys; null if there is none.
BatchPlanner::Planned* BatchPlanner::only_user(const RowChange& change) {
    const std::uint32_t number = use_of(change.keys.front()).operation;
    if (number == kUnused) return nullptr;
    const auto uses_all =
        std::ranges::all_of(change.keys, [&](CausalityKey key) { return use_of(key).operation == number; });
    return uses_all && planned_[number].plan == change.plan ? &planned_[number] : nullptr;
}

bool BatchPlanner::merge_update(const RowChange& change, Planned& earlier) {
    if (earlier.kind == OperationKind::Delete || change.plan->changes_unique_key(change.before, change.after))
        return false;
    // Keys are hashes: only the values themselves prove that it is the same row.
    if (!is_same_row(*change.plan->row_key(), earlier.operation.after, change.before)) return false;
    earlier.operation.after = change.after;
    return true;
}

bool BatchPlanner::merge_delete(const RowChange& change, bool is_safe, Planned& earlier) {
    if (earlier.key_count != change.keys.size() || earlier.is_safe != is_safe) return false;
    const bool is_update = earlier.kind == OperationKind::Update || earlier.kind == OperationKind::Upsert ||
                           earlier.kind == OperationKind::Renew;
    const model::Row before = is_update ? earlier.operation.before : change.before;
    if (!is_update && earlier.kind != OperationKind::Replace) return false;
    if (change.plan->changes_unique_key(before, earlier.operation.after)) return false;
    if (!is_same_row(*change.plan->row_key(), earlier.operation.after, change.before)) return false;
    change_kind(earlier, OperationKind::Delete, {.before = before, .after = {}});
    return true;
}

bool BatchPlanner::merge_insert(const RowChange& change, bool is_safe, Planned& earlier) {
    if (earlier.key_count != change.keys.size() || earlier.is_safe != is_safe) return false;
    if (earlier.kind != OperationKind::Delete || !change.plan->covers_target()) return false;
    const model::Row before = earlier.operation.before;
    if (change.plan->changes_unique_key(before, change.after)) return false;
    if (is_safe) {
        change_kind(earlier, OperationKind::Replace, {.before = {}, .after = change.after});
    } else {
        change_kind(earlier, options_.upserts ? OperationKind::Renew : OperationKind::Update,
                    {.before = before, .after = change.after});
    }
    return true;
}

bool BatchPlanner::merge(const RowChange& change, bool is_safe) {
    if (!options_.merges_updates || options_.keeps_order || change.plan->row_key() == nullptr) return false;
    Planned* const earlier = only_user(change);
    if (earlier == nullptr) return false;
    switch (change.kind) {
        case ChangeKind::Update:
            return merge_update(change, *earlier);
        case ChangeKind::Delete:
            return merge_delete(change, is_safe, *earlier);
        case ChangeKind::Insert:
            return merge_insert(change, is_safe, *earlier);
    }
    return false;
}

void BatchPlanner::add(const RowChange& change, bool is_safe) {
    switch (change.kind) {
        case ChangeKind::Insert:
            place(change, is_safe, is_safe ? OperationKind::Replace : OperationKind::Insert, {{}, change.after});
            return;
        case ChangeKind::Delete:
            place(change, is_safe, OperationKind::Delete, {change.before, {}});
            return;
        case ChangeKind::Update:
            break;
    }
    const bool changes_key = change.plan->changes_unique_key(change.before, change.after);
    if (!is_safe) {
        place(change, is_safe, kind_of_update(*change.plan, changes_key, options_.upserts),
              {change.before, change.after});
        return;
    }
    if (changes_key) place(change, is_safe, OperationKind::Delete, {change.before, {}});
    place(change, is_safe, OperationKind::Replace, {{}, change.after});
}

std::vector<OperationGroup> BatchPlanner::collect() {
    for (std::size_t group = 0; group < groups_.size(); ++group) groups_[group].operations.reserve(counts_[group]);
    for (const Planned& planned : planned_) groups_[planned.group].operations.push_back(planned.operation);
    std::erase_if(groups_, [](const OperationGroup& group) { return group.operations.empty(); });
    return std::move(groups_);
}

std::vector<OperationGroup> BatchPlanner::plan(std::span<const RowChange> changes, bool safe) {
    begin(changes);
    for (const RowChange& change : changes) {
        const bool is_safe = safe || change.is_safe;
        if (!merge(change, is_safe)) add(change, is_safe);
    }
    return collect();
}

}  // namespace dm::dml
