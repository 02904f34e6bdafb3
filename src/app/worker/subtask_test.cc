#include "app/worker/subtask.h"

#include <atomic>
#include <deque>
#include <future>

#include <gtest/gtest.h>

namespace dm::worker {
namespace {

using namespace std::chrono_literals;
using meta::Stage;
using target::UnitOutcome;

/// What the next run of a unit does.
struct Script {
    enum class Kind : std::uint8_t { Finish, Recopy, Complete, UntilStopped, Fail } kind = Kind::Finish;
    ErrorCode code = ErrorCode::DbBadConnection;
};

/// Units that follow a script and note what happened, in order.
class FakeUnits {
  public:
    UnitFactory factory() {
        return [this](UnitKind kind, const config::SubTaskConfig&, std::stop_token) {
            if (before_making) before_making(kind);
            return std::make_unique<FakeUnit>(*this, kind);
        };
    }
    void script(std::deque<Script> runs) { runs_.set(std::move(runs)); }
    [[nodiscard]] std::vector<UnitKind> history() const { return history_.copy(); }
    [[nodiscard]] int kills() const { return kills_; }

    std::function<void(UnitKind)> before_making;

  private:
    class FakeUnit final : public target::Unit {
      public:
        FakeUnit(FakeUnits& owner, UnitKind kind) : owner_(owner), kind_(kind) {}
        UnitOutcome run(std::stop_token stop) override {
            owner_.history_.with([&](auto& history) { history.push_back(kind_); });
            const Script script = owner_.next();
            switch (script.kind) {
                case Script::Kind::Finish:
                    return UnitOutcome::Finished;
                case Script::Kind::Recopy:
                    return UnitOutcome::Recopy;
                case Script::Kind::Complete:
                    return UnitOutcome::Complete;
                case Script::Kind::Fail:
                    throw Error(script.code, "scripted failure");
                case Script::Kind::UntilStopped:
                    break;
            }
            SystemClock().sleep(1h, stop);
            return UnitOutcome::Stopped;
        }
        void kill() noexcept override { ++owner_.kills_; }
        [[nodiscard]] target::UnitStatus status() const override {
            if (kind_ == UnitKind::Copy) {
                target::CopyStatus status;
                status.noticed.push_back({.kind = "view", .where = "`d`.`w`", .count = 3});
                return status;
            }
            target::SyncStatus status;
            status.flushed.position = {.file = "bin.000001", .offset = 4};
            status.learn_upstream(status.flushed);
            status.noticed.push_back({.kind = "trifle", .where = "`d`.`t`", .count = 2});
            return status;
        }

      private:
        FakeUnits& owner_;
        UnitKind kind_;
    };

    Script next() {
        return runs_.with([](auto& runs) {
            if (runs.empty()) return Script{.kind = Script::Kind::UntilStopped};
            const Script script = runs.front();
            runs.pop_front();
            return script;
        });
    }

    Guarded<std::deque<Script>> runs_;
    Guarded<std::vector<UnitKind>> history_;
    std::atomic<int> kills_ = 0;
};

class SubTaskTest : public testing::Test {
  protected:
    void start(config::TaskMode mode, std::deque<Script> runs, bool auto_resume = true) {
        units_.script(std::move(runs));
        config::SubTaskConfig config;
        config.name = model::TaskName("t");
        config.mode = mode;
        config::CheckerConfig checker;
        checker.is_enabled = auto_resume;
        checker.backoff_jitter = false;
        subtask_ = std::make_unique<SubTask>(
            config, SubTask::Dependencies{.clock = clock_, .make_unit = units_.factory(), .checker = checker});
    }

    /// Waits for the subtask's own thread to get there; a wrong stage shows as the test's time-out.
    SubTaskReport await(Stage stage) {
        for (;;) {
            SubTaskReport report = subtask_->report();
            if (report.stage == stage) return report;
            std::this_thread::yield();
        }
    }

