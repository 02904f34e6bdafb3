#include "app/master/leadership.h"

#include <thread>

#include <gtest/gtest.h>

#include "app/master/scheduler_fixture.h"

namespace dm::master {
namespace {

using meta::ClusterVersion;

TEST(LeadershipTest, VersionsOfTheStore) {
    EXPECT_TRUE(is_outdated(std::nullopt));
    EXPECT_TRUE(is_outdated(ClusterVersion{.internal_no = 0, .release = "min-ver"}));
    EXPECT_TRUE(is_outdated(ClusterVersion{.internal_no = 3, .release = "v2.1.0"}));
    EXPECT_FALSE(is_outdated(ClusterVersion{.internal_no = ClusterVersion::kCurrent, .release = "v8.1.0"}));
    EXPECT_FALSE(is_outdated(ClusterVersion{.internal_no = 9, .release = "later"}));
    for (const std::uint64_t number : {1U, 2U}) {
        EXPECT_EQ(code_of([&] { (void)is_outdated(ClusterVersion{.internal_no = number, .release = "v2.0.0"}); }),
                  ErrorCode::ConfigFeatureMissing);
    }
}

TEST(LeadershipTest, ALeaderRecoversAndWritesItsVersion) {
    log::configure({.level = "fatal"});
    SystemClock clock;
    meta::FakeKvStore kv(clock);
    metrics::Registry registry;
    MasterMetrics metrics(registry, clock);
    Leadership leadership(kv, clock, metrics,
                          {.self = {.id = "m1", .addr = "m1:8261"}, .ttl = std::chrono::seconds(60)});
    leadership.start();
    while (!leadership.view().scheduler) std::this_thread::yield();
    EXPECT_EQ(leadership.view().scheduler->store().get_version()->internal_no, ClusterVersion::kCurrent);
    leadership.stop();
    EXPECT_EQ(leadership.view().scheduler, nullptr);
}

}  // namespace
}  // namespace dm::master
