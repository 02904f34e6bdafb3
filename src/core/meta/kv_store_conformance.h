#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "core/meta/kv_store.h"
#include "core/meta/recorded_watch.h"

/// What every KvStore must do. For tests: one file of a test program includes it and instantiates KvStoreConformance.
namespace dm::meta {

/// A store under test with what only its owner can do to it.
class KvStoreRig {
  public:
    virtual ~KvStoreRig() = default;
    [[nodiscard]] virtual KvStore& store() = 0;
    /// Lets leases of up to `ttl` end; a store with real time does nothing, because its watchers wait anyway.
    virtual void pass(std::chrono::seconds ttl) = 0;
    virtual void compact(Revision revision) = 0;
};
using KvStoreRigFactory = std::function<std::unique_ptr<KvStoreRig>()>;

class KvStoreConformance : public testing::TestWithParam<KvStoreRigFactory> {
  protected:
    void SetUp() override { rig_ = GetParam()(); }

    KvStore& store() { return rig_->store(); }
    Revision put(const std::string& key, const std::string& value, LeaseId lease = 0) {
        return store().txn({}, {PutOp{key, value, lease}}).revision;
    }
    Revision erase(const std::string& key, bool is_prefix = false) {
        return store().txn({}, {DeleteOp{key, is_prefix}}).revision;
    }
    std::string text(const std::string& prefix) {
        std::string out;
        for (const auto& item : store().get(prefix, true).items) out += item.key + "=" + item.value + " ";
        return out;
    }

