#include "core/meta/cluster_store.h"

#include <gtest/gtest.h>

#include "base/step.h"
#include "core/meta/fake_kv_store.h"
#include "core/meta/keys.h"

namespace dm::meta {
namespace {

using model::SourceId;
using model::TaskName;
using model::WorkerName;

class ClusterStoreTest : public testing::Test {
  protected:
    std::string keys_under(std::string_view prefix) {
        std::string out;
        for (const auto& item : kv_.get(prefix, true).items) out += item.key + " ";
        return out;
    }

    const SourceId s1{"s1"};
    const SourceId s2{"s2"};
    const WorkerName w1{"w1"};
    const WorkerName w2{"w2"};
    const TaskName t1{"t1"};
    ManualClock clock_;
    FakeKvStore kv_{clock_};
    ClusterStore store_{kv_, clock_};
};

TEST_F(ClusterStoreTest, ReadsEverythingBackAtOneRevision) {
    store_.put_version({4, "v1"});
    store_.put_worker({w1, "a:1"});
    store_.put_source(s1, "source-id = 's1'", Stage::Running);
    store_.put_bounds({{s1, w1}});
    store_.put_relay_workers({w2}, s1);
    store_.put_subtasks({{{s1, t1}, "toml", Stage::Running, Stage::Stopped}});
    store_.put_load_task({s1, t1}, w1);
    kv_.txn({}, {PutOp{keys::keep_alive(w1), to_text(KeepAlive{w1, "now"})}});

    const ClusterState state = store_.load_all();
    EXPECT_TRUE(state.problems.empty());
    EXPECT_EQ(state.sources.at(s1), "source-id = 's1'");
    EXPECT_EQ(state.relay_stages.at(s1).expect, Stage::Running);
    EXPECT_EQ(state.subtasks.at({s1, t1}), "toml");
    EXPECT_EQ(state.subtask_stages.at({s1, t1}).expect, Stage::Running);
    EXPECT_EQ(state.validator_stages.at({s1, t1}).expect, Stage::Stopped);
    EXPECT_EQ(state.relay_workers.at(w2), s1);
    EXPECT_EQ(state.load_tasks.at({s1, t1}), w1);
    EXPECT_EQ(state.workers.at(w1).addr, "a:1");
    EXPECT_EQ(state.bounds.at(w1).source, s1);
    EXPECT_EQ(state.last_bounds.at(w1).source, s1);
    EXPECT_EQ(state.alive.at(w1).join_time, "now");
    EXPECT_EQ(state.version->internal_no, 4U);
    EXPECT_EQ(state.revision, kv_.get("/", true).revision);
}

TEST_F(ClusterStoreTest, BadRecordsAreReportedAndDoNotStopTheRest) {
    store_.put_source(s1, "x");
    kv_.txn({}, {PutOp{keys::bound(w1), "{"}, PutOp{"/dm-worker/r/xyz", "{}"}});
    const ClusterState state = store_.load_all();
    EXPECT_EQ(state.sources.size(), 1U);
    EXPECT_TRUE(state.bounds.empty());
    ASSERT_EQ(state.problems.size(), 2U);
    EXPECT_NE(state.problems[0].message().find("/dm-worker/r/xyz"), std::string::npos);
}

TEST_F(ClusterStoreTest, WhatBelongsTogetherIsOneTransaction) {
    store_.put_source(s1, "x", Stage::Running);
    const Revision bound = store_.put_bounds({{s1, w1}}, Stage::Running);
    for (const auto& key : {keys::bound(w1), keys::last_bound(w1), keys::relay_stage(s1)})
        EXPECT_EQ(kv_.get(key, false).items.at(0).modified, bound) << key;

    const Revision moved = store_.replace_bound(w1, {s1, w2});
    EXPECT_TRUE(kv_.get(keys::bound(w1), false).items.empty());
    EXPECT_EQ(kv_.get(keys::bound(w2), false).items.at(0).modified, moved);
    EXPECT_EQ(kv_.get(keys::last_bound(w1), false).items.size(), 1U);

    store_.delete_source(s1, w2);
    EXPECT_EQ(keys_under("/dm-master/"), keys::last_bound(w1) + " ");
}

TEST_F(ClusterStoreTest, DeletingSubtasksTakesAllTheirKeys) {
    store_.put_subtasks({{{s1, t1}, "a", Stage::Running, Stage::Running}, {{s2, t1}, "b", Stage::Paused, {}}});
    store_.delete_subtasks({{s1, t1}});
    EXPECT_EQ(keys_under("/"), keys::subtask_stage(s2, t1) + " " + keys::subtask(s2, t1) + " ");
}

TEST_F(ClusterStoreTest, RemoveMetaForgetsOneTaskOnly) {
    const TaskName t2("t2");
    for (const auto& task : {t1, t2}) {
        store_.put_load_task({s1, task}, w1);
        store_.put_load_barrier({{s1, task}}, LoadBarrier::NotReady);
        store_.put_task_arguments({{s1, task}}, {"now", "", ""});
    }
    store_.delete_task_leftovers(t1);
    EXPECT_FALSE(store_.get_task_arguments({s1, t1}).has_value());
    EXPECT_EQ(store_.get_task_arguments({s1, t2})->start_time, "now");
    EXPECT_TRUE(store_.load_barrier(t1).empty());
    EXPECT_EQ(store_.load_barrier(t2).at(s1), LoadBarrier::NotReady);
}

TEST_F(ClusterStoreTest, AWriteIsRepeatedUntilItSucceeds) {
    kv_.fail_next(FakeKvStore::Fault::After, 4);
    Step writer(
        "writer",
        [&](std::stop_token) {
            store_.put_worker({w1, "a:1"});
        },
        [](const Error&) {});
    for (int i = 0; i < 4; ++i) {
        clock_.wait_for_sleepers(1);
        clock_.advance(std::chrono::seconds(1));
    }
    writer.join();
    EXPECT_EQ(store_.load_all().workers.at(w1).addr, "a:1");
}

TEST_F(ClusterStoreTest, AFencedWriteEndsWithTheLeadership) {
    const Revision term = kv_.txn({}, {PutOp{"/dm-master/leader/m1", "{}"}}).revision;
    ClusterStore fenced = store_.fenced({.key = "/dm-master/leader/m1", .modified = term});
    fenced.put_worker({w1, "a:1"});
    kv_.txn({}, {DeleteOp{"/dm-master/leader/m1", false}});
    try {
        fenced.put_worker({w2, "a:2"});
        ADD_FAILURE() << "written without leading";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::MasterNotLeader);
    }
    EXPECT_EQ(store_.load_all().workers.size(), 1U);
}

TEST_F(ClusterStoreTest, AnAssignmentComesWithItsConfigurations) {
    EXPECT_FALSE(store_.load_assignment(w1).bound.has_value());
    store_.put_source(s1, "one");
    store_.put_source(s2, "two");
    store_.put_bounds({{s1, w1}});
    store_.put_relay_workers({w1}, s2);
    const WorkerAssignment assignment = store_.load_assignment(w1);
    EXPECT_EQ(assignment.bound->source, s1);
    EXPECT_EQ(assignment.relay_source, s2);
    EXPECT_EQ(assignment.configs.at(s1), "one");
    EXPECT_EQ(assignment.configs.at(s2), "two");
}

TEST_F(ClusterStoreTest, ASourceIsReadWithItsTasks) {
    store_.put_source(s1, "one", Stage::Paused);
    const auto created =
        store_.put_subtasks({{{s1, t1}, "a", Stage::Running, {}}, {{s2, t1}, "b", Stage::Running, {}}});
    const SourceState state = store_.load_source(s1);
    EXPECT_EQ(state.config, "one");
    EXPECT_EQ(state.relay_stage->expect, Stage::Paused);
    EXPECT_EQ(state.subtasks, (std::map<TaskName, StoredConfig>{{t1, {"a", created}}}));
    EXPECT_EQ(store_.get_subtask({s1, t1}), state.subtasks.at(t1));
    EXPECT_TRUE(state.unreadable_stages.empty());
    kv_.txn({}, {PutOp{.key = keys::subtask_stage(s1, t1), .value = "?"}});
    EXPECT_EQ(store_.load_source(s1).unreadable_stages, (std::set{t1}));
    EXPECT_EQ(state.subtask_stages.at(t1).expect, Stage::Running);
    EXPECT_TRUE(state.validator_stages.empty());
}

TEST_F(ClusterStoreTest, WatchesGiveRecordsOfTheirOwnKeyOnly) {
    const WorkerName longer("w11");
    std::vector<std::string> seen;
    std::stop_source stop;
    store_.put_bounds({{s1, longer}});
    store_.put_bounds({{s1, w1}});
    kv_.txn({}, {PutOp{keys::bound(w1), "not json"}});
    store_.delete_bounds({w1});
    const auto end = store_.watch_bound(w1, 1, stop.get_token(), [&](const auto& change) {
        seen.push_back(change.id.str() + (change.is_delete() ? " gone" : " " + change.record->source.str()));
        if (change.is_delete()) stop.request_stop();
    });
    EXPECT_EQ(end, WatchEnd::Stopped);
    EXPECT_EQ(seen, (std::vector<std::string>{"w1 s1", "w1 gone"}));
}

TEST_F(ClusterStoreTest, StageWatchesNameSourceAndTask) {
    std::stop_source stop;
    store_.set_stages({{Stage::Running, s2, t1}});
    store_.set_stages({{Stage::Paused, s1, t1}});
    store_.watch_subtask_stages(s1, 1, stop.get_token(), [&](const auto& change) {
        EXPECT_EQ(change.id, (SubTaskId{s1, t1}));
        EXPECT_EQ(change.record->expect, Stage::Paused);
        stop.request_stop();
    });
}

TEST_F(ClusterStoreTest, TheClusterIdIsWrittenOnce) {
    const auto id = store_.read_or_create_id();
    EXPECT_EQ(store_.read_or_create_id(), id);
    EXPECT_EQ(kv_.get(keys::kClusterId, false).items.at(0).value.size(), 8U);
    kv_.txn({}, {PutOp{.key = std::string(keys::kClusterId), .value = "?"}});
    const auto made = store_.read_or_create_id();
    EXPECT_EQ(store_.read_or_create_id(), made);
}

TEST_F(ClusterStoreTest, ManySubtasksBecomeSeveralTransactionsAndEachStaysWhole) {
    ClusterStore small(kv_, clock_, {}, {.max_ops = 5});
    std::vector<SubTaskRecord> subtasks;
    std::vector<SubTaskId> ids;
    for (int i = 0; i < 7; ++i) {
        ids.push_back({SourceId("s" + std::to_string(i)), t1});
        subtasks.push_back({ids.back(), "toml", Stage::Running, {}});
    }
    const Revision before = kv_.get("/", true).revision;
    EXPECT_EQ(small.put_subtasks(subtasks), before + 4);
    const ClusterState state = small.load_all();
    EXPECT_EQ(state.subtasks.size(), 7U);
    for (const auto& id : ids) {
        EXPECT_EQ(kv_.get(keys::subtask(id.source, id.task), false).items.at(0).modified,
                  kv_.get(keys::subtask_stage(id.source, id.task), false).items.at(0).modified);
    }
    small.delete_subtasks(ids);
    EXPECT_TRUE(small.load_all().subtasks.empty());
}

TEST(PackGroups, LimitsCountBytesTooAndAnOversizedGroupGoesAlone) {
    const WriteGroup big{PutOp{.key = "k", .value = std::string(100, 'x')}};
    EXPECT_EQ(pack_groups({big, big, big}, {.max_ops = 10, .max_bytes = 300}).size(), 2U);
    EXPECT_EQ(pack_groups({big, big}, {.max_ops = 10, .max_bytes = 1}).size(), 2U);
    EXPECT_EQ(pack_groups({}, {}).size(), 1U);
}

}  // namespace
}  // namespace dm::meta
