#include "core/checkpoint/watermark.h"

#include <gtest/gtest.h>

namespace dm::checkpoint {
namespace {

Boundary at(Sequence sequence, std::uint64_t offset, std::uint32_t timestamp = 0) {
    return {.sequence = sequence,
            .location = {.position = {"bin.1", offset}, .gtid_set = model::GtidSet()},
            .timestamp = timestamp};
}

std::uint64_t offset_of(const WatermarkTracker& tracker) {
    return tracker.watermark() ? tracker.watermark()->location.position.offset : 0;
}

TEST(WatermarkTracker, stays_below_the_slowest_lane) {
    WatermarkTracker tracker(2);
    tracker.hand_out(0, 1);
    tracker.hand_out(1, 2);
    tracker.add_boundary(at(2, 100));
    tracker.hand_out(0, 3);
    tracker.add_boundary(at(3, 200));
    EXPECT_FALSE(tracker.advance());
    tracker.apply(0, 3);
    EXPECT_FALSE(tracker.advance()) << "lane 1 has not applied change 2";
    tracker.apply(1, 2);
    EXPECT_TRUE(tracker.advance());
    EXPECT_EQ(offset_of(tracker), 200U);
    EXPECT_TRUE(tracker.is_drained());
}

TEST(WatermarkTracker, boundary_inside_what_is_applied_is_passed_first) {
    WatermarkTracker tracker(2);
    tracker.hand_out(0, 1);
    tracker.add_boundary(at(1, 100));
    tracker.hand_out(0, 2);
    tracker.add_boundary(at(2, 200));
    tracker.apply(0, 1);
    EXPECT_TRUE(tracker.advance());
    EXPECT_EQ(offset_of(tracker), 100U);
    EXPECT_TRUE(tracker.has_pending());
}

TEST(WatermarkTracker, transactions_without_changes_move_it) {
    WatermarkTracker tracker(1);
    tracker.add_boundary(at(0, 100));
    EXPECT_TRUE(tracker.advance());
    EXPECT_EQ(offset_of(tracker), 100U);
    EXPECT_FALSE(tracker.advance());
}

TEST(WatermarkTracker, a_failed_lane_holds_it_for_ever_and_memory_stays_bounded) {
    WatermarkTracker tracker(2);
    tracker.hand_out(0, 1);
    tracker.add_boundary(at(1, 100, 50));
    for (std::uint64_t offset = 200; offset < 100'000; offset += 100) tracker.add_boundary(at(1, offset, 60));
    EXPECT_FALSE(tracker.advance());
    ASSERT_NE(tracker.oldest_pending(), nullptr);
    EXPECT_EQ(tracker.oldest_pending()->timestamp, 50U);
    tracker.apply(0, 1);
    EXPECT_TRUE(tracker.advance());
    EXPECT_EQ(offset_of(tracker), 99'900U);
}

}  // namespace
}  // namespace dm::checkpoint
