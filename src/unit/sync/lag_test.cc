#include "unit/sync/lag.h"

#include <gtest/gtest.h>

#include "unit/sync/progress.h"

namespace dm::sync {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

checkpoint::Boundary boundary(dml::Sequence sequence, std::uint32_t timestamp, std::uint64_t committed_us) {
    return {.sequence = sequence, .location = {}, .timestamp = timestamp, .committed_us = committed_us};
}

TEST(LagOf, ToTheMicrosecondWhereTheEventSays) {
    EXPECT_EQ(lag_of(boundary(1, 100, 100'250'000), microseconds(100'253'500)), microseconds(3'500));
    EXPECT_EQ(lag_of(boundary(1, 100, 100'250'000), microseconds(100'240'000)), microseconds(0)) << "clocks differ";
}

TEST(LagOf, InWholeSecondsElse) {
    EXPECT_EQ(lag_of(boundary(1, 100, 0), microseconds(100'999'999)), seconds(0));
    EXPECT_EQ(lag_of(boundary(1, 100, 0), microseconds(103'100'000)), seconds(3));
    EXPECT_EQ(lag_of(boundary(1, 0, 0), microseconds(103'100'000)), seconds(0));
}

TEST(ProgressLags, OfWhatTheTargetHasCommittedAndOfWhatWaits) {
    ManualClock clock;
    clock.advance(seconds(100));
    Progress progress(1, clock);
    const std::vector<dml::Sequence> handed_out = {2};
    progress.add_boundary(std::vector<dml::Sequence>{1}, boundary(1, 99, 99'900'000));
    progress.add_boundary(handed_out, boundary(2, 99, 99'950'000));
    clock.advance(milliseconds(10));
    EXPECT_TRUE(progress.take_lags().empty());
    ASSERT_TRUE(progress.snapshot().oldest_pending);
    EXPECT_EQ(progress.snapshot().oldest_pending->committed_us, 99'900'000U);
    progress.apply(0, 2, 2);
    EXPECT_EQ(progress.take_lags(), (std::vector<microseconds>{milliseconds(60)})) << "of the newest it reached";
    EXPECT_TRUE(progress.take_lags().empty());
    EXPECT_FALSE(progress.snapshot().oldest_pending);
}

TEST(ProgressLags, OfWhatIsHeldUpBeforeItIsHandedOut) {
    ManualClock clock;
    Progress progress(1, clock);
    {
        const Progress::HeldUp held_up(progress, boundary(0, 90, 0));
        EXPECT_FALSE(progress.snapshot().oldest_pending) << "every event is for a moment";
        clock.advance(seconds(1));
        ASSERT_TRUE(progress.snapshot().oldest_pending);
        EXPECT_EQ(progress.snapshot().oldest_pending->timestamp, 90U);
        { const Progress::HeldUp within(progress, boundary(0, 95, 0)); }
        EXPECT_EQ(progress.snapshot().oldest_pending->timestamp, 90U);
        // What was handed out before is older.
        progress.add_boundary(std::vector<dml::Sequence>{1}, boundary(1, 80, 0));
        EXPECT_EQ(progress.snapshot().oldest_pending->timestamp, 80U);
        progress.apply(0, 1, 1);
    }
    EXPECT_FALSE(progress.snapshot().oldest_pending);
}

TEST(ProgressLags, NobodyWhoTakesThemLetsThemPileUp) {
    ManualClock clock;
    clock.advance(seconds(100));
    Progress progress(1, clock);
    for (dml::Sequence i = 1; i <= 5'000; ++i) {
        progress.add_boundary(std::vector<dml::Sequence>{i}, boundary(i, 99, 99'000'000));
        progress.apply(0, i, 1);
    }
    EXPECT_LE(progress.take_lags().size(), 1'000U);
}

}  // namespace
}  // namespace dm::sync
