#include "core/dml/batch_planner.h"

#include <algorithm>
#include <map>
#include <optional>
#include <random>

#include <gtest/gtest.h>

#include "core/dml/causality_keys.h"
#include "core/dml/conflict_table.h"
#include "core/dml/dml_test_util.h"

namespace dm::dml {
namespace {

using testing::int_column;
using testing::plan_of;
using testing::table;
using testing::unique_index;

/// A row of the model: a primary key, a unique value that may be NULL, and a payload.
struct ModelRow {
    std::int64_t id = 0;
    std::optional<std::int64_t> unique;
    std::int64_t payload = 0;
    bool operator==(const ModelRow&) const = default;
};

std::vector<model::Value> values_of(const ModelRow& row) {
    return {model::Value::of_int(row.id), row.unique ? model::Value::of_int(*row.unique) : model::Value::null(),
            model::Value::of_int(row.payload)};
}

ModelRow row_of(model::Row values) {
    ModelRow row{.id = values[0].as_int(), .unique = std::nullopt, .payload = values[2].as_int()};
    if (!values[1].is_null()) row.unique = values[1].as_int();
    return row;
}

/// A table that does what a server does with each kind of operation.
class ModelTable {
  public:
    using Rows = std::map<std::int64_t, ModelRow>;
    [[nodiscard]] const Rows& rows() const { return rows_; }

    /// False if a unique key is violated.
    bool insert(const ModelRow& row) {
        if (clashes(row, std::nullopt)) return false;
        rows_[row.id] = row;
        return true;
    }
    void replace(const ModelRow& row) {
        std::erase_if(rows_, [&](const auto& entry) {
            return entry.first == row.id || (row.unique && entry.second.unique == row.unique);
        });
        rows_[row.id] = row;
    }
    bool update(std::int64_t id, const ModelRow& row) {
        if (!rows_.contains(id) || clashes(row, id)) return false;
        rows_.erase(id);
        rows_[row.id] = row;
        return true;
    }
    bool erase(std::int64_t id) { return rows_.erase(id) == 1; }

    bool apply(const OperationGroup& group) {
        for (const auto& operation : group.operations) {
            const bool is_done = apply(group.kind, operation);
            if (!is_done && !(group.is_safe && group.kind == OperationKind::Delete)) return false;
        }
        return true;
    }

  private:
    bool apply(OperationKind kind, const Operation& operation) {
        switch (kind) {
            case OperationKind::Insert:
                return insert(row_of(operation.after));
            case OperationKind::Replace:
                replace(row_of(operation.after));
                return true;
            case OperationKind::Upsert:
                return update(row_of(operation.before).id, row_of(operation.after));
            case OperationKind::Renew:
                return rows_.contains(row_of(operation.after).id)
                           ? update(row_of(operation.after).id, row_of(operation.after))
                           : insert(row_of(operation.after));
            case OperationKind::Update:
                return update(row_of(operation.before).id, row_of(operation.after));
            case OperationKind::Delete:
                return erase(row_of(operation.before).id);
        }
        return false;
    }
    [[nodiscard]] bool clashes(const ModelRow& row, std::optional<std::int64_t> except) const {
        for (const auto& [id, other] : rows_) {
            if (except == id) continue;
            if (id == row.id || (row.unique && other.unique == row.unique)) return true;
        }
        return false;
    }

    Rows rows_;
};

/// A history of changes that a server accepted, with the images and keys that RowChange views.
class History {
  public:
    explicit History(unsigned seed) : random_(seed) {}

    void extend(std::size_t count) {
        while (changes_.size() < count) step();
        for (std::size_t i = 0; i < changes_.size(); ++i) {
            changes_[i].before = stored_[i].before;
            changes_[i].after = stored_[i].after;
            changes_[i].keys = stored_[i].keys;
        }
    }
    [[nodiscard]] const std::vector<RowChange>& changes() const { return changes_; }
    [[nodiscard]] const ModelTable& end() const { return table_; }
    [[nodiscard]] const ModelTable& state_after(std::size_t count) const { return states_[count]; }

