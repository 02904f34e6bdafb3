#include <algorithm>

#include <fmt/format.h>

#include "app/master/scheduler_fixture.h"

namespace dm::master {
namespace {

/// A task over more sources than one transaction of the store takes; a store that fails in the middle.
class ManySourcesTest : public SchedulerTest {
  protected:
    static constexpr std::size_t kCount = 700;
    static constexpr meta::WriteLimits kLimits{.max_ops = 128, .max_bytes = 64U << 10U};
    static constexpr int kAttempts = 5;  // of ClusterStore

    void SetUp() override {
        meta::ClusterStore store(kv_, clock_);
        for (std::size_t i = 0; i < kCount; ++i) {
            const WorkerName worker(fmt::format("w{:03}", i));
            ids_.emplace_back(fmt::format("s{:03}", i));
            store.put_worker({.name = worker, .addr = worker.str() + ":1"});
            wake(worker.str());
            store.put_source(ids_.back(), config::to_toml(source_config(ids_.back())));
            store.put_bounds({{.source = ids_.back(), .worker = worker}});
            subtasks_.push_back(subtask_config(task_, ids_.back()));
        }
        restart(kLimits);
    }
    /// The store takes `transactions` more and then fails for as long as a command tries.
    void fail_after(int transactions) { kv_.fail_next(meta::FakeKvStore::Fault::Before, kAttempts, transactions); }
    std::size_t count() {
        return scheduler_->read([&](const ClusterTable& table) {
            const auto* rows = table.task(task_);
            return rows == nullptr ? 0 : rows->size();
        });
    }
    std::size_t count(Stage stage) {
        return scheduler_->read([&](const ClusterTable& table) {
            return static_cast<std::size_t>(
                std::ranges::count_if(*table.task(task_), [&](const auto& row) { return row.second.expect == stage; }));
        });
    }

    const TaskName task_{"t"};
    std::vector<SourceId> ids_;
    std::vector<config::SubTaskConfig> subtasks_;
};

TEST_F(ManySourcesTest, AreStartedPausedAndStopped) {
    EXPECT_EQ(scheduler_->add_subtasks(subtasks_).size(), kCount);
    expect_faithful();
    scheduler_->set_stage(task_, {}, Stage::Paused);
    EXPECT_EQ(count(Stage::Paused), kCount);
    expect_faithful();
    scheduler_->remove_subtasks(task_, {});
    EXPECT_EQ(count(), 0U);
    expect_faithful();
}

TEST_F(ManySourcesTest, AStartThatBrokeOffIsCompletedByTheSameCommand) {
    fail_after(3);
    EXPECT_EQ(code_of([&] { scheduler_->add_subtasks(subtasks_); }), ErrorCode::HaTxn);
    const auto added = scheduler_->add_subtasks(subtasks_);
    EXPECT_GT(added.size(), 0U);
    EXPECT_LT(added.size(), kCount) << "three transactions had come through";
    EXPECT_EQ(count(), kCount);
    expect_faithful();
}

TEST_F(ManySourcesTest, AStartThatBrokeOffWithItsLeaderLeavesWholeSubtasks) {
    fail_after(3);
    EXPECT_EQ(code_of([&] { scheduler_->add_subtasks(subtasks_); }), ErrorCode::HaTxn);
    restart(kLimits);
    const std::size_t begun = count();
    EXPECT_GT(begun, 0U);
    EXPECT_EQ(count(Stage::Running), begun);
    expect_faithful();
    EXPECT_EQ(scheduler_->add_subtasks(subtasks_).size(), kCount - begun);
    expect_faithful();
}

TEST_F(ManySourcesTest, APauseOrStopThatBrokeOffIsCompletedByTheSameCommand) {
    scheduler_->add_subtasks(subtasks_);
    fail_after(2);
    EXPECT_EQ(code_of([&] { scheduler_->set_stage(task_, {}, Stage::Paused); }), ErrorCode::HaTxn);
    restart(kLimits);
    EXPECT_EQ(count(Stage::Paused), 256U);
    scheduler_->set_stage(task_, {}, Stage::Paused);
    EXPECT_EQ(count(Stage::Paused), kCount);

    fail_after(2);
    EXPECT_EQ(code_of([&] { scheduler_->remove_subtasks(task_, {}); }), ErrorCode::HaTxn);
    restart(kLimits);
    EXPECT_EQ(count(), kCount - 84) << "42 subtasks of three keys in each transaction";
    scheduler_->remove_subtasks(task_, {});
    EXPECT_EQ(count(), 0U);
    expect_faithful();
}

TEST_F(ManySourcesTest, ALeaderMayHaveToPutThemAllInOrder) {
    for (std::size_t i = 0; i < kCount; ++i) kill(fmt::format("w{:03}", i));
    restart(kLimits);
    expect_faithful();
    EXPECT_EQ(worker_of("s699"), "");
    for (std::size_t i = 0; i < kCount; ++i) wake(fmt::format("w{:03}", i));
    restart(kLimits);
    EXPECT_EQ(worker_of("s699"), "w699");
    expect_faithful();
}

}  // namespace
}  // namespace dm::master
