#include "app/ctl/table_view.h"

#include <dmmaster.pb.h>
#include <gtest/gtest.h>

namespace dm::ctl {
namespace {

/// One subtask of task t on source s1, served by w1, in the sync unit.
pb::QueryStatusListResponse in_sync_unit(pb::Stage stage, const std::string& at, const std::string& source_at) {
    pb::QueryStatusListResponse response;
    response.set_result(true);
    auto& source = *response.add_sources();
    source.set_result(true);
    source.mutable_sourcestatus()->set_source("s1");
    source.mutable_sourcestatus()->set_worker("w1");
    auto& subtask = *source.add_subtaskstatus();
    subtask.set_name("t");
    subtask.set_stage(stage);
    subtask.set_unit(pb::Sync);
    subtask.mutable_sync()->set_syncerbinlog(at);
    subtask.mutable_sync()->set_masterbinlog(source_at);
    subtask.mutable_sync()->set_synced(at == source_at);
    return response;
}

std::string row(const std::string& stage, const std::string& progress) {
    const auto padded = [](std::string text, std::size_t width) {
        text.resize(std::max(text.size(), width), ' ');
        return text;
    };
    const std::size_t width = std::max<std::size_t>(progress.size(), 8);
    return "TASK  SOURCE  WORKER  " + padded("STAGE", stage.size()) + "  UNIT  " + padded("PROGRESS", width) +
           "  RATE\n" + "t     s1      w1      " + stage + "  Sync  " + padded(progress, width) + "  0 rows/s\n";
}

TEST(TableView, SaysOfReplicationWhatIsKnown) {
    EXPECT_EQ(status_table(in_sync_unit(pb::Running, "(b.1, 9)", "(b.1, 9)"), false), row("Running", "in step"));
    EXPECT_EQ(status_table(in_sync_unit(pb::Running, "(b.1, 9)", "(b.1, 99)"), false), row("Running", "0s behind"));
    EXPECT_EQ(status_table(in_sync_unit(pb::Paused, "(b.1, 9)", "(b.1, 9)"), false), row("Paused", "in step"));
    EXPECT_EQ(status_table(in_sync_unit(pb::Paused, "(b.1, 9)", "(b.1, 99)"), false), row("Paused", "behind"))
        << "how long is not known while nothing is read";
    EXPECT_EQ(status_table(in_sync_unit(pb::Finished, "(b.1, 9)", ""), false), row("Finished", "done"));
}

TEST(TableView, ASourceThatDoesNotAnswerIsNotCalledInStep) {
    EXPECT_EQ(status_table(in_sync_unit(pb::Running, "(b.1, 9)", ""), false),
              row("Running", "the source does not answer"));
    EXPECT_EQ(status_table(in_sync_unit(pb::Running, "(, 4)", ""), false), row("Running", "starting"));
    EXPECT_EQ(status_table(in_sync_unit(pb::Paused, "(, 4)", ""), false), row("Paused", "the source does not answer"));
}

TEST(TableView, NobodyIsSaidToHaveNoTasksWhoCouldNotBeAsked) {
    pb::QueryStatusListResponse response;
    response.set_result(true);
    EXPECT_EQ(status_table(response, false), "no tasks\n");
    auto& source = *response.add_sources();
    source.set_msg("grpc request error");
    source.mutable_sourcestatus()->set_source("s1");
    EXPECT_EQ(status_table(response, false), "s1: grpc request error\n");
}

TEST(TableView, ALeaderWithoutTheMastersHasALineOfItsOwn) {
    pb::ListMemberResponse response;
    response.set_result(true);
    auto& leader = *response.add_members()->mutable_leader();
    leader.set_name("m1");
    leader.set_addr("h:1");
    EXPECT_EQ(member_table(response, false),
              "KIND    NAME  ADDRESS  STATE  SOURCE\n"
              "leader  m1    h:1             \n");
}

TEST(TableView, ColumnsOfWideNamesStandBelowEachOther) {
    pb::ListMemberResponse response;
    response.set_result(true);
    for (const auto* source : {"\xe5\x90\x8d\xe5\x89\x8d", "a\nb"}) {
        auto& worker = *response.add_members()->mutable_worker()->add_workers();
        worker.set_name(source);
        worker.set_addr("h:1");
        worker.set_stage("bound");
        worker.set_source("s");
    }
    EXPECT_EQ(member_table(response, false),
              "KIND    NAME  ADDRESS  STATE  SOURCE\n"
              "worker  \xe5\x90\x8d\xe5\x89\x8d  h:1      bound  s\n"
              "worker  a?b   h:1      bound  s\n");
}

}  // namespace
}  // namespace dm::ctl