  private:
    struct Stored {
        std::vector<model::Value> before;
        std::vector<model::Value> after;
        std::vector<CausalityKey> keys;
    };
    std::int64_t pick(std::int64_t limit) { return std::uniform_int_distribution<std::int64_t>(0, limit - 1)(random_); }
    ModelRow random_row() {
        ModelRow row{.id = pick(8), .unique = std::nullopt, .payload = pick(1000)};
        if (pick(3) != 0) row.unique = pick(8);
        return row;
    }
    void step() {
        if (states_.empty()) states_.push_back(table_);
        const ModelRow row = random_row();
        const auto victim = table_.rows().find(pick(8));
        switch (pick(4)) {
            case 0:
                if (table_.insert(row)) record(ChangeKind::Insert, std::nullopt, row);
                break;
            case 1:
                if (victim != table_.rows().end()) {
                    const ModelRow old = victim->second;
                    table_.erase(old.id);
                    record(ChangeKind::Delete, old, std::nullopt);
                }
                break;
            default:
                if (victim != table_.rows().end()) {
                    const ModelRow old = victim->second;
                    ModelRow next = row;
                    if (pick(2) == 0) next = {.id = old.id, .unique = old.unique, .payload = row.payload};
                    if (table_.update(old.id, next)) record(ChangeKind::Update, old, next);
                }
        }
    }
    void record(ChangeKind kind, const std::optional<ModelRow>& before, const std::optional<ModelRow>& after) {
        Stored stored;
        if (before) stored.before = values_of(*before);
        if (after) stored.after = values_of(*after);
        keys_.append(plan_, stored.before, stored.after, stored.keys);
        stored_.push_back(std::move(stored));
        changes_.push_back({.kind = kind, .is_safe = false, .plan = &plan_, .before = {}, .after = {}, .keys = {}});
        states_.push_back(table_);
    }

