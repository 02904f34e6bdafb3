#include "core/meta/keys.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace dm::meta::keys {
namespace {

using model::SourceId;
using model::TaskName;
using model::WorkerName;

TEST(KeysTest, ParametersAreHexadecimalAndJoinedBySlashes) {
    EXPECT_EQ(worker(WorkerName("worker1")), "/dm-worker/r/776f726b657231");
    EXPECT_EQ(keep_alive(WorkerName("w/1")), "/dm-worker/a/772f31");
    EXPECT_EQ(source(SourceId("mysql-replica-01")), "/dm-master/v2/upstream/config/6d7973716c2d7265706c6963612d3031");
    EXPECT_EQ(subtask(SourceId("s"), TaskName("t")), "/dm-master/upstream/subtask/73/74");
    EXPECT_EQ(load_task(TaskName("t"), SourceId("s")), "/dm-master/load-task/74/73");
    EXPECT_EQ(encode(kOptimistInfo, {"t", "s", "db", "\xc3\xa9"}), "/dm-master/shardddl-optimism/info/74/73/6462/c3a9");
}

TEST(KeysTest, MissingParametersMakeAWatchPrefix) {
    EXPECT_EQ(encode(kSubTaskStage, {"s"}), "/dm-master/stage/subtask/73/");
    EXPECT_EQ(encode(kSubTaskStage, {}), "/dm-master/stage/subtask/");
    EXPECT_EQ(encode(kOptimistInfo, {"t", "s"}), "/dm-master/shardddl-optimism/info/74/73/");
}

TEST(KeysTest, DecodesWhatItEncodes) {
    const std::vector<std::string> parameters{"a/b", "", "\xff", "x y"};
    std::vector<std::string_view> views(parameters.begin(), parameters.end());
    EXPECT_EQ(decode(kOptimistInfo, encode(kOptimistInfo, views)), parameters);
    EXPECT_EQ(decode(kBound, "/dm-master/bound-worker/4A4b"), std::vector<std::string>{"JK"});
}

TEST(KeysTest, RefusesWhatIsNotItsKey) {
    for (const std::string key : {"/dm-master/bound-worker/4", "/dm-master/bound-worker/zz",
                                  "/dm-master/bound-worker/41/41", "/dm-worker/r/41", ""}) {
        try {
            static_cast<void>(decode(kBound, key));
            ADD_FAILURE() << key << " was accepted";
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::ConfigEtcdUndecodable) << key;
        }
    }
}

}  // namespace
}  // namespace dm::meta::keys
