#include "io/etcd/etcd_kv_store.h"

#include <csignal>

#include <gtest/gtest.h>

#include "core/meta/election.h"
#include "core/meta/kv_store_conformance.h"
#include "io/etcd/etcd_fixture.h"
#include "io/etcd/etcd_member_list.h"
#include "io/rpc/rpc_server.h"

namespace dm::etcd {
namespace {

using meta::KvStoreConformance;
using meta::PutOp;
using meta::RecordedWatch;

/// One etcd for the whole program: starting one takes a second.
TestEtcd& shared_etcd() {
    static TestEtcd etcd;
    return etcd;
}

/// A master's port in front of that etcd.
class Front {
  public:
    Front() { server_.start(); }
    [[nodiscard]] std::string target() const { return fmt::format("127.0.0.1:{}", server_.port()); }

  private:
    rpc::RpcServer server_{{.listen = "127.0.0.1:0", .tls = {}, .etcd_target = shared_etcd().target()}, {}, {}};
};

class EtcdRig final : public meta::KvStoreRig {
  public:
    explicit EtcdRig(bool is_forwarded) {
        if (is_forwarded) front_ = std::make_unique<Front>();
        store_ = std::make_unique<EtcdKvStore>(
            EtcdOptions{.endpoints = {is_forwarded ? front_->target() : shared_etcd().target()}});
        clear(*store_);
    }
    meta::KvStore& store() override { return *store_; }
    void pass(std::chrono::seconds /*ttl*/) override {}
    void compact(meta::Revision revision) override { store_->compact(revision); }

  private:
    std::unique_ptr<Front> front_;
    std::unique_ptr<EtcdKvStore> store_;
};

INSTANTIATE_TEST_SUITE_P(Direct, KvStoreConformance,
                         testing::Values(meta::KvStoreRigFactory([] { return std::make_unique<EtcdRig>(false); })));
INSTANTIATE_TEST_SUITE_P(Forwarded, KvStoreConformance,
                         testing::Values(meta::KvStoreRigFactory([] { return std::make_unique<EtcdRig>(true); })));

TEST(EtcdKvStoreTest, UsesTheFirstEndpointThatAnswers) {
    EtcdKvStore store({.endpoints = {"127.0.0.1:1", "http://127.0.0.1:2", "http://" + shared_etcd().target()}});
    clear(store);
    EXPECT_TRUE(store.txn({}, {PutOp{"/k", "v"}}).succeeded);
    store.set_endpoints({shared_etcd().target()});
    EXPECT_EQ(store.get("/k", false).items.size(), 1U);
}

TEST(EtcdKvStoreTest, SaysWhichEndpointsDidNotAnswer) {
    EtcdKvStore store({.endpoints = {"127.0.0.1:1"}, .request_timeout = std::chrono::milliseconds(200)});
    try {
        static_cast<void>(store.get("/k", false));
        ADD_FAILURE() << "read from nowhere";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::HaTxn);
        EXPECT_EQ(error.retry_class(), RetryClass::Resume);
        EXPECT_NE(error.message().find("127.0.0.1:1"), std::string::npos);
    }
}

TEST(EtcdKvStoreTest, AWatchWithoutAnyEndpointGivesUp) {
    EtcdKvStore store({.endpoints = {"127.0.0.1:1"}, .watch_patience = std::chrono::milliseconds(200)});
    RecordedWatch watch(store, "/", 1);
    const auto error = watch.wait_error();
    ASSERT_TRUE(error.has_value());
    EXPECT_EQ(error->code(), ErrorCode::HaWatch);
}

TEST(EtcdKvStoreTest, AWatchGoesOnAfterEtcdWasKilled) {
    TestEtcd etcd;
    EtcdKvStore store({.endpoints = {etcd.target()}});
    const auto start = store.txn({}, {PutOp{"/w/1", "before"}}).revision;
    RecordedWatch watch(store, "/w/", start);
    watch.wait(1);
    ::kill(etcd.child().pid(), SIGKILL);
    // Read first: reads wait for etcd to come back, a write would not.
    EXPECT_EQ(store.get("/w/1", false).items.size(), 1U);
    store.txn({}, {PutOp{"/w/2", "after"}});
    const auto events = watch.wait(2);
    ASSERT_EQ(events.size(), 2U);
    EXPECT_EQ(events[1].item.value, "after");
    EXPECT_EQ(etcd.child().restarts(), 1);
}

TEST(EtcdKvStoreTest, ElectionsWork) {
    EtcdKvStore store({.endpoints = {shared_etcd().target()}});
    clear(store);
    SystemClock clock;
    meta::Election election(store, clock, {.self = {"m1", "127.0.0.1:1"}, .ttl = std::chrono::seconds(5)});
    std::stop_source stop;
    election.run(stop.get_token(), [&](std::stop_token) {
        EXPECT_TRUE(election.is_leader());
        EXPECT_EQ(meta::oldest_candidate(store.get("/dm-master/leader/", true))->id, "m1");
        stop.request_stop();
    });
    EXPECT_FALSE(election.is_leader());
    EXPECT_TRUE(store.get("/dm-master/leader/", true).items.empty());
}

TEST(EtcdMemberListTest, ListsTheOnlyMember) {
    EtcdMemberList members({.endpoints = {shared_etcd().target()}});
    const auto list = members.list();
    ASSERT_EQ(list.size(), 1U);
    EXPECT_EQ(list[0].name, "test");
    EXPECT_NE(list[0].id, 0U);
    EXPECT_EQ(list[0].client_urls, std::vector<std::string>{"http://" + shared_etcd().target()});
}

}  // namespace
}  // namespace dm::etcd
