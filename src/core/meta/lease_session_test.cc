#include "core/meta/lease_session.h"

#include <semaphore>
#include <thread>

#include <gtest/gtest.h>

#include "base/guarded.h"
#include "base/step.h"
#include "core/meta/fake_kv_store.h"
#include "core/meta/recorded_watch.h"

namespace dm::meta {
namespace {

using std::chrono::seconds;

/// Extends a lease at once but says so only when told.
class SlowStore final : public KvStore {
  public:
    explicit SlowStore(KvStore& store) : store_(store) {}
    GetResult get(std::string_view key, bool is_prefix) override { return store_.get(key, is_prefix); }
    std::vector<GetResult> get_many(const std::vector<ReadOp>& reads) override { return store_.get_many(reads); }
    TxnResult txn(const std::vector<Compare>& conditions, const std::vector<WriteOp>& writes) override {
        return store_.txn(conditions, writes);
    }
    LeaseId grant_lease(std::chrono::seconds ttl) override { return store_.grant_lease(ttl); }
    bool keep_alive(LeaseId lease) override {
        const bool is_alive = store_.keep_alive(lease);
        asked.release();
        answer.acquire();
        return is_alive;
    }
    void revoke_lease(LeaseId lease) override { store_.revoke_lease(lease); }
    WatchEnd watch(std::string_view prefix, Revision from, std::stop_token stop, const WatchSink& sink) override {
        return store_.watch(prefix, from, std::move(stop), sink);
    }

    std::binary_semaphore asked{0};
    std::binary_semaphore answer{0};

  private:
    KvStore& store_;
};

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

TEST_F(LeaseSessionTest, TakesUpTheLeaseThatAStoreBroughtBack) {
    Step step = start();
    clock_.wait_for_sleepers(1);
    const auto before = store_.get("/k", false);
    store_.go_down();
    while (!failure_.copy().has_value()) {
        clock_.advance(seconds(1));
        std::this_thread::yield();
    }
    step.join();
    EXPECT_EQ(failure_.copy()->code(), ErrorCode::HaKeepAlive);
    clock_.advance(seconds(600));
    store_.come_back();

    RecordedWatch watch(store_, "/k", before.revision + 1);
    Step again = start();
    const auto events = watch.wait(1);
    EXPECT_EQ(events.at(0).kind, WatchEvent::Kind::Put);
    EXPECT_EQ(events.at(0).item.lease, before.items.at(0).lease);
    clock_.wait_for_sleepers(1);
    clock_.advance(seconds(10));
    clock_.wait_for_sleepers(1);
    clock_.advance(seconds(29));
    EXPECT_EQ(store_.get("/k", false).items.size(), 1U);
}

TEST_F(LeaseSessionTest, ALeaseThatEndedMeanwhileIsFollowedByAnother) {
    Step step = start();
    clock_.wait_for_sleepers(1);
    const LeaseId lease = store_.get("/k", false).items.at(0).lease;
    store_.fail_next(FakeKvStore::Fault::Before, 1'000'000);
    while (!failure_.copy().has_value()) {
        clock_.advance(seconds(1));
        std::this_thread::yield();
    }
    step.join();
    clock_.advance(seconds(30));
    store_.fail_next(FakeKvStore::Fault::Before, 0);
    Step again = start();
    clock_.wait_for_sleepers(1);
    EXPECT_NE(store_.get("/k", false).items.at(0).lease, lease);
}

TEST_F(LeaseSessionTest, AnAnswerAfterTheEndCountsNoMore) {
    SlowStore slow(store_);
    LeaseSession session(slow, clock_, {.key = "/slow", .value = "v", .ttl = seconds(30)});
    EXPECT_FALSE(session.end_if_overdue());
    Step step(
        "session", [&](std::stop_token stop) { session.run(stop, {}); },
        [this](const Error& error) { failure_.set(error); });
    clock_.wait_for_sleepers(1);
    EXPECT_FALSE(session.end_if_overdue());
    clock_.advance(seconds(10));
    slow.asked.acquire();
    clock_.advance(seconds(20));
    EXPECT_TRUE(session.end_if_overdue());
    EXPECT_FALSE(session.end_if_overdue());
    slow.answer.release();
    step.join();
    ASSERT_TRUE(failure_.copy());
    EXPECT_EQ(failure_.copy()->code(), ErrorCode::HaKeepAlive);
    EXPECT_EQ(store_.get("/slow", false).items.size(), 1U) << "the next run may take it up";
}

TEST_F(LeaseSessionTest, DestructionGivesTheLeaseBack) {
    {
        LeaseSession other(store_, clock_, {.key = "/other", .value = "v", .ttl = seconds(30)});
        Step step(
            "session", [&](std::stop_token stop) { other.run(stop, {}); },
            [this](const Error& error) { failure_.set(error); });
        clock_.wait_for_sleepers(1);
        store_.go_down();
        while (!failure_.copy()) {
            clock_.advance(seconds(1));
            std::this_thread::yield();
        }
        step.join();
        store_.come_back();
        EXPECT_EQ(store_.get("/other", false).items.size(), 1U);
    }
    EXPECT_TRUE(store_.get("/other", false).items.empty());
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