    std::mt19937 random_;
    const TablePlan plan_ = plan_of(table({int_column("id", false), int_column("u"), int_column("p")},
                                          {unique_index("PRIMARY", {"id"}), unique_index("u", {"u"})}));
    CausalityKeys keys_;
    ModelTable table_;
    std::vector<Stored> stored_;
    std::vector<RowChange> changes_;
    std::vector<ModelTable> states_;
};

TEST(BatchPlanner, batches_of_any_size_end_like_the_upstream) {
    for (unsigned seed = 1; seed <= 300; ++seed) {
        History history(seed);
        history.extend(120);
        std::mt19937 random(seed);
        ModelTable target;
        BatchPlanner planner({});
        for (std::size_t begin = 0; begin < history.changes().size();) {
            const std::size_t size = std::min<std::size_t>(1 + random() % 40, history.changes().size() - begin);
            for (const auto& group : planner.plan({history.changes().data() + begin, size})) {
                ASSERT_TRUE(target.apply(group)) << "a statement failed, seed " << seed;
            }
            begin += size;
            ASSERT_EQ(target.rows(), history.state_after(begin).rows()) << "seed " << seed;
        }
    }
}

TEST(BatchPlanner, safe_form_converges_from_any_state_the_changes_went_through) {
    for (unsigned seed = 1; seed <= 300; ++seed) {
        History history(seed);
        history.extend(100);
        std::mt19937 random(seed);
        // The target is somewhere inside the history; everything is applied again from the start of it.
        ModelTable target = history.state_after(random() % 100);
        BatchPlanner planner({});
        for (std::size_t begin = 0; begin < history.changes().size();) {
            const std::size_t size = std::min<std::size_t>(1 + random() % 40, history.changes().size() - begin);
            for (const auto& group : planner.plan({history.changes().data() + begin, size}, true)) {
                ASSERT_TRUE(target.apply(group)) << "a statement failed, seed " << seed;
            }
            begin += size;
        }
        ASSERT_EQ(target.rows(), history.end().rows()) << "seed " << seed;
    }
}

/// One lane of the model of the appliers.
struct Lane {
    std::vector<std::size_t> queue;  // indexes of changes
    std::vector<std::vector<Dependency>> waits;
    std::size_t next = 0;
};

/// Whether the change at the head of the lane may be applied.
bool is_ready(const Lane& lane, const std::vector<Sequence>& done) {
    if (lane.next == lane.queue.size()) return false;
    return std::ranges::all_of(lane.waits[lane.next],
                               [&](const Dependency& wait) { return done[wait.lane] >= wait.sequence; });
}

TEST(ConflictTable, lanes_in_any_allowed_interleaving_end_like_the_upstream) {
    constexpr std::size_t kLanes = 4;
    for (unsigned seed = 1; seed <= 300; ++seed) {
        History history(seed);
        history.extend(100);
        std::mt19937 random(seed);
        ConflictTable conflicts(kLanes);
        std::vector<Lane> lanes(kLanes);
        std::vector<Sequence> done(kLanes, 0);
        ModelTable target;
        BatchPlanner planner({});
        const auto apply_some = [&](Lane& lane, std::uint32_t number) {
            std::vector<RowChange> batch;
            const std::size_t limit = 1 + random() % 5;
            Sequence last = 0;
            while (batch.size() < limit && is_ready(lane, done)) {
                last = lane.queue[lane.next] + 1;
                batch.push_back(history.changes()[lane.queue[lane.next++]]);
            }
            for (const auto& group : planner.plan(batch)) ASSERT_TRUE(target.apply(group)) << "seed " << seed;
            if (last != 0) done[number] = last;
        };
        std::size_t placed = 0;
        const auto is_drained = [&] {
            return std::ranges::all_of(lanes, [](const Lane& lane) { return lane.next == lane.queue.size(); });
        };
        while (placed < history.changes().size() || !is_drained()) {
            if (placed < history.changes().size() && random() % 2 == 0) {
                for (std::uint32_t lane = 0; lane < kLanes; ++lane) conflicts.applied(lane, done[lane]);
                std::vector<Dependency> waits;
                const auto decision = conflicts.place(history.changes()[placed].keys, placed + 1,
                                                      static_cast<std::uint32_t>(random() % kLanes), waits);
                lanes[decision.lane].queue.push_back(placed++);
                lanes[decision.lane].waits.push_back(std::move(waits));
                continue;
            }
            const auto number = static_cast<std::uint32_t>(random() % kLanes);
            if (is_ready(lanes[number], done)) apply_some(lanes[number], number);
            if (HasFatalFailure()) return;
        }
        ASSERT_EQ(target.rows(), history.end().rows()) << "seed " << seed;
    }
}

TEST(BatchPlanner, updates_of_one_row_become_one) {
    const auto plan =
        plan_of(table({int_column("id", false), int_column("u"), int_column("p")}, {unique_index("PRIMARY", {"id"})}));
    const auto images =
        std::vector<std::vector<model::Value>>{values_of({1, {}, 1}), values_of({1, {}, 2}), values_of({1, {}, 3})};
    const std::vector<CausalityKey> keys = {42};
    const std::vector<RowChange> changes = {{.kind = ChangeKind::Update,
                                             .is_safe = false,
                                             .plan = &plan,
                                             .before = images[0],
                                             .after = images[1],
                                             .keys = keys},
                                            {.kind = ChangeKind::Update,
                                             .is_safe = false,
                                             .plan = &plan,
                                             .before = images[1],
                                             .after = images[2],
                                             .keys = keys}};
    const auto merged = BatchPlanner({}).plan(changes);
    ASSERT_EQ(merged.size(), 1U);
    ASSERT_EQ(merged[0].operations.size(), 1U);
    EXPECT_EQ(row_of(merged[0].operations[0].after).payload, 3);
    EXPECT_EQ(BatchPlanner({.merges_updates = false}).plan(changes).size(), 2U);
}

/// Changes of row 1 of a table with nothing but a primary key, each from the image before it.
class OneRow {
  public:
    explicit OneRow(const schema::TableDefinition& target) : plan_(TablePlan::compile(source(), target)) {}
    static schema::TableDefinition source() {
        return table({int_column("id", false), int_column("u"), int_column("p")}, {unique_index("PRIMARY", {"id"})});
    }
    [[nodiscard]] std::vector<OperationGroup> plan(const std::vector<ChangeKind>& kinds, bool safe = false,
                                                   BatchPlanner::Options options = {}) const {
        std::vector<RowChange> changes;
        for (std::size_t i = 0; i < kinds.size(); ++i) {
            changes.push_back({.kind = kinds[i],
                               .is_safe = false,
                               .plan = &plan_,
                               .before = kinds[i] == ChangeKind::Insert ? model::Row{} : images_.at(i),
                               .after = kinds[i] == ChangeKind::Delete ? model::Row{} : images_.at(i + 1),
                               .keys = keys_});
        }
        return BatchPlanner(options).plan(changes, safe);
    }

