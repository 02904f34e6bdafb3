#include "io/etcd/etcd_kv_store.h"

#include <csignal>

#include <gtest/gtest.h>

#include "core/meta/cluster_store.h"
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

/// More than one transaction of etcd takes, in operations and in bytes.
class ManySubtasksTest : public testing::Test {
  protected:
    static constexpr std::size_t kCount = 1500;

    void SetUp() override {
        clear(kv_);
        for (std::size_t i = 0; i < kCount; ++i)
            subtasks_.push_back({.id = {.source = model::SourceId(fmt::format("s{:04}", i)), .task = task_},
                                 .config = fmt::format("n = {}\n", i) + std::string(3000, '#'),
                                 .expect = meta::Stage::Running,
                                 .validator = {}});
    }
    static ErrorCode refusal(const std::function<void()>& write) {
        try {
            write();
        } catch (const Error& error) {
            EXPECT_EQ(error.retry_class(), RetryClass::Never) << error.what();
            return error.code();
        }
        return ErrorCode::NotSet;
    }

    const model::TaskName task_{"t"};
    SystemClock clock_;
    EtcdKvStore kv_{{.endpoints = {shared_etcd().target()}}};
    std::vector<meta::SubTaskRecord> subtasks_;
};

TEST_F(ManySubtasksTest, OneTransactionDoesNotTakeThem) {
    meta::ClusterStore too_long(kv_, clock_, {}, {.max_ops = 100'000, .max_bytes = 1U << 20U});
    auto small = subtasks_;
    for (auto& one : small) one.config.resize(8);
    EXPECT_EQ(refusal([&] { too_long.put_subtasks(small); }), ErrorCode::HaTxn);
    meta::ClusterStore too_big(kv_, clock_, {}, {.max_ops = 2048, .max_bytes = 1U << 30U});
    EXPECT_EQ(refusal([&] { too_big.put_subtasks(subtasks_); }), ErrorCode::HaTxn);
    EXPECT_TRUE(kv_.get("", true).items.empty());
}

TEST_F(ManySubtasksTest, AreWrittenChangedAndRemovedInPieces) {
    meta::ClusterStore store(kv_, clock_);
    const auto before = kv_.get("", true).revision;
    const auto after = store.put_subtasks(subtasks_);
    EXPECT_EQ(after - before, 5) << "4.5 MB in transactions of up to 1 MiB";
    auto state = store.load_all();
    ASSERT_EQ(state.subtasks.size(), kCount);
    EXPECT_EQ(state.subtask_stages.size(), kCount);
    EXPECT_TRUE(state.problems.empty());
    EXPECT_EQ(state.subtasks.at(subtasks_.back().id), subtasks_.back().config);

    std::vector<meta::SubTaskStage> stages;
    std::vector<meta::SubTaskId> ids;
    for (const auto& one : subtasks_) {
        stages.push_back({.expect = meta::Stage::Paused, .source = one.id.source, .task = one.id.task});
        ids.push_back(one.id);
    }
    EXPECT_EQ(store.set_stages(stages) - after, 1);
    state = store.load_all();
    for (const auto& id : ids) ASSERT_EQ(state.subtask_stages.at(id).expect, meta::Stage::Paused);
    EXPECT_EQ(store.delete_subtasks(ids) - after, 4) << "4,500 operations in transactions of up to 2,048";
    EXPECT_TRUE(kv_.get("", true).items.empty());
}

TEST_F(ManySubtasksTest, FitWhateverLimitEtcdWasGiven) {
    TestEtcd strict({.max_txn_ops = 128, .max_request_bytes = 64U << 10U});
    EtcdKvStore kv({.endpoints = {strict.target()}});
    meta::ClusterStore wide(kv, clock_);
    EXPECT_EQ(refusal([&] { wide.put_subtasks(subtasks_); }), ErrorCode::HaTxn);
    meta::ClusterStore store(kv, clock_, {}, {.max_ops = 128, .max_bytes = 32U << 10U});
    store.put_subtasks(subtasks_);
    EXPECT_EQ(store.load_all().subtasks.size(), kCount);
    std::vector<meta::SubTaskId> ids;
    for (const auto& one : subtasks_) ids.push_back(one.id);
    store.delete_subtasks(ids);
    EXPECT_TRUE(kv.get("", true).items.empty());
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
