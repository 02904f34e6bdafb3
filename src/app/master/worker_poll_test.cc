#include "app/master/worker_poll.h"

#include <dmmaster.pb.h>
#include <gtest/gtest.h>

#include "app/master/scheduler_fixture.h"
#include "core/meta/members.h"

namespace dm::master {
namespace {

using std::chrono::seconds;

/// Time passes only by waiting, and something happens after a while.
class EventfulClock final : public Clock {
  public:
    [[nodiscard]] TimePoint now() const override { return TimePoint(Duration(elapsed_.load())); }
    [[nodiscard]] WallTime wall_now() const override { return {}; }
    bool sleep(Duration duration, std::stop_token) override {
        elapsed_ += duration.count();
        if (event && now() >= TimePoint(at)) std::exchange(event, nullptr)();
        return true;
    }

    Duration at{0};
    std::function<void()> event;

  private:
    std::atomic<Duration::rep> elapsed_{0};
};

class NoMembers final : public meta::MemberList {
  public:
    std::vector<meta::Member> list() override { return {}; }
    std::vector<meta::Member> add(const std::vector<std::string>&) override { return {}; }
    void remove(std::uint64_t) override {}
};

class WorkerPollTest : public SchedulerTest {
  protected:
    void SetUp() override {
        SchedulerTest::SetUp();
        start_worker("w1");
        add_source("s1");
        scheduler_->add_subtasks({subtask_config(TaskName("t"), SourceId("s1"))});
    }
    pb::CommonWorkerResponse wait(Awaited awaited, const std::string& source = "s1") {
        return wait_for(context_, *scheduler_, SourceId(source), TaskName("t"), awaited);
    }

    EventfulClock waits_;
    NoMembers members_;
    config::MasterConfig config_;
    std::optional<config::SecretKey> key_;
    PeerCalls peers_{{}, waits_};
    pb::Stage stage_ = pb::Paused;
    MasterContext context_{.config = config_,
                           .key = key_,
                           .clock = waits_,
                           .members = members_,
                           .peers = peers_,
                           .connect = {},
                           .probe_position = {},
                           .open_binlog = {},
                           .query_worker =
                               [this](const std::string&, const pb::QueryStatusRequest& request) {
                                   pb::QueryStatusResponse response;
                                   response.set_result(true);
                                   auto& subtask = *response.add_subtaskstatus();
                                   subtask.set_name(request.name());
                                   subtask.set_stage(stage_);
                                   return response;
                               },
                           .stop = {}};
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
