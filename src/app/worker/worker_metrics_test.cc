#include "app/worker/worker_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dm::worker {
namespace {

using testing::HasSubstr;
using testing::Not;

class FailingUnit final : public target::Unit {
  public:
    target::UnitOutcome run(std::stop_token) override {
        throw Error(ErrorCode::SyncPanic, "broken").with_retry(RetryClass::Resume);
    }
    void kill() noexcept override {}
    [[nodiscard]] target::UnitStatus status() const override { return target::CopyStatus{.bytes_done = 7}; }
};

class WorkerMetricsTest : public testing::Test {
  protected:
    static SubTaskReport report(meta::Stage stage) {
        SubTaskReport report;
        report.name = model::TaskName("t");
        report.stage = stage;
        report.unit = UnitKind::Copy;
        return report;
    }

    metrics::Registry registry_;
    ManualClock clock_;
    WorkerMetrics metrics_{registry_, clock_, "w"};
};

TEST_F(WorkerMetricsTest, AStageIsShownUntilTheTaskIsOverOrGone) {
    metrics_.refresh("s", {report(meta::Stage::Paused)});
    EXPECT_THAT(registry_.expose(), HasSubstr("dm_worker_task_state{source_id=\"s\",task=\"t\",worker=\"w\"} 3"));
    metrics_.refresh("s", {report(meta::Stage::Finished)});
    EXPECT_THAT(registry_.expose(), Not(HasSubstr("dm_worker_task_state{")));
    metrics_.refresh("s", {report(meta::Stage::Running)});
    EXPECT_THAT(registry_.expose(), HasSubstr("dm_worker_task_state{source_id=\"s\",task=\"t\",worker=\"w\"} 2"));
    metrics_.refresh("", {});
    EXPECT_THAT(registry_.expose(), Not(HasSubstr("task=\"t\"")));
}

TEST_F(WorkerMetricsTest, ACopyIsShownAsDumpAndLoad) {
    auto copying = report(meta::Stage::Running);
    copying.status = target::CopyStatus{.bytes_done = 100,
                                        .bytes_total = 400,
                                        .rows_done = 10,
                                        .rows_total = 40,
                                        .tables_done = 1,
                                        .tables_total = 4,
                                        .chunks = {.pending = 2, .running = 1, .done = 5, .failed = 1}};
    metrics_.refresh("s", {copying});
    const std::string text = registry_.expose();
    const std::string labels = "source_id=\"s\",";
    EXPECT_THAT(text, HasSubstr("lightning_chunks{" + labels + "state=\"estimated\",task=\"t\"} 20"));
    EXPECT_THAT(text, HasSubstr("lightning_chunks{" + labels + "state=\"finished\",task=\"t\"} 5"));
    EXPECT_THAT(text, HasSubstr("lightning_progress{phase=\"total\"," + labels + "task=\"t\"} 0.25"));
    EXPECT_THAT(text, HasSubstr("dumpling_dump_finished_rows{" + labels + "task=\"t\"} 10"));
    EXPECT_THAT(text, HasSubstr("dumpling_dump_estimate_total_rows{" + labels + "task=\"t\"} 40"));
    metrics_.refresh("s", {report(meta::Stage::Running)});
    EXPECT_THAT(registry_.expose(), Not(HasSubstr("lightning_chunks{")));
}

TEST_F(WorkerMetricsTest, FailuresAreCountedByKindAndWhetherTheyPass) {
    config::SubTaskConfig config;
    config.name = model::TaskName("t");
    config.source_id = model::SourceId("s");
    const auto make = metrics_.counted(
        [](UnitKind kind, const config::SubTaskConfig&, std::stop_token) -> std::unique_ptr<target::Unit> {
            if (kind == UnitKind::Sync) throw Error(ErrorCode::SyncPanic, "broken").with_retry(RetryClass::Never);
            return std::make_unique<FailingUnit>();
        });
    const auto unit = make(UnitKind::Copy, config, {});
    EXPECT_THROW(unit->run({}), Error);
    EXPECT_EQ(std::get<target::CopyStatus>(unit->status()).bytes_done, 7U);
    EXPECT_THROW(make(UnitKind::Sync, config, {}), Error);
    const std::string text = registry_.expose();
    for (const char* series : {R"(dm_loader_exit_with_error_count{resumable_err="true",source_id="s",task="t"} 1)",
                               R"(dm_loader_exit_with_error_count{resumable_err="false",source_id="s",task="t"} 0)",
                               R"(dm_syncer_exit_with_error_count{resumable_err="false",source_id="s",task="t"} 1)"}) {
        EXPECT_THAT(text, HasSubstr(series));
    }
}

TEST_F(WorkerMetricsTest, FailedOperationsAreCounted) {
    EXPECT_THAT(registry_.expose(), HasSubstr(R"(dm_worker_operate_error{type="SourceBound",worker="w"} 0)"));
    metrics_.operation_failed("SourceBound");
    EXPECT_THAT(registry_.expose(), HasSubstr(R"(dm_worker_operate_error{type="SourceBound",worker="w"} 1)"));
}

}  // namespace
}  // namespace dm::worker
