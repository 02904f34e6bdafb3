#include "core/dml/conflict_table.h"

#include <gtest/gtest.h>

namespace dm::dml {
namespace {

TEST(ConflictTable, change_with_a_key_in_flight_follows_to_its_lane) {
    ConflictTable table(4);
    std::vector<Dependency> waits;
    const std::vector<CausalityKey> key = {7};
    EXPECT_TRUE(table.place(key, 1, 2, waits).is_free);
    const auto second = table.place(key, 2, 3, waits);
    EXPECT_FALSE(second.is_free);
    EXPECT_EQ(second.lane, 2U);
    EXPECT_TRUE(waits.empty());
}

TEST(ConflictTable, applied_changes_bind_nobody) {
    ConflictTable table(4);
    std::vector<Dependency> waits;
    const std::vector<CausalityKey> key = {7};
    (void)table.place(key, 1, 2, waits);
    table.applied(2, 1);
    const auto second = table.place(key, 2, 3, waits);
    EXPECT_TRUE(second.is_free);
    EXPECT_EQ(second.lane, 3U);
}

TEST(ConflictTable, keys_on_two_lanes_make_the_change_wait_for_the_older) {
    ConflictTable table(4);
    std::vector<Dependency> waits;
    const std::vector<CausalityKey> a = {1};
    const std::vector<CausalityKey> b = {2};
    const std::vector<CausalityKey> both = {1, 2};
    (void)table.place(a, 1, 0, waits);
    (void)table.place(b, 2, 1, waits);
    const auto joined = table.place(both, 3, 3, waits);
    EXPECT_EQ(joined.lane, 1U);
    ASSERT_EQ(waits.size(), 1U);
    EXPECT_EQ(waits[0].lane, 0U);
    EXPECT_EQ(waits[0].sequence, 1U);
    waits.clear();
    EXPECT_EQ(table.place(a, 4, 3, waits).lane, 1U) << "both keys now belong to the joined change";
    EXPECT_TRUE(waits.empty());
}

TEST(ConflictTable, forgets_what_has_been_applied) {
    ConflictTable table(1);
    std::vector<Dependency> waits;
    for (Sequence sequence = 1; sequence <= 100'000; ++sequence) {
        const std::vector<CausalityKey> key = {sequence * 0x9E3779B97F4A7C15ULL};
        (void)table.place(key, sequence, 0, waits);
        table.applied(0, sequence);
    }
    EXPECT_LT(table.size(), 2000U);
}

}  // namespace
}  // namespace dm::dml