    ManualClock clock_;
    FakeUnits units_;
    std::unique_ptr<SubTask> subtask_;
};

TEST(ResumeWait, DoublesWithJitterUpToTheGreatest) {
    config::CheckerConfig checker;
    for (const double share : {0.0, 0.5, 1.0}) EXPECT_EQ(resume_wait(checker, 0, share), 1s) << "the first is exact";
    EXPECT_EQ(resume_wait(checker, 1, 0), 1s);
    EXPECT_EQ(resume_wait(checker, 1, 1), 2s);
    EXPECT_EQ(resume_wait(checker, 3, 0), 4s);
    EXPECT_EQ(resume_wait(checker, 3, 0.5), 6s);
    EXPECT_EQ(resume_wait(checker, 3, 1), 8s);
    EXPECT_EQ(resume_wait(checker, 9, 0), 256s) << "half of 512 s";
    EXPECT_EQ(resume_wait(checker, 9, 1), 5min);
    EXPECT_EQ(resume_wait(checker, 5000, 0.3), 5min) << "no overflow";
    checker.backoff_jitter = false;
    EXPECT_EQ(resume_wait(checker, 3, 0), 8s);
}

TEST_F(SubTaskTest, StartsPausedAndRunsWhenTold) {
    start(config::TaskMode::All, {});
    EXPECT_EQ(subtask_->report().stage, Stage::Paused);
    subtask_->resume();
    const SubTaskReport report = await(Stage::Running);
    EXPECT_EQ(report.unit, UnitKind::Copy);
    EXPECT_FALSE(report.is_canceled);
}

TEST_F(SubTaskTest, WhileAUnitIsMadeNothingOfTheOneBeforeIsShown) {
    std::promise<void> connected;
    units_.before_making = [gate = connected.get_future().share()](UnitKind kind) {
        if (kind == UnitKind::Sync) gate.wait();
    };
    start(config::TaskMode::All, {{}});
    subtask_->resume();
    while (subtask_->report().unit != UnitKind::Sync) std::this_thread::yield();
    EXPECT_FALSE(subtask_->report().status) << "the copy's status is not that of replication";
    connected.set_value();
    while (!subtask_->report().status) std::this_thread::yield();
    EXPECT_TRUE(std::holds_alternative<target::SyncStatus>(*subtask_->report().status));
}

TEST_F(SubTaskTest, UnitsFollowOneAnother) {
    start(config::TaskMode::Full, {{}, {}});
    subtask_->resume();
    await(Stage::Finished);
    EXPECT_EQ(units_.history(), (std::vector{UnitKind::Copy, UnitKind::Sync}));
}

TEST_F(SubTaskTest, RecopyGoesBackToTheCopy) {
    start(config::TaskMode::All, {{}, {.kind = Script::Kind::Recopy}, {}, {}});
    subtask_->resume();
    await(Stage::Finished);
    EXPECT_EQ(units_.history(), (std::vector{UnitKind::Copy, UnitKind::Sync, UnitKind::Copy, UnitKind::Sync}));
}

TEST_F(SubTaskTest, ACopyThatNeedsNoReplicationIsTheEnd) {
    start(config::TaskMode::Full, {{.kind = Script::Kind::Complete}});
    subtask_->resume();
    await(Stage::Finished);
    EXPECT_EQ(units_.history(), std::vector{UnitKind::Copy});
}

TEST_F(SubTaskTest, PauseStopsTheUnitAndResumeContinuesWithIt) {
    start(config::TaskMode::All, {{}});
    subtask_->resume();
    while (subtask_->report().unit != UnitKind::Sync || !subtask_->report().status) std::this_thread::yield();
    subtask_->pause();
    const SubTaskReport paused = await(Stage::Paused);
    EXPECT_TRUE(paused.is_canceled);
    EXPECT_TRUE(paused.errors.empty());
    subtask_->resume();
    const SubTaskReport running = await(Stage::Running);
    EXPECT_FALSE(running.is_canceled);
    while (units_.history().size() < 3) std::this_thread::yield();
    EXPECT_EQ(units_.history(), (std::vector{UnitKind::Copy, UnitKind::Sync, UnitKind::Sync}));
}

TEST_F(SubTaskTest, WhatTheCopyNoticedStaysWhenReplicationBegins) {
    start(config::TaskMode::All, {{.kind = Script::Kind::Fail}, {}}, false);
    subtask_->resume();
    await(Stage::Paused);
    while (units_.history().empty()) std::this_thread::yield();
    clock_.wait_for_sleepers(1);
    subtask_->resume();
    while (subtask_->report().unit != UnitKind::Sync || !subtask_->report().status) std::this_thread::yield();
    const SubTaskReport report = subtask_->report();
    const auto noticed = std::get<target::SyncStatus>(*report.status).noticed;
    ASSERT_EQ(noticed.size(), 2U);
    EXPECT_EQ(noticed[0].kind, "view");
    EXPECT_EQ(noticed[0].count, 3U) << "met again by the copy that went on, not another three";
    EXPECT_EQ(noticed[1].kind, "trifle");
}

TEST_F(SubTaskTest, WhatWasNoticedCountsOverPausesAndErrors) {
    start(config::TaskMode::Incremental, {{.kind = Script::Kind::Fail}}, false);
    subtask_->resume();
    const auto counted = [this](Stage stage) {
        const SubTaskReport report = await(stage);
        const auto noticed = std::get<target::SyncStatus>(report.status.value()).noticed;
        return noticed.size() == 1 ? noticed.front().count : 0;
    };
    EXPECT_EQ(counted(Stage::Paused), 2U);
    subtask_->resume();
    while (units_.history().size() < 2) std::this_thread::yield();
    EXPECT_EQ(counted(Stage::Running), 4U);
    subtask_->pause();
    EXPECT_EQ(counted(Stage::Paused), 4U) << "once, not at every question";
    subtask_->resume();
    while (units_.history().size() < 3) std::this_thread::yield();
    EXPECT_EQ(counted(Stage::Running), 6U);
}

TEST_F(SubTaskTest, TransientErrorResumesByItselfAfterTheWait) {
    start(config::TaskMode::Incremental, {{.kind = Script::Kind::Fail}, {.kind = Script::Kind::Fail}});
    subtask_->resume();
    clock_.wait_for_sleepers(1);
    SubTaskReport report = await(Stage::Paused);
    ASSERT_EQ(report.errors.size(), 1U);
    EXPECT_EQ(report.errors[0].code(), ErrorCode::DbBadConnection);
    EXPECT_EQ(report.resume.attempts, 1);
    EXPECT_EQ(report.resume.next_try, clock_.wall_now() + 1s);
    clock_.advance(1s);
    while (subtask_->report().resume.attempts < 2) std::this_thread::yield();
    clock_.wait_for_sleepers(1);
    EXPECT_EQ(subtask_->report().resume.next_try, clock_.wall_now() + 2s);
    clock_.advance(2s);
    report = await(Stage::Running);
    EXPECT_TRUE(report.errors.empty());
}

TEST(ResumesByItself, WhatIsTransientOrAboutConnecting) {
    const auto never = [](ErrorCode code) { return Error(code, "refused").with_retry(RetryClass::Never); };
    EXPECT_TRUE(resumes_by_itself(Error(ErrorCode::DbBadConnection, "away")));
    EXPECT_TRUE(resumes_by_itself(never(ErrorCode::DbDriver))) << "access denied: the password may come right";
    EXPECT_FALSE(resumes_by_itself(never(ErrorCode::DbExecuteFailed)));
    EXPECT_TRUE(resumes_by_itself(Error(ErrorCode::DbExecuteFailed, "deadlock").with_retry(RetryClass::Resume)));
}

TEST_F(SubTaskTest, NobodyIsInStepBetweenTwoRuns) {
    start(config::TaskMode::Incremental, {});
    const auto is_synced = [](const SubTaskReport& report) {
        return std::get<target::SyncStatus>(report.status.value()).is_synced;
    };
    subtask_->resume();
    while (units_.history().empty()) std::this_thread::yield();
    EXPECT_TRUE(is_synced(await(Stage::Running)));
    subtask_->pause();
    EXPECT_TRUE(is_synced(await(Stage::Paused))) << "as far as was known";
    std::optional<SubTaskReport> meanwhile;
    units_.before_making = [&](UnitKind) { meanwhile = subtask_->report(); };
    subtask_->resume();
    while (units_.history().size() < 2) std::this_thread::yield();
    ASSERT_TRUE(meanwhile);
    EXPECT_EQ(meanwhile->stage, Stage::Running);
    EXPECT_FALSE(is_synced(*meanwhile)) << "what is known is of the run before";
    EXPECT_TRUE(is_synced(await(Stage::Running)));
}

TEST_F(SubTaskTest, PermanentErrorWaitsForTheUser) {
    start(config::TaskMode::Incremental, {{.kind = Script::Kind::Fail, .code = ErrorCode::SyncColumnCount}});
    subtask_->resume();
    clock_.wait_for_sleepers(1);
    EXPECT_EQ(await(Stage::Paused).resume.next_try, std::nullopt);
    subtask_->resume();
    EXPECT_TRUE(await(Stage::Running).errors.empty());
}

TEST_F(SubTaskTest, ManualPauseCallsOffTheAutomaticResume) {
    start(config::TaskMode::Incremental, {{.kind = Script::Kind::Fail}});
    subtask_->resume();
    clock_.wait_for_sleepers(1);
    await(Stage::Paused);
    subtask_->pause();
    const SubTaskReport report = subtask_->report();
    EXPECT_TRUE(report.is_canceled);
    EXPECT_EQ(report.errors.size(), 1U) << "the error stays visible";
    EXPECT_EQ(report.resume.next_try, std::nullopt);
    clock_.advance(1h);
    EXPECT_EQ(subtask_->report().stage, Stage::Paused);
}

TEST_F(SubTaskTest, SwitchedOffCheckerDoesNotResume) {
    start(config::TaskMode::Incremental, {{.kind = Script::Kind::Fail}}, false);
    subtask_->resume();
    clock_.wait_for_sleepers(1);
    EXPECT_EQ(await(Stage::Paused).resume.next_try, std::nullopt);
}

TEST_F(SubTaskTest, KillReachesTheUnit) {
    start(config::TaskMode::Incremental, {});
    subtask_->resume();
    while (!subtask_->report().status) std::this_thread::yield();
    subtask_->kill();
    subtask_.reset();
    EXPECT_EQ(units_.kills(), 1);
}

TEST(UnitsOfTest, ModesWithoutAnEngineAreRefused) {
    EXPECT_THROW(static_cast<void>(units_of(config::TaskMode::Dump)), Error);
    EXPECT_THROW(static_cast<void>(units_of(config::TaskMode::LoadAndSync)), Error);
}

TEST_F(SubTaskTest, HistoryOfErrorsIsKeptAndReasonsAreGiven) {
    std::deque<Script> runs(7, {.kind = Script::Kind::Fail});
    runs.push_back({.kind = Script::Kind::Fail, .code = ErrorCode::SyncColumnCount});
    start(config::TaskMode::Incremental, runs);
    subtask_->resume();
    for (std::size_t failures = 1; failures <= 7; ++failures) {
        while (units_.history().size() < failures) std::this_thread::yield();
        const SubTaskReport report = await(Stage::Paused);
        EXPECT_TRUE(report.resume.next_try);
        EXPECT_NE(report.resume.reason.find("automatic attempt"), std::string::npos);
        clock_.wait_for_sleepers(1);
        clock_.advance(5min);
    }
    while (units_.history().size() < 8) std::this_thread::yield();
    SubTaskReport report = await(Stage::Paused);
    EXPECT_FALSE(report.resume.next_try);
    EXPECT_NE(report.resume.reason.find("remove its cause"), std::string::npos);
    EXPECT_EQ(report.resume.history.size(), 5U);
    EXPECT_NE(report.resume.history.back().text.find("code=36027"), std::string::npos);

    subtask_->pause();
    EXPECT_NE(subtask_->report().resume.reason.find("pause-task"), std::string::npos);
    subtask_->resume();
    report = await(Stage::Running);
    EXPECT_TRUE(report.resume.reason.empty());
    EXPECT_EQ(report.resume.history.size(), 5U);
}

}  // namespace
}  // namespace dm::worker
