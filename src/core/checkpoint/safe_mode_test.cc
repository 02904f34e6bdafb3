#include "core/checkpoint/safe_mode.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "core/checkpoint/table_points.h"

namespace dm::checkpoint {
namespace {

model::Location at(std::uint64_t offset) { return {.position = {"bin.000001", offset}, .gtid_set = model::GtidSet()}; }

TEST(SafeMode, is_off_after_an_end_in_good_order_and_for_fresh_runs) {
    EXPECT_FALSE(SafeMode::begin({.start = at(100), .recorded_exit = at(100), .upstream_now = at(900)}).is_on());
    EXPECT_FALSE(
        SafeMode::begin({.start = at(100), .recorded_exit = {}, .upstream_now = at(900), .is_fresh = true}).is_on());
}

TEST(SafeMode, lasts_until_where_the_upstream_stood_at_the_start) {
    auto mode = SafeMode::begin({.start = at(100), .recorded_exit = {}, .upstream_now = at(900)});
    EXPECT_TRUE(mode.is_on());
    EXPECT_FALSE(mode.pass(at(899)));
    EXPECT_TRUE(mode.is_on());
    EXPECT_TRUE(mode.pass(at(900)));
    EXPECT_FALSE(mode.is_on());
}

TEST(SafeMode, a_stale_exit_does_not_shorten_it) {
    const auto mode = SafeMode::begin({.start = at(100), .recorded_exit = at(200), .upstream_now = at(900)});
    ASSERT_TRUE(mode.exit());
    EXPECT_EQ(mode.exit()->position.offset, 900U);
}

TEST(SafeMode, unknown_upstream_means_the_whole_run) {
    auto mode = SafeMode::begin({.start = at(100), .recorded_exit = {}, .upstream_now = {}});
    EXPECT_FALSE(mode.pass(at(1'000'000)));
    EXPECT_TRUE(mode.is_on());
}

TEST(SafeMode, forced_mode_has_no_exit) {
    auto mode = SafeMode::begin(
        {.start = at(100), .recorded_exit = {}, .upstream_now = at(200), .is_fresh = true, .is_forced = true});
    EXPECT_FALSE(mode.pass(at(300)));
    EXPECT_TRUE(mode.is_on());
}

TEST(SafeMode, needed_but_forbidden_is_an_error) {
    try {
        (void)SafeMode::begin(
            {.start = at(100), .recorded_exit = at(200), .upstream_now = at(900), .is_allowed = false});
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::SyncSafeModeZero);
    }
}

TEST(TablePoints, a_write_that_failed_gives_back_what_it_took_unless_it_is_newer) {
    TablePoints points;
    points.set({"s", "a"}, {.location = at(1), .definition = nullptr});
    points.set({"s", "b"}, {.location = at(1), .definition = nullptr});
    points.remove({"s", "c"});
    CheckpointImage image;
    points.take(image);
    EXPECT_TRUE(points.is_empty());
    points.set({"s", "a"}, {.location = at(2), .definition = nullptr});
    points.set({"s", "c"}, {.location = at(2), .definition = nullptr});
    points.remove({"s", "b"});
    points.restore(std::move(image));
    CheckpointImage second;
    points.take(second);
    EXPECT_EQ(second.changed.at({"s", "a"}).location.position.offset, 2U);
    EXPECT_EQ(second.changed.count({"s", "b"}), 0U);
    EXPECT_EQ(second.removed, (std::set<model::TableName>{{"s", "b"}}));
}

}  // namespace
}  // namespace dm::checkpoint