  private:
    const TablePlan plan_;
    const std::vector<std::vector<model::Value>> images_ = {values_of({1, {}, 1}), values_of({1, {}, 2}),
                                                            values_of({1, {}, 3}), values_of({1, {}, 4})};
    const std::vector<CausalityKey> keys_ = {42};
};

TEST(BatchPlanner, deletion_and_insertion_of_one_row_renew_it) {
    const OneRow row(OneRow::source());
    const auto merged = row.plan({ChangeKind::Delete, ChangeKind::Insert, ChangeKind::Update});
    ASSERT_EQ(merged.size(), 1U);
    ASSERT_EQ(merged[0].operations.size(), 1U);
    EXPECT_EQ(merged[0].kind, OperationKind::Renew);
    EXPECT_EQ(row_of(merged[0].operations[0].before).payload, 1);
    EXPECT_EQ(row_of(merged[0].operations[0].after).payload, 4);
    EXPECT_EQ(row.plan({ChangeKind::Delete, ChangeKind::Insert}, true).at(0).kind, OperationKind::Replace);
    EXPECT_EQ(row.plan({ChangeKind::Delete, ChangeKind::Insert}, false, {.upserts = false}).at(0).kind,
              OperationKind::Update);
    EXPECT_EQ(row.plan({ChangeKind::Delete, ChangeKind::Insert}, false, {.merges_updates = false}).size(), 2U);
}

TEST(BatchPlanner, deletion_takes_the_place_of_an_update) {
    const OneRow row(OneRow::source());
    const auto merged = row.plan({ChangeKind::Update, ChangeKind::Delete});
    ASSERT_EQ(merged.size(), 1U);
    EXPECT_EQ(merged[0].kind, OperationKind::Delete);
    EXPECT_EQ(row_of(merged[0].operations.at(0).before).payload, 1);
    // What the target must not have yet is still inserted: a row that is there by mistake is found.
    EXPECT_EQ(row.plan({ChangeKind::Insert, ChangeKind::Delete}).size(), 2U);
}

TEST(BatchPlanner, a_new_row_takes_the_defaults_of_columns_that_only_the_target_has) {
    const OneRow row(table({int_column("id", false), int_column("u"), int_column("p"), int_column("own")},
                           {unique_index("PRIMARY", {"id"})}));
    EXPECT_EQ(row.plan({ChangeKind::Delete, ChangeKind::Insert}).size(), 2U);
}

TEST(BatchPlanner, rows_that_only_share_a_hash_are_not_merged) {
    const auto plan =
        plan_of(table({int_column("id", false), int_column("u"), int_column("p")}, {unique_index("PRIMARY", {"id"})}));
    const auto first = values_of({1, {}, 1});
    const auto second = values_of({2, {}, 2});
    const std::vector<CausalityKey> keys = {42};
    const std::vector<RowChange> changes = {
        {.kind = ChangeKind::Insert, .is_safe = false, .plan = &plan, .before = {}, .after = first, .keys = keys},
        {.kind = ChangeKind::Update, .is_safe = false, .plan = &plan, .before = second, .after = second, .keys = keys}};
    EXPECT_EQ(BatchPlanner({}).plan(changes).size(), 2U);
}

}  // namespace
}  // namespace dm::dml
