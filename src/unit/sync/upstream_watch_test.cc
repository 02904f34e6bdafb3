#include "unit/sync/upstream_watch.h"

#include <atomic>

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
        // The thread may not have begun: then the last known location is what there is.
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

TEST(UpstreamWatchTest, WithoutAThreadTheLastKnownIsGiven) {
    UpstreamWatch watch;
    watch.set(at(7));
    EXPECT_EQ(watch.fresh(), at(7));
}

}  // namespace
}  // namespace dm::sync
