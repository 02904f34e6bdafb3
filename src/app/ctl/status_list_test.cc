#include "app/ctl/status_list.h"

#include <dmmaster.pb.h>
#include <gtest/gtest.h>

namespace dm::ctl {
namespace {

pb::SubTaskStatus* add(pb::QueryStatusListResponse& response, const std::string& source, const std::string& task,
                       pb::Stage stage) {
    auto* element = response.add_sources();
    element->set_result(true);
    element->mutable_sourcestatus()->set_source(source);
    auto* subtask = element->add_subtaskstatus();
    subtask->set_name(task);
    subtask->set_stage(stage);
    subtask->set_unit(pb::Sync);
    return subtask;
}

std::string status_of(const pb::QueryStatusListResponse& response) { return summarise(response).at(0).status; }

TEST(StatusList, PrintsNoTasksOnOneLine) {
    pb::QueryStatusListResponse response;
    response.set_result(true);
    EXPECT_EQ(status_list_json(response), "{\n    \"result\": true,\n    \"msg\": \"\",\n    \"tasks\": []\n}");
}

TEST(StatusList, PrintsTasksSortedWithTheirSources) {
    pb::QueryStatusListResponse response;
    response.set_result(true);
    add(response, "s1", "b", pb::Running);
    add(response, "s2", "b", pb::Running);
    add(response, "s3", "a<1>", pb::Finished);
    EXPECT_EQ(status_list_json(response), R"({
    "result": true,
    "msg": "",
    "tasks": [
        {
            "taskName": "a\u003c1\u003e",
            "taskStatus": "Finished",
            "sources": [
                "s3"
            ]
        },
        {
            "taskName": "b",
            "taskStatus": "Running",
            "sources": [
                "s1",
                "s2"
            ]
        }
    ]
})");
}

TEST(StatusList, AnErrorOutweighsEverything) {
    pb::QueryStatusListResponse response;
    add(response, "s1", "t", pb::Paused);
    add(response, "s2", "t", pb::Running);
    EXPECT_EQ(status_of(response), "Paused");
    add(response, "s3", "t", pb::Paused)->mutable_result()->add_errors()->set_errcode(36014);
    EXPECT_EQ(status_of(response),
              "Error - Some error occurred in subtask. Please run `query-status t` to get more details.");
}

TEST(StatusList, MixedStagesAreRunning) {
    pb::QueryStatusListResponse response;
    add(response, "s1", "t", pb::Finished);
    EXPECT_EQ(status_of(response), "Finished");
    add(response, "s2", "t", pb::Running);
    EXPECT_EQ(status_of(response), "Running");
}

TEST(StatusList, APausedRelayIsAnErrorOfTheSyncAboveIt) {
    pb::QueryStatusListResponse response;
    add(response, "s1", "t", pb::Running);
    response.mutable_sources(0)->mutable_sourcestatus()->mutable_relaystatus()->set_stage(pb::Paused);
    EXPECT_EQ(status_of(response), "Error - Relay status is Paused. Please run `query-status t` to get more details.");
}

}  // namespace
}  // namespace dm::ctl
