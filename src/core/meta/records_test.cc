#include "core/meta/records.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace dm::meta {
namespace {

using model::SourceId;
using model::TaskName;
using model::WorkerName;

TEST(RecordsTest, TextsAreThePublishedOnes) {
    EXPECT_EQ(to_text(WorkerInfo{WorkerName("w1"), "127.0.0.1:8262"}), R"({"name":"w1","addr":"127.0.0.1:8262"})");
    EXPECT_EQ(to_text(KeepAlive{WorkerName("w1"), "2024-05-01T08:09:10Z"}),
              R"({"worker-name":"w1","join-time":"2024-05-01T08:09:10Z"})");
    EXPECT_EQ(to_text(SourceBound{SourceId("s1"), WorkerName("w1")}), R"({"source":"s1","worker":"w1"})");
    EXPECT_EQ(to_text(RelayStage{Stage::Running, SourceId("s1")}), R"({"expect":2,"source":"s1"})");
    EXPECT_EQ(to_text(SubTaskStage{Stage::Paused, SourceId("s1"), TaskName("t")}),
              R"({"expect":3,"source":"s1","task":"t"})");
    EXPECT_EQ(to_text(ClusterVersion{4, "v8.1.0"}), R"({"internal-no":4,"release-ver":"v8.1.0"})");
    EXPECT_EQ(to_text(TaskArguments{"2024-01-01", "60s", ""}),
              R"({"start_time":"2024-01-01","safe_mode_duration":"60s","wait_time_on_stop":""})");
    EXPECT_EQ(to_text(Leader{"m1", "127.0.0.1:8261"}), R"({"id":"m1","addr":"127.0.0.1:8261"})");
    EXPECT_EQ(to_text(LoadBarrier::NotReady), R"("not-ready")");
    EXPECT_EQ(load_task_text(WorkerName("w<1>")), R"("w\u003c1\u003e")");
}

TEST(RecordsTest, ReadsWhatItWrites) {
    const SubTaskStage stage{Stage::Stopped, SourceId("a&b\"\n"), TaskName("t\u2028")};
    EXPECT_EQ(parse_subtask_stage(to_text(stage)), stage);
    const KeepAlive alive{WorkerName("w"), "now"};
    EXPECT_EQ(parse_keep_alive(to_text(alive)), alive);
    for (const auto barrier : {LoadBarrier::NotReady, LoadBarrier::Ready, LoadBarrier::Finished})
        EXPECT_EQ(parse_load_barrier(to_text(barrier)), barrier);
    EXPECT_EQ(parse_load_task(load_task_text(WorkerName("w1"))), WorkerName("w1"));
}

TEST(RecordsTest, UnknownKeysAreIgnoredAndAbsentOnesEmpty) {
    EXPECT_EQ(parse_source_bound(R"({"source":"s1","more":{"a":[1]}})"), (SourceBound{SourceId("s1"), WorkerName()}));
    EXPECT_EQ(parse_cluster_version("{}"), ClusterVersion{});
}

TEST(RecordsTest, RefusesOtherTexts) {
    for (const char* text : {"", "{", "[]", "null", R"({"expect":"2"})", R"({"expect":9})", R"({"expect":-1})",
                             R"({"source":1})", R"({"expect":2,"source":"s")"}) {
        try {
            static_cast<void>(parse_relay_stage(text));
            ADD_FAILURE() << text << " was accepted";
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::HaItem) << text;
        }
    }
    EXPECT_THROW(static_cast<void>(parse_load_barrier(R"("done")")), Error);
    EXPECT_THROW(static_cast<void>(parse_load_task("{}")), Error);
}

}  // namespace
}  // namespace dm::meta
