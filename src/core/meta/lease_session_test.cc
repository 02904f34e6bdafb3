#include "core/meta/lease_session.h"

#include <gtest/gtest.h>

#include "base/guarded.h"
#include "base/step.h"
#include "core/meta/fake_kv_store.h"
#include "core/meta/recorded_watch.h"

namespace dm::meta {
namespace {

using std::chrono::seconds;

class LeaseSessionTest : public testing::Test {
  protected:
    Step start() {
        return {"session", [this](std::stop_token stop) { session_.run(stop, {}); },
                [this](const Error& error) { failure_.set(error); }};
    }

    ManualClock clock_;
    FakeKvStore store_{clock_};
    LeaseSession session_{store_, clock_, {.key = "/k", .value = "v", .ttl = seconds(30)}};
    Guarded<std::optional<Error>> failure_;
};

TEST_F(LeaseSessionTest, KeepsTheKeyFarLongerThanOneTtl) {
    Step step = start();
    for (int i = 0; i < 12; ++i) {
        clock_.wait_for_sleepers(1);
        clock_.advance(seconds(10));
    }
    clock_.wait_for_sleepers(1);
    EXPECT_EQ(store_.get("/k", false).items.size(), 1U);
    step.request_stop();
    step.join();
    EXPECT_TRUE(store_.get("/k", false).items.empty());
    EXPECT_FALSE(failure_.copy().has_value());
}

TEST_F(LeaseSessionTest, ThrowsWhenTheLeaseIsRevoked) {
    Step step = start();
    clock_.wait_for_sleepers(1);
    store_.revoke_lease(store_.get("/k", false).items.at(0).lease);
    clock_.advance(seconds(10));
    step.join();
    ASSERT_TRUE(failure_.copy().has_value());
    EXPECT_EQ(failure_.copy()->code(), ErrorCode::HaKeepAlive);
}

TEST_F(LeaseSessionTest, SurvivesFailuresShorterThanTheTtl) {
    Step step = start();
    clock_.wait_for_sleepers(1);
    store_.fail_next(FakeKvStore::Fault::Before, 3);
    for (int i = 0; i < 4; ++i) {
        clock_.advance(i == 0 ? seconds(10) : seconds(3));
        clock_.wait_for_sleepers(1);
    }
    EXPECT_EQ(store_.get("/k", false).items.size(), 1U);
    EXPECT_FALSE(failure_.copy().has_value());
}

TEST_F(LeaseSessionTest, ThrowsNoLaterThanTheTtl) {
    Step step = start();
    clock_.wait_for_sleepers(1);
    store_.fail_next(FakeKvStore::Fault::Before, 1000);
    clock_.advance(seconds(10));
    for (int i = 0; i < 6; ++i) {
        clock_.wait_for_sleepers(1);
        clock_.advance(seconds(3));
    }
    clock_.wait_for_sleepers(1);
    EXPECT_FALSE(failure_.copy().has_value());
    clock_.advance(seconds(3));
    step.join();
    ASSERT_TRUE(failure_.copy().has_value());
    EXPECT_EQ(failure_.copy()->code(), ErrorCode::HaKeepAlive);
}

TEST_F(LeaseSessionTest, AnotherTtlIsAPutWithoutADelete) {
    Step step = start();
    clock_.wait_for_sleepers(1);
    const auto before = store_.get("/k", false);
    session_.change_ttl(seconds(1800));
    RecordedWatch watch(store_, "/k", before.revision + 1);
    const auto events = watch.wait(1);
    EXPECT_EQ(events.at(0).kind, WatchEvent::Kind::Put);
    EXPECT_NE(events.at(0).item.lease, before.items.at(0).lease);
    clock_.wait_for_sleepers(1);
    clock_.advance(seconds(599));
    EXPECT_EQ(store_.get("/k", false).items.size(), 1U);
}

}  // namespace
}  // namespace dm::meta
