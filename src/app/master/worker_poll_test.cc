#include "app/master/worker_poll.h"

#include "app/master/service_fixture.h"

namespace dm::master {
namespace {

using std::chrono::seconds;

class WorkerPollTest : public ServiceTest {
  protected:
    void SetUp() override {
        ServiceTest::SetUp();
        start_worker("w1");
        add_source("s1");
        scheduler_->add_subtasks({subtask_config(TaskName("t"), SourceId("s1"))});
    }
    pb::CommonWorkerResponse wait(Awaited awaited, const std::string& source = "s1") {
        return wait_for_all(context_, *scheduler_, {SourceId(source)}, TaskName("t"), awaited).at(0);
    }

    pb::QueryStatusResponse answer_of_worker(const std::string&, const pb::QueryStatusRequest& request) override {
        pb::QueryStatusResponse response;
        response.set_result(true);
        auto& subtask = *response.add_subtaskstatus();
        subtask.set_name(request.name());
        subtask.set_stage(stage_);
        return response;
    }

    pb::Stage stage_ = pb::Paused;
};

TEST_F(WorkerPollTest, AnswersAtOnceWhenItIsSo) {
    const auto answer = wait(Awaited::TaskPaused);
    EXPECT_TRUE(answer.result()) << answer.msg();
    EXPECT_EQ(answer.worker(), "w1");
    EXPECT_EQ(waits_.now(), Clock::TimePoint());
}

TEST_F(WorkerPollTest, WaitsForAWorkerThatComesBack) {
    kill("w1");
    hear();
    ASSERT_EQ(worker_of("s1"), "");
    waits_.at = seconds(1);
    waits_.event = [this] {
        wake("w1");
        hear();
    };
    const auto answer = wait(Awaited::TaskPaused);
    EXPECT_TRUE(answer.result()) << answer.msg();
    EXPECT_EQ(answer.worker(), "w1");
}

TEST_F(WorkerPollTest, SaysSoWhenNobodyComes) {
    kill("w1");
    hear();
    const auto answer = wait(Awaited::TaskPaused);
    EXPECT_FALSE(answer.result());
    EXPECT_EQ(answer.msg(), "s1 relevant worker-client not found");
    EXPECT_GE(waits_.now(), Clock::TimePoint(seconds(3)));
    EXPECT_LT(waits_.now(), Clock::TimePoint(seconds(6)));
    EXPECT_TRUE(wait(Awaited::TaskGone).result()) << "a task that nobody runs is gone";
}

TEST_F(WorkerPollTest, SourcesWithoutAWorkerAreWaitedForTogether) {
    kill("w1");
    hear();
    std::vector<SourceId> sources;
    for (int i = 0; i < 200; ++i) sources.emplace_back("none" + std::to_string(i));
    const auto answers = wait_for_all(context_, *scheduler_, sources, TaskName("t"), Awaited::TaskPaused);
    EXPECT_EQ(answers.at(199).msg(), "none199 relevant worker-client not found");
    // 32 at a time share one patience, although each of their waits moves this clock.
    EXPECT_LT(waits_.now(), Clock::TimePoint(seconds(60)));
}

TEST_F(WorkerPollTest, GivesUpAfterTenPolls) {
    stage_ = pb::Running;
    const auto answer = wait(Awaited::TaskPaused);
    EXPECT_FALSE(answer.result());
    EXPECT_NE(answer.msg().find("the subtask is Running"), std::string::npos) << answer.msg();
}

}  // namespace
}  // namespace dm::master
