#include "app/worker/status_message.h"

#include <dmworker.pb.h>
#include <gtest/gtest.h>

namespace dm::worker {
namespace {

SubTaskReport running(const std::string& name, UnitKind unit, target::UnitStatus status) {
    SubTaskReport report;
    report.name = model::TaskName(name);
    report.stage = meta::Stage::Running;
    report.unit = unit;
    report.status = std::move(status);
    return report;
}

TEST(StatusMessageTest, WorkerWithoutASource) {
    const pb::QueryStatusResponse answer = to_message(WorkerReport{.worker = "w1"}, "");
    EXPECT_FALSE(answer.result());
    EXPECT_EQ(answer.sourcestatus().worker(), "w1");
    EXPECT_TRUE(answer.msg().starts_with("[code=40070:")) << answer.msg();
}

TEST(StatusMessageTest, NoTask) {
    const pb::QueryStatusResponse answer = to_message(WorkerReport{.worker = "w1", .source = "s1"}, "");
    EXPECT_TRUE(answer.result());
    EXPECT_EQ(answer.msg(), "no sub task started");
    EXPECT_EQ(answer.sourcestatus().source(), "s1");
}

TEST(StatusMessageTest, WhatIsWrongWithTheSourceIsItsResult) {
    const WorkerReport report{
        .worker = "w1", .source = "s1", .problem = Error(ErrorCode::ConfigFeatureMissing, "no relay")};
    const pb::QueryStatusResponse answer = to_message(report, "");
    EXPECT_TRUE(answer.result());
    ASSERT_EQ(answer.sourcestatus().result().errors_size(), 1);
    EXPECT_EQ(answer.sourcestatus().result().errors(0).message(), "no relay");
}

TEST(StatusMessageTest, UnknownTaskIsNamed) {
    const pb::QueryStatusResponse answer =
        to_message(WorkerReport{.worker = "w1", .source = "s1", .has_subtasks = true}, "other");
    ASSERT_EQ(answer.subtaskstatus_size(), 1);
    EXPECT_EQ(answer.subtaskstatus(0).msg(), "no sub task with name other has started");
    EXPECT_EQ(answer.subtaskstatus(0).stage(), pb::InvalidStage);
}

TEST(StatusMessageTest, CopyIsShownAsLoad) {
    target::CopyStatus copy;
    copy.bytes_done = 250;
    copy.bytes_total = 1000;
    copy.tables_total = 2;
    copy.bytes_per_second = 7;
    const pb::SubTaskStatus message = to_message(running("t", UnitKind::Copy, copy));
    EXPECT_EQ(message.unit(), pb::Load);
    EXPECT_EQ(message.load().progress(), "25.00 %");
    EXPECT_EQ(message.load().bps(), 7);
    EXPECT_FALSE(message.has_result());
}

TEST(StatusMessageTest, CopyIsShownByTables) {
    target::CopyStatus copy;
    copy.bytes_done = 250;
    copy.bytes_total = 1000;
    copy.rows_done = 20;
    copy.rows_total = 90;
    copy.bytes_per_second = 50;
    copy.tables_total = 10;
    copy.tables_done = 3;
    copy.tables_copying = 2;
    copy.tables = {{.source = {"s", "t"},
                    .phase = target::CopyPhase::Finishing,
                    .rows_done = 11,
                    .rows_total = 12,
                    .bytes_done = 13,
                    .bytes_total = 14}};
    const pb::CopyProgress shown = to_message(running("t", UnitKind::Copy, copy)).load().copy();
    EXPECT_EQ(shown.tablesfinished(), 3U);
    EXPECT_EQ(shown.tablescopying(), 2U);
    EXPECT_EQ(shown.tableswaiting(), 5U);
    EXPECT_EQ(shown.rowsdone(), 20U);
    EXPECT_EQ(shown.rowsestimated(), 90U);
    EXPECT_EQ(shown.secondsleft(), 15);
    ASSERT_EQ(shown.tables_size(), 1);
    EXPECT_EQ(shown.tables(0).schema(), "s");
    EXPECT_EQ(shown.tables(0).table(), "t");
    EXPECT_EQ(shown.tables(0).state(), "finishing");
    EXPECT_EQ(shown.tables(0).rowsdone(), 11U);
    EXPECT_EQ(shown.tables(0).bytesestimated(), 14U);
}

TEST(StatusMessageTest, AnEstimateIsNeverComplete) {
    target::CopyStatus copy;
    copy.bytes_done = 2000;
    copy.bytes_total = 1000;
    copy.tables_total = 2;
    copy.tables_done = 1;
    EXPECT_EQ(to_message(running("t", UnitKind::Copy, copy)).load().progress(), "99.99 %");
    EXPECT_EQ(to_message(running("t", UnitKind::Copy, copy)).load().totalbytes(), 2000);
    copy.tables_done = 2;
    EXPECT_EQ(to_message(running("t", UnitKind::Copy, copy)).load().progress(), "100.00 %");
}

TEST(StatusMessageTest, SyncLocations) {
    target::SyncStatus sync;
    sync.flushed.position = {.file = "bin.000002", .offset = 120};
    sync.total_rows = 5;
    sync.is_synced = true;
    const pb::SubTaskStatus message = to_message(running("t", UnitKind::Sync, sync));
    EXPECT_EQ(message.sync().syncerbinlog(), "(bin.000002, 120)");
    EXPECT_EQ(message.sync().masterbinlog(), "");
    EXPECT_EQ(message.sync().totalevents(), 5);
    EXPECT_EQ(message.sync().binlogtype(), "unknown");
    EXPECT_TRUE(message.sync().synced());
}

TEST(StatusMessageTest, WhatWasPassedOverIsShown) {
    target::SyncStatus sync;
    sync.noticed.push_back({.kind = "statement-format DML", .where = "`d`.`t`", .count = 3});
    const pb::SubTaskStatus message = to_message(running("t", UnitKind::Sync, sync));
    ASSERT_EQ(message.sync().noticed_size(), 1);
    EXPECT_EQ(message.sync().noticed(0).kind(), "statement-format DML");
    EXPECT_EQ(message.sync().noticed(0).count(), 3U);
}

TEST(StatusMessageTest, PauseByUserAndByError) {
    SubTaskReport report = running("t", UnitKind::Sync, target::SyncStatus{});
    report.stage = meta::Stage::Paused;
    report.is_canceled = true;
    EXPECT_TRUE(to_message(report).result().iscanceled());
    EXPECT_EQ(to_message(report).result().errors_size(), 0);
    report.is_canceled = false;
    report.errors.push_back(Error(ErrorCode::SyncColumnCount, "3 columns, 2 values"));
    const pb::SubTaskStatus message = to_message(report);
    ASSERT_EQ(message.result().errors_size(), 1);
    EXPECT_EQ(message.result().errors(0).errcode(), 36027);
    EXPECT_EQ(message.result().errors(0).message(), "3 columns, 2 values");
}

TEST(StatusMessageTest, AutomaticResumeIsShownWhereThereWereErrors) {
    SubTaskReport report = running("t", UnitKind::Sync, target::SyncStatus{});
    EXPECT_FALSE(to_message(report).has_autoresume());
    const Clock::WallTime failed{std::chrono::milliseconds(1'700'000'000'250)};
    report.resume = {.attempts = 2,
                     .next_try = failed + std::chrono::seconds(2),
                     .reason = "may go away",
                     .history = {{.time = failed, .text = "connection lost"}}};
    const pb::ResumePlan shown = to_message(report).autoresume();
    EXPECT_EQ(shown.reason(), "may go away");
    EXPECT_EQ(shown.attempts(), 2);
    EXPECT_EQ(shown.nexttry(), "2023-11-14T22:13:22.250000000Z");
    ASSERT_EQ(shown.history_size(), 1);
    EXPECT_EQ(shown.history(0).time(), "2023-11-14T22:13:20.250000000Z");
    EXPECT_EQ(shown.history(0).error(), "connection lost");
}

}  // namespace
}  // namespace dm::worker