    std::unique_ptr<KvStoreRig> rig_;
};

TEST_P(KvStoreConformance, GetsOneKeyOrAllOfAPrefixInOrder) {
    put("/a/2", "two");
    put("/a/1", "one");
    put("/a/10", "ten");
    put("/b", std::string("\0\xff\n", 3));
    EXPECT_EQ(text("/a/"), "/a/1=one /a/10=ten /a/2=two ");
    ASSERT_EQ(store().get("/a/1", false).items.size(), 1U);
    EXPECT_EQ(store().get("/a/1", false).items[0].value, "one");
    EXPECT_EQ(store().get("/b", false).items[0].value, std::string("\0\xff\n", 3));
    EXPECT_TRUE(store().get("/a", false).items.empty());
    EXPECT_EQ(store().get("/", true).items.size(), 4U);
}

TEST_P(KvStoreConformance, KnowsRevisions) {
    const Revision first = put("/k", "1");
    const Revision second = put("/k", "2");
    EXPECT_EQ(second, first + 1);
    const auto read = store().get("/k", false);
    EXPECT_EQ(read.revision, second);
    EXPECT_EQ(read.items[0].created, first);
    EXPECT_EQ(read.items[0].modified, second);
    erase("/k");
    const Revision again = put("/k", "3");
    EXPECT_EQ(store().get("/k", false).items[0].created, again);
}

TEST_P(KvStoreConformance, ReadsSeveralPlacesAtOneRevision) {
    put("/a/1", "x");
    const Revision last = put("/b", "y");
    const auto reads = store().get_many({{"/a/", true}, {"/b", false}, {"/none", false}});
    ASSERT_EQ(reads.size(), 3U);
    EXPECT_EQ(reads[0].items.size(), 1U);
    EXPECT_EQ(reads[1].items[0].value, "y");
    EXPECT_TRUE(reads[2].items.empty());
    for (const auto& read : reads) EXPECT_EQ(read.revision, last);
}

TEST_P(KvStoreConformance, WritesAllOrNothing) {
    put("/old/1", "x");
    put("/old/2", "x");
    const Revision seen = put("/guard", "x");
    const auto done = store().txn({{"/guard", seen}, {"/absent", 0}}, {PutOp{"/new", "n"}, DeleteOp{"/old/", true}});
    EXPECT_TRUE(done.succeeded);
    EXPECT_EQ(done.revision, seen + 1);
    EXPECT_EQ(text("/"), "/guard=x /new=n ");

    const auto refused = store().txn({{"/guard", seen}, {"/new", 0}}, {PutOp{"/guard", "y"}, PutOp{"/other", "o"}});
    EXPECT_FALSE(refused.succeeded);
    EXPECT_EQ(refused.revision, done.revision);
    EXPECT_EQ(text("/"), "/guard=x /new=n ");
}

TEST_P(KvStoreConformance, RefusesToWriteAKeyTwiceInOneTransaction) {
    EXPECT_THROW(store().txn({}, {PutOp{"/k", "1"}, PutOp{"/k", "2"}}), Error);
    EXPECT_THROW(store().txn({}, {PutOp{"/k/1", "1"}, DeleteOp{"/k/", true}}), Error);
    EXPECT_EQ(text("/"), "");
}

TEST_P(KvStoreConformance, DeletingNothingWritesNothing) {
    const Revision before = put("/k", "1");
    EXPECT_EQ(erase("/none"), before);
    EXPECT_EQ(store().get("/k", false).revision, before);
}

TEST_P(KvStoreConformance, ReplaysHistoryAndFollowsTheLiveStore) {
    const Revision start = put("/w/a", "1");
    put("/other", "x");
    erase("/w/a");
    RecordedWatch watch(store(), "/w/", start);
    watch.wait(2);
    put("/w/b", "2");
    const auto events = watch.wait(3);
    ASSERT_EQ(events.size(), 3U);
    EXPECT_EQ(events[0].kind, WatchEvent::Kind::Put);
    EXPECT_EQ(events[0].item.value, "1");
    EXPECT_EQ(events[0].item.modified, start);
    EXPECT_EQ(events[1].kind, WatchEvent::Kind::Delete);
    EXPECT_EQ(events[1].item.key, "/w/a");
    EXPECT_EQ(events[1].item.value, "1");
    EXPECT_EQ(events[1].item.modified, start + 2);
    EXPECT_EQ(events[2].item.key, "/w/b");
    EXPECT_EQ(events[2].item.modified, start + 3);
    watch.request_stop();
    EXPECT_EQ(watch.wait_end(), WatchEnd::Stopped);
}

TEST_P(KvStoreConformance, EventsOfOneTransactionComeInOneCall) {
    const Revision start = put("/w/a", "1");
    RecordedWatch watch(store(), "/w/", start + 1);
    store().txn({}, {PutOp{"/w/b", "2"}, PutOp{"/w/c", "3"}, DeleteOp{"/w/a", false}});
    const auto events = watch.wait(3);
    ASSERT_EQ(events.size(), 3U);
    for (const auto& event : events) EXPECT_EQ(event.item.modified, start + 1);
    EXPECT_EQ(watch.batch_sizes(), std::vector<std::size_t>{3});
}

TEST_P(KvStoreConformance, AnEqualPutIsAnEventToo) {
    const Revision start = put("/w", "same");
    RecordedWatch watch(store(), "/w", start + 1);
    put("/w", "same");
    EXPECT_EQ(watch.wait(1)[0].item.modified, start + 1);
}

TEST_P(KvStoreConformance, AWatchFromForgottenHistoryEndsAsCompacted) {
    const Revision start = put("/w", "1");
    put("/w", "2");
    const Revision last = put("/w", "3");
    rig_->compact(last);
    RecordedWatch from_start(store(), "/w", start);
    EXPECT_EQ(from_start.wait_end(), WatchEnd::Compacted);
    RecordedWatch from_last(store(), "/w", last);
    EXPECT_EQ(from_last.wait(1)[0].item.value, "3");
}

TEST_P(KvStoreConformance, KeysGoWithTheirLease) {
    const LeaseId lease = store().grant_lease(std::chrono::seconds(60));
    EXPECT_NE(lease, 0);
    const Revision last = put("/l/1", "x", lease);
    put("/l/2", "x", lease);
    put("/l/3", "x");
    EXPECT_EQ(store().get("/l/1", false).items[0].lease, lease);
    EXPECT_TRUE(store().keep_alive(lease));
    RecordedWatch watch(store(), "/l/", last + 3);
    store().revoke_lease(lease);
    EXPECT_EQ(text("/l/"), "/l/3=x ");
    const auto events = watch.wait(2);
    EXPECT_EQ(events[0].kind, WatchEvent::Kind::Delete);
    EXPECT_FALSE(store().keep_alive(lease));
    store().revoke_lease(lease);
    EXPECT_THROW(put("/l/4", "x", lease), Error);
}

TEST_P(KvStoreConformance, AKeyPutUnderAnotherLeaseSurvivesTheFirst) {
    const LeaseId first = store().grant_lease(std::chrono::seconds(60));
    const LeaseId second = store().grant_lease(std::chrono::seconds(60));
    put("/k", "x", first);
    put("/k", "x", second);
    store().revoke_lease(first);
    EXPECT_EQ(text("/k"), "/k=x ");
    store().revoke_lease(second);
    EXPECT_EQ(text("/k"), "");
}

TEST_P(KvStoreConformance, ALeaseThatIsNotExtendedEnds) {
    const LeaseId lease = store().grant_lease(std::chrono::seconds(2));
    const Revision last = put("/k", "x", lease);
    RecordedWatch watch(store(), "/k", last + 1);
    rig_->pass(std::chrono::seconds(2));
    EXPECT_EQ(watch.wait(1)[0].kind, WatchEvent::Kind::Delete);
    EXPECT_FALSE(store().keep_alive(lease));
}

}  // namespace dm::meta
