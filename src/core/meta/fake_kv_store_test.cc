#include "core/meta/fake_kv_store.h"

#include <gtest/gtest.h>

#include "core/meta/kv_store_conformance.h"

namespace dm::meta {
namespace {

class FakeRig final : public KvStoreRig {
  public:
    KvStore& store() override { return store_; }
    void pass(std::chrono::seconds ttl) override {
        clock_.advance(ttl);
        store_.expire_leases();
    }
    void compact(Revision revision) override { store_.compact(revision); }

  private:
    ManualClock clock_;
    FakeKvStore store_{clock_};
};

INSTANTIATE_TEST_SUITE_P(Fake, KvStoreConformance,
                         testing::Values(KvStoreRigFactory([] { return std::make_unique<FakeRig>(); })));

TEST(FakeKvStoreTest, AChosenFailureBeforeDoesNothing) {
    ManualClock clock;
    FakeKvStore store(clock);
    store.fail_next(FakeKvStore::Fault::Before);
    EXPECT_THROW(store.txn({}, {PutOp{"/k", "v"}}), Error);
    EXPECT_TRUE(store.get("/k", false).items.empty());
}

TEST(FakeKvStoreTest, AChosenFailureAfterHasHappened) {
    ManualClock clock;
    FakeKvStore store(clock);
    store.fail_next(FakeKvStore::Fault::After, 2);
    EXPECT_THROW(store.txn({}, {PutOp{"/k", "v"}}), Error);
    EXPECT_THROW(static_cast<void>(store.get("/k", false)), Error);
    EXPECT_EQ(store.get("/k", false).items.size(), 1U);
}

TEST(FakeKvStoreTest, BreakingWatchesThrowsInEachOfThem) {
    ManualClock clock;
    FakeKvStore store(clock);
    RecordedWatch watch(store, "/", 1);
    store.wait_for_watchers(1);
    store.break_watches();
    const auto error = watch.wait_error();
    ASSERT_TRUE(error.has_value());
    EXPECT_EQ(error->code(), ErrorCode::HaWatch);
}

}  // namespace
}  // namespace dm::meta
