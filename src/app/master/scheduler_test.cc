#include "app/master/scheduler_fixture.h"

namespace dm::master {
namespace {

TEST_F(SchedulerTest, RegistersAWorkerOnceUnderOneAddress) {
    add_worker("w1");
    add_worker("w1");
    EXPECT_EQ(code_of([&] { scheduler_->add_worker({.name = WorkerName("w1"), .addr = "elsewhere:1"}); }),
              ErrorCode::SchedulerWorkerExists);
    EXPECT_EQ(stage_of("w1"), "offline");
    expect_faithful();
}

TEST_F(SchedulerTest, TakesOnlyOfflineWorkersAway) {
    start_worker("w1");
    EXPECT_EQ(code_of([&] { scheduler_->remove_worker(WorkerName("w1")); }), ErrorCode::SchedulerWorkerOnline);
    EXPECT_EQ(code_of([&] { scheduler_->remove_worker(WorkerName("w2")); }), ErrorCode::SchedulerWorkerMissing);
    kill("w1");
    hear();
    scheduler_->remove_worker(WorkerName("w1"));
    expect_faithful();
}

TEST_F(SchedulerTest, BindsANewSourceToAFreeWorkerOrLetsItWait) {
    add_source("s1");
    EXPECT_EQ(worker_of("s1"), "");
    start_worker("w1");
    EXPECT_EQ(worker_of("s1"), "w1");
    EXPECT_EQ(stage_of("w1"), "bound");
    add_source("s2");
    EXPECT_EQ(worker_of("s2"), "");
    start_worker("w2");
    EXPECT_EQ(worker_of("s2"), "w2");
    expect_faithful();
}

TEST_F(SchedulerTest, RefusesASecondSourceOfTheSameName) {
    add_source("s1");
    EXPECT_EQ(code_of([&] { add_source("s1"); }), ErrorCode::SchedulerSourceExists);
}

TEST_F(SchedulerTest, BindsToTheChosenWorkerOnlyIfItIsFree) {
    start_worker("w1");
    start_worker("w2");
    EXPECT_EQ(scheduler_->add_source(source_config(SourceId("s1")), WorkerName("w2")), WorkerName("w2"));
    EXPECT_EQ(code_of([&] { scheduler_->add_source(source_config(SourceId("s2")), WorkerName("w2")); }),
              ErrorCode::SchedulerWorkerNotFree);
    EXPECT_EQ(code_of([&] { scheduler_->add_source(source_config(SourceId("s2")), WorkerName("w9")); }),
              ErrorCode::SchedulerWorkerMissing);
    EXPECT_EQ(scheduler_->read([](const ClusterTable& table) { return table.sources().size(); }), 1U);
    expect_faithful();
}

TEST_F(SchedulerTest, MovesTheSourceOfALostWorkerAndDoesNotGiveItBack) {
    start_worker("w1");
    add_source("s1");
    start_worker("w2");
    kill("w1");
    hear();
    EXPECT_EQ(worker_of("s1"), "w2");
    EXPECT_EQ(stage_of("w1"), "offline");
    wake("w1");
    hear();
    EXPECT_EQ(worker_of("s1"), "w2");
    EXPECT_EQ(stage_of("w1"), "free");
    expect_faithful();
}

TEST_F(SchedulerTest, AReturningWorkerPrefersItsLastSource) {
    start_worker("w1");
    add_source("s1");
    start_worker("w2");
    add_source("s2");
    kill("w1");
    kill("w2");
    hear();
    wake("w2");
    hear();
    EXPECT_EQ(worker_of("s2"), "w2");
    EXPECT_EQ(worker_of("s1"), "");
    wake("w1");
    hear();
    EXPECT_EQ(worker_of("s1"), "w1");
    expect_faithful();
}

TEST_F(SchedulerTest, ASourcePrefersTheFreeWorkerThatHadItLast) {
    start_worker("w1");
    add_source("s1");
    kill("w1");
    hear();
    scheduler_->remove_source(SourceId("s1"));
    start_worker("w0");
    wake("w1");
    hear();
    add_source("s2");  // to w0, by name
    EXPECT_EQ(worker_of("s2"), "w0");
    kill("w0");
    hear();
    EXPECT_EQ(worker_of("s2"), "w1");
    expect_faithful();
}

TEST_F(SchedulerTest, ASourceLeavesAWorkerToTheSourceThatWaitsForIt) {
    start_worker("w1");
    add_source("s1");
    kill("w1");
    hear();
    // Read by a new leader in one go: w1 and w2 are free, s1 waits, and s0 comes first by name.
    meta::ClusterStore store(kv_, clock_);
    store.put_source(SourceId("s0"), config::to_toml(source_config(SourceId("s0"))));
    add_worker("w2");
    wake("w1");
    wake("w2");
    restart();
    EXPECT_EQ(worker_of("s1"), "w1");
    EXPECT_EQ(worker_of("s0"), "w2");
    expect_faithful();
}

TEST_F(SchedulerTest, ANewSourceTakesTheWorkerNobodyWaitsFor) {
    for (const auto* name : {"w1", "w2", "w3"}) start_worker(name);
    add_source("s1");
    ASSERT_EQ(worker_of("s1"), "w1");
    scheduler_->transfer(SourceId("s1"), WorkerName("w2"));
    // w1 had s1 last, but s1 has w2: w1 is as good as w3.
    add_source("s2");
    EXPECT_EQ(worker_of("s2"), "w1");
    expect_faithful();
}

TEST_F(SchedulerTest, ALoadTaskTiesNoSource) {
    start_worker("w1");
    add_source("s1");
    start_worker("w2");
    scheduler_->add_subtasks({subtask_config(TaskName("t"), SourceId("s1"))});
    scheduler_->store().put_load_task({.source = SourceId("s1"), .task = TaskName("t")}, WorkerName("w1"));
    kill("w1");
    hear();
    EXPECT_EQ(worker_of("s1"), "w2") << "any worker continues a copy";
    wake("w1");
    hear();
    restart();
    EXPECT_EQ(worker_of("s1"), "w2");
    EXPECT_EQ(stage_of("w1"), "free");
}

TEST_F(SchedulerTest, AWorkerThatReportsWhileItIsBoundIsToldItsSourceAgain) {
    start_worker("w1");
    add_source("s1");
    const auto key = meta::keys::bound(WorkerName("w1"));
    const auto before = kv_.get(key, false).items.at(0);
    wake("w1");
    hear();
    const auto after = kv_.get(key, false).items.at(0);
    EXPECT_GT(after.modified, before.modified);
    EXPECT_EQ(after.created, before.created) << "it was not unbound";
    EXPECT_EQ(worker_of("s1"), "w1");
    expect_faithful();
}

TEST_F(SchedulerTest, AWorkerFreedByATransferLooksForAnotherSource) {
    start_worker("w1");
    add_source("s1");
    add_source("s2");
    ASSERT_EQ(worker_of("s2"), "");
    add_worker("w2");
    wake("w2");
    kill("w2");
    hear();
    add_source("s3");
    wake("w2");
    hear();
    EXPECT_EQ(worker_of("s2"), "w2") << "the first without a worker";
    scheduler_->remove_source(SourceId("s2"));
    EXPECT_EQ(worker_of("s3"), "w2");
    start_worker("w3");
    scheduler_->transfer(SourceId("s1"), WorkerName("w3"));
    EXPECT_EQ(stage_of("w1"), "free");
    add_source("s4");
    EXPECT_EQ(worker_of("s4"), "w1");
    expect_faithful();
}

TEST_F(SchedulerTest, KeepsASourceThatHasTasks) {
    start_worker("w1");
    add_source("s1");
    scheduler_->add_subtasks({subtask_config(TaskName("t"), SourceId("s1"))});
    EXPECT_EQ(code_of([&] { scheduler_->remove_source(SourceId("s1")); }), ErrorCode::SchedulerSourceHasTasks);
    EXPECT_EQ(code_of([&] { scheduler_->remove_source(SourceId("s9")); }), ErrorCode::SchedulerSourceMissing);
    scheduler_->remove_subtasks(TaskName("t"), {});
    EXPECT_EQ(scheduler_->remove_source(SourceId("s1")), WorkerName("w1"));
    EXPECT_EQ(stage_of("w1"), "free");
    expect_faithful();
}

TEST_F(SchedulerTest, AddsOnlySubtasksThatAreMissing) {
    start_worker("w1");
    start_worker("w2");
    add_source("s1");
    add_source("s2");
    add_source("s3");
    const TaskName task("t");
    EXPECT_EQ(scheduler_->add_subtasks({subtask_config(task, SourceId("s1"))}).size(), 1U);
    EXPECT_EQ(code_of([&] { scheduler_->add_subtasks({subtask_config(task, SourceId("s1"))}); }),
              ErrorCode::SchedulerSubTaskExists);
    EXPECT_EQ(code_of([&] { scheduler_->add_subtasks({subtask_config(task, SourceId("s3"))}); }),
              ErrorCode::SchedulerSourcesUnbound);
    EXPECT_EQ(code_of([&] { scheduler_->add_subtasks({subtask_config(task, SourceId("s9"))}); }),
              ErrorCode::SchedulerSourceMissing);
    auto elsewhere = subtask_config(task, SourceId("s2"));
    elsewhere.meta_schema = "other";
    EXPECT_EQ(code_of([&] { scheduler_->add_subtasks({elsewhere}); }), ErrorCode::SchedulerSubTaskExists);
    const auto added =
        scheduler_->add_subtasks({subtask_config(task, SourceId("s1")), subtask_config(task, SourceId("s2"))});
    ASSERT_EQ(added.size(), 1U);
    EXPECT_EQ(added.front().source, SourceId("s2"));
    expect_faithful();
}

TEST_F(SchedulerTest, WritesAnEqualStageAgainBecauseTheEventCounts) {
    start_worker("w1");
    add_source("s1");
    scheduler_->add_subtasks({subtask_config(TaskName("t"), SourceId("s1"))});
    const auto key = meta::keys::subtask_stage(SourceId("s1"), TaskName("t"));
    const auto before = kv_.get(key, false).items.at(0).modified;
    scheduler_->set_stage(TaskName("t"), {}, Stage::Running);
    EXPECT_GT(kv_.get(key, false).items.at(0).modified, before);
    EXPECT_EQ(code_of([&] { scheduler_->set_stage(TaskName("u"), {}, Stage::Paused); }),
              ErrorCode::SchedulerTaskMissing);
    EXPECT_EQ(code_of([&] { scheduler_->set_stage(TaskName("t"), {SourceId("s2")}, Stage::Paused); }),
              ErrorCode::SchedulerSubTaskMissing);
    scheduler_->set_stage(TaskName("t"), {SourceId("s1")}, Stage::Paused);
    restart();
    expect_faithful();
}

TEST_F(SchedulerTest, TransfersToAFreeWorkerOnly) {
    start_worker("w1");
    add_source("s1");
    EXPECT_FALSE(scheduler_->check_transfer(SourceId("s1"), WorkerName("w1")));
    add_worker("w2");
    EXPECT_EQ(code_of([&] { scheduler_->transfer(SourceId("s1"), WorkerName("w2")); }),
              ErrorCode::SchedulerWorkerTransition);
    wake("w2");
    hear();
    add_source("s2");
    EXPECT_EQ(code_of([&] { scheduler_->transfer(SourceId("s1"), WorkerName("w2")); }),
              ErrorCode::SchedulerWorkerTransition);
    start_worker("w3");
    add_source("s4");
    add_source("s5");  // waits
    start_worker("w4");
    EXPECT_EQ(worker_of("s5"), "w4");
    kill("w4");
    hear();
    EXPECT_EQ(worker_of("s5"), "");
    scheduler_->remove_source(SourceId("s2"));  // w2 takes s5
    EXPECT_EQ(worker_of("s5"), "w2");
    wake("w4");
    hear();
    scheduler_->transfer(SourceId("s1"), WorkerName("w4"));
    EXPECT_EQ(worker_of("s1"), "w4");
    EXPECT_EQ(stage_of("w1"), "free");
    expect_faithful();
}

TEST_F(SchedulerTest, ANewLeaderDropsBoundsOfDeadWorkersAndKeepsTheOthers) {
    start_worker("w1");
    start_worker("w2");
    add_source("s1");
    add_source("s2");
    start_worker("w3");
    kill("w1");
    const auto key = meta::keys::bound(WorkerName("w2"));
    const auto before = kv_.get(key, false).items.at(0).modified;
    restart();
    EXPECT_EQ(worker_of("s1"), "w3");
    EXPECT_EQ(worker_of("s2"), "w2");
    EXPECT_GT(kv_.get(key, false).items.at(0).modified, before)
        << "a kept bound is written again to trigger its worker";
    expect_faithful();
}

TEST_F(SchedulerTest, ANewLeaderKeepsMoreBoundsThanATransactionTakes) {
    constexpr int kMany = 250;
    for (int i = 0; i < kMany; ++i) {
        add_worker("w" + std::to_string(i));
        wake("w" + std::to_string(i));
    }
    hear();
    for (int i = 0; i < kMany; ++i) add_source("s" + std::to_string(i));
    const auto before = scheduler_->store().load_all().bounds;
    ASSERT_EQ(before.size(), 250U);
    const auto last = kv_.get(meta::keys::bound(WorkerName("w249")), false).items.at(0).modified;
    restart();
    EXPECT_EQ(scheduler_->store().load_all().bounds, before);
    EXPECT_GT(kv_.get(meta::keys::bound(WorkerName("w249")), false).items.at(0).modified, last);
    for (int i = 0; i < kMany; ++i) kill("w" + std::to_string(i));
    restart();
    EXPECT_TRUE(scheduler_->store().load_all().bounds.empty());
    expect_faithful();
}

TEST_F(SchedulerTest, ANewLeaderGivesEveryFreeWorkerItsOwnSourceBack) {
    start_worker("w1");
    start_worker("w2");
    add_source("s1");
    add_source("s2");
    kill("w1");
    kill("w2");
    hear();
    wake("w2");
    wake("w1");
    restart();
    EXPECT_EQ(worker_of("s1"), "w1");
    EXPECT_EQ(worker_of("s2"), "w2");
    expect_faithful();
}

TEST_F(SchedulerTest, IgnoresEventsThatARecoveryHasSeen) {
    start_worker("w1");
    add_source("s1");
    const meta::Revision old = heard_;
    kill("w1");
    wake("w1");
    scheduler_->recover();
    scheduler_->worker_gone(WorkerName("w1"), old + 1);
    EXPECT_EQ(worker_of("s1"), "w1");
    expect_faithful();
}

TEST_F(SchedulerTest, UnreadableRecordsDoNotKeepAMasterFromLeading) {
    start_worker("w1");
    add_source("s1");
    kv_.txn({}, {meta::PutOp{.key = meta::keys::source(SourceId("bad")), .value = "= not toml"},
                 meta::PutOp{.key = meta::keys::bound(WorkerName("w7")), .value = "{"}});
    restart();
    EXPECT_EQ(worker_of("s1"), "w1");
    EXPECT_EQ(scheduler_->read([](const ClusterTable& table) { return table.broken_rule(); }), "");
}

TEST_F(SchedulerTest, AFencedWriteOfAnOldLeaderChangesNothing) {
    start_worker("w1");
    const auto put = kv_.txn({}, {meta::PutOp{.key = "/leader/1", .value = "me"}});
    Scheduler old(meta::ClusterStore(kv_, clock_).fenced({.key = "/leader/1", .modified = put.revision}));
    old.recover();
    kv_.txn({}, {meta::DeleteOp{.key = "/leader/1"}});
    EXPECT_EQ(code_of([&] { old.add_source(source_config(SourceId("s1"))); }), ErrorCode::MasterNotLeader);
    EXPECT_TRUE(scheduler_->store().load_all().sources.empty());
}

TEST_F(SchedulerTest, CommandsOnOneTaskExcludeEachOther) {
    {
        const auto latch = scheduler_->latch(TaskName("t"));
        EXPECT_EQ(code_of([&] { const auto second = scheduler_->latch(TaskName("t")); }),
                  ErrorCode::SchedulerLatchInUse);
        const auto other = scheduler_->latch(TaskName("u"));
    }
    const auto again = scheduler_->latch(TaskName("t"));
}

}  // namespace
}  // namespace dm::master
