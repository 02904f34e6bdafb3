#include "app/master/task_service.h"

#include <gmock/gmock.h>

#include "app/master/service_fixture.h"

namespace dm::master {
namespace {

using testing::HasSubstr;

/// Task t on s1 (worker w1) and s2 (worker w2); workers are where the store wants them.
class TaskServiceTest : public ServiceTest {
  protected:
    void SetUp() override {
        ServiceTest::SetUp();
        for (const auto* worker : {"w1", "w2"}) start_worker(worker);
        for (const auto* source : {"s1", "s2", "s3"}) add_source(source);
        scheduler_->add_subtasks({subtask_config(task_, SourceId("s1")), subtask_config(task_, SourceId("s2"))});
    }
    pb::QueryStatusResponse answer_of_worker(const std::string& address, const pb::QueryStatusRequest&) override {
        pb::QueryStatusResponse response;
        response.set_result(true);
        scheduler_->read([&](const ClusterTable& table) {
            const SourceId source(address == "w1:8262" ? "s1" : "s2");
            for (const auto& [name, rows] : table.tasks()) {
                if (!rows.contains(source)) continue;
                auto& subtask = *response.add_subtaskstatus();
                subtask.set_name(name.str());
                subtask.set_stage(rows.at(source).expect == Stage::Paused ? pb::Paused : pb::Running);
            }
        });
        return response;
    }
    pb::OperateTaskResponse operate(pb::TaskOp op, const std::vector<std::string>& sources = {},
                                    const std::string& task = "t") {
        pb::OperateTaskRequest request;
        request.set_op(op);
        request.set_name(task);
        for (const auto& source : sources) request.add_sources(source);
        return operate_task(context_, *scheduler_, request);
    }
    Stage stage_on(const std::string& source) {
        return scheduler_->read(
            [&](const ClusterTable& table) { return table.task(task_)->at(SourceId(source)).expect; });
    }

    const TaskName task_{"t"};
};

TEST_F(TaskServiceTest, OperatesAllSourcesOrThoseNamedInOrder) {
    auto response = operate(pb::Pause);
    ASSERT_EQ(response.sources_size(), 2);
    EXPECT_EQ(response.sources(0).source(), "s1");
    EXPECT_EQ(response.sources(1).worker(), "w2");
    EXPECT_TRUE(response.sources(1).result());
    response = operate(pb::Resume, {"s2"});
    EXPECT_EQ(response.op(), pb::Resume);
    ASSERT_EQ(response.sources_size(), 1);
    EXPECT_EQ(stage_on("s1"), Stage::Paused);
    EXPECT_EQ(stage_on("s2"), Stage::Running);
}

TEST_F(TaskServiceTest, ASourceNamedTwiceCountsOnce) {
    const auto response = operate(pb::Pause, {"s2", "s1", "s2"});
    ASSERT_EQ(response.sources_size(), 2);
    EXPECT_EQ(response.sources(0).source(), "s1");
}

TEST_F(TaskServiceTest, ASourceThatTheTaskIsNotOnIsToldAndNothingIsDone) {
    for (const auto* stranger : {"s3", "nope"}) {
        for (const auto op : {pb::Pause, pb::Resume, pb::Delete}) {
            EXPECT_EQ(code_of([&] { operate(op, {"s1", stranger}); }), ErrorCode::SchedulerSubTaskMissing);
        }
    }
    EXPECT_EQ(stage_on("s1"), Stage::Running);
}

TEST_F(TaskServiceTest, AnUnknownTaskIsSaidInTheOriginalsWords) {
    for (const auto& sources : {std::vector<std::string>{}, {"s1"}, {"nope"}}) {
        const auto response = operate(pb::Pause, sources, "u");
        EXPECT_FALSE(response.result());
        EXPECT_EQ(response.msg(), "task u has no source or not exist, please check the task name and status");
    }
}

TEST_F(TaskServiceTest, StoppedOnOneSourceItGoesOnOnTheOther) {
    EXPECT_TRUE(operate(pb::Delete, {"s1"}).sources(0).result());
    EXPECT_EQ(code_of([&] { operate(pb::Pause, {"s1"}); }), ErrorCode::SchedulerSubTaskMissing);
    EXPECT_EQ(operate(pb::Delete).sources_size(), 1);
    EXPECT_FALSE(operate(pb::Delete).result());
    expect_faithful();
}

TEST_F(TaskServiceTest, AnotherOperationOnTheTaskIsRefusedMeanwhile) {
    const auto latch = scheduler_->latch(task_);
    EXPECT_EQ(code_of([&] { operate(pb::Pause); }), ErrorCode::SchedulerLatchInUse);
    EXPECT_EQ(code_of([&] { operate(pb::InvalidOp); }), ErrorCode::MasterInvalidOp);
}

}  // namespace
}  // namespace dm::master
