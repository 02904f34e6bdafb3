#include "unit/copy/writer_pace.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace dm::copy {
namespace {

/// Numbers that were allowed while a target worked that executes so many statements per second with that many writers.
std::vector<int> run(WriterPace& pace, ManualClock& clock, const std::function<double(int)>& speed, int statements,
                     std::size_t bytes = 100'000) {
    std::vector<int> allowed;
    for (int i = 0; i < statements; ++i) {
        const double seconds = 1 / speed(pace.allowed());
        clock.advance(std::chrono::nanoseconds(std::llround(seconds * 1e9)));
        pace.written(bytes);
        allowed.push_back(pace.allowed());
    }
    return allowed;
}

TEST(WriterPace, AllWritersWorkWhereEachOfThemAddsToTheSpeed) {
    ManualClock clock;
    WriterPace pace(16, clock);
    const auto far_away = [](int writers) { return 10.0 * writers; };
    run(pace, clock, far_away, 1000);
    const auto late = run(pace, clock, far_away, 2000);
    EXPECT_GT(std::ranges::count(late, 16), 1500) << "fewer are only tried";
}

TEST(WriterPace, FewWorkWhereTheyGetInEachOthersWay) {
    ManualClock clock;
    WriterPace pace(16, clock);
    const auto small = [](int writers) { return writers <= 2 ? 50.0 * writers : 100.0 / std::sqrt(writers / 2.0); };
    run(pace, clock, small, 1000);
    const auto late = run(pace, clock, small, 2000);
    EXPECT_GT(std::ranges::count(late, 2), 1500);
}

TEST(WriterPace, WhatMakesNoDifferenceIsLeftAlone) {
    ManualClock clock;
    WriterPace pace(16, clock);
    const auto numbers = run(
        pace, clock, [](int) { return 100.0; }, 10000);
    EXPECT_GT(std::ranges::count(numbers, 4), 9000);
}

TEST(WriterPace, FollowsATargetThatChanges) {
    ManualClock clock;
    WriterPace pace(8, clock);
    run(
        pace, clock, [](int writers) { return 10.0 * writers; }, 2000);
    run(
        pace, clock, [](int writers) { return 200.0 / writers; }, 20000);
    EXPECT_LE(pace.allowed(), 2);
}

TEST(WriterPace, FewWriteSmallStatementsWhateverTheirSpeed) {
    ManualClock clock;
    WriterPace pace(16, clock);
    const auto far_away = [](int writers) { return 10.0 * writers; };
    run(pace, clock, far_away, 3000);
    run(pace, clock, far_away, 300, 700);
    for (const int allowed : run(pace, clock, far_away, 3000, 700)) ASSERT_EQ(allowed, 4);
    run(pace, clock, far_away, 1000);
    const auto late = run(pace, clock, far_away, 2000);
    EXPECT_GT(std::ranges::count(late, 16), 1500) << "the rows of large tables again";
}

TEST(WriterPace, NeverMoreThanThereAreNorFewerThanOne) {
    ManualClock clock;
    WriterPace pace(1, clock);
    for (const int allowed : run(
             pace, clock, [](int) { return 100.0; }, 1000))
        ASSERT_EQ(allowed, 1);
}

TEST(WriterPace, OneMoreWaitsForATurn) {
    ManualClock clock;
    WriterPace pace(1, clock);
    std::optional<WriterPace::Turn> first = pace.enter({});
    std::stop_source stop;
    stop.request_stop();
    EXPECT_FALSE(pace.enter(stop.get_token()).has_value());
    std::jthread other([&] { EXPECT_TRUE(pace.enter({}).has_value()); });
    first.reset();
    other.join();
    EXPECT_TRUE(pace.enter({}).has_value());
}

}  // namespace
}  // namespace dm::copy
