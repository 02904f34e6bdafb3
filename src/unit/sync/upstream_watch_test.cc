#include "unit/sync/upstream_watch.h"

#include <atomic>
#include <future>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/step.h"

namespace dm::sync {
namespace {

model::Location at(std::uint64_t offset) {
    return {.position = {.file = "bin.000001", .offset = offset}, .gtid_set = {}};
}

TEST(UpstreamWatchTest, FreshIsAskedForAfterTheCall) {
    UpstreamWatch watch;
    std::atomic<std::uint64_t> now = 100;
    Step step(
        "watch", [&](std::stop_token stop) { watch.run(stop, [&] { return at(now); }); }, [](const Error&) {});
    for (now = 200; now < 210; ++now) {
        const std::uint64_t written = now;
        // The thread may not have begun.
        model::Location seen = watch.fresh();
        while (seen.is_zero()) seen = watch.fresh();
        EXPECT_GE(seen.position.offset, written);
    }
}

TEST(UpstreamWatchTest, AQuestionThatFailsMakesItUnknown) {
    UpstreamWatch watch;
    watch.set(at(100));
    std::atomic<bool> has_asked = false;
    Step step(
        "watch",
        [&](std::stop_token stop) {
            watch.run(stop, [&]() -> model::Location {
                has_asked = true;
                throw Error(ErrorCode::DbBadConnection, "gone");
            });
        },
        [](const Error&) {});
    while (!has_asked) static_cast<void>(watch.fresh());
    EXPECT_TRUE(watch.fresh().is_zero());
}

/// The server hangs: nobody waits for it longer than for one question, and nothing old is told as new.
TEST(UpstreamWatchTest, AnUpstreamThatDoesNotAnswerIsUnknownUntilItDoes) {
    UpstreamWatch watch({.every = std::chrono::hours(1), .patience = std::chrono::milliseconds(1)});
    watch.set(at(100));
    std::promise<void> answers;
    const std::shared_future<void> answer = answers.get_future().share();
    std::atomic<bool> has_asked = false;
    Step step(
        "watch",
        [&](std::stop_token stop) {
            watch.run(stop, [&] {
                has_asked = true;
                answer.wait();
                return at(200);
            });
        },
        [](const Error&) {});
    while (!has_asked) static_cast<void>(watch.fresh());
    EXPECT_TRUE(watch.fresh().is_zero());
    EXPECT_TRUE(watch.fresh().is_zero());
    answers.set_value();
    while (watch.fresh().is_zero()) continue;
    EXPECT_EQ(watch.last(), at(200));
}

TEST(UpstreamWatchTest, WhatIsKnownFromBeforeIsNotFresh) {
    UpstreamWatch watch;
    watch.set(at(7));
    EXPECT_TRUE(watch.fresh().is_zero());
    EXPECT_EQ(watch.last(), at(7));
}

TEST(UpstreamWatchTest, WhenItIsOverTheLastKnownIsGiven) {
    UpstreamWatch watch;
    watch.set(at(7));
    std::stop_source stop;
    stop.request_stop();
    watch.run(stop.get_token(), [] { return at(8); });
    EXPECT_EQ(watch.fresh(), at(7));
}

}  // namespace
}  // namespace dm::sync
