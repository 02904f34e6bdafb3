#include "app/master/status_service.h"

#include <dmmaster.pb.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/master/worker_poll.h"
#include "core/meta/fake_kv_store.h"

namespace dm::master {
namespace {

using testing::HasSubstr;

/// Two sources: s1 on worker w1 with task t, s2 without a worker with task t too.
class StatusServiceTest : public testing::Test {
  protected:
    StatusServiceTest() {
        const model::WorkerName worker("w1");
        scheduler_.recover();
        scheduler_.add_worker({.name = worker, .addr = "host:1"});
        const auto lease = kv_.grant_lease(std::chrono::hours(1));
        store_.put_subtasks({record("s1"), record("s2")});
        kv_.txn({}, {meta::PutOp{.key = "/dm-worker/a/7731",
                                 .value = to_text(meta::KeepAlive{.worker = worker, .join_time = "x"}),
                                 .lease = lease}});
        for (const auto* id : {"s1", "s2", "s3"}) store_.put_source(model::SourceId(id), config::to_toml(source(id)));
        scheduler_.recover();
    }

    static config::SourceConfig source(const std::string& id) {
        config::SourceConfig config;
        config.source_id = model::SourceId(id);
        config.flavor = "mysql";
        config.from.host = "h";
        config.from.port = 1;
        config.from.user = "u";
        return config;
    }
    static meta::SubTaskRecord record(const std::string& source) {
        config::SubTaskConfig config;
        config.name = model::TaskName("t");
        config.source_id = model::SourceId(source);
        return {.id = {.source = config.source_id, .task = config.name},
                .config = config::to_toml(config),
                .expect = meta::Stage::Running,
                .validator = {}};
    }
    pb::QueryStatusListResponse ask(const std::string& task, const std::vector<std::string>& sources = {}) {
        pb::QueryStatusListRequest request;
        request.set_name(task);
        for (const auto& id : sources) request.add_sources(id);
        return query_status(scheduler_, answer_, request);
    }

    ManualClock clock_;
    meta::FakeKvStore kv_{clock_};
    meta::ClusterStore store_{kv_, clock_};
    Scheduler scheduler_{store_};
    QueryWorker answer_ = [](const std::string& address, const pb::QueryStatusRequest& request) {
        EXPECT_EQ(address, "host:1");
        pb::QueryStatusResponse response;
        response.set_result(true);
        response.add_subtaskstatus()->set_name(request.name().empty() ? "t" : request.name());
        return response;
    };
};

TEST_F(StatusServiceTest, CollectsBoundSourcesAndNamesTheTasksOfTheOthers) {
    const auto response = ask("");
    EXPECT_TRUE(response.result());
    ASSERT_EQ(response.sources_size(), 2) << "s3 has neither worker nor task";
    EXPECT_EQ(response.sources(0).sourcestatus().source(), "s1");
    EXPECT_EQ(response.sources(0).sourcestatus().worker(), "w1");
    EXPECT_FALSE(response.sources(1).result());
    EXPECT_EQ(response.sources(1).sourcestatus().worker(), "source not bound");
    EXPECT_EQ(response.sources(1).subtaskstatus(0).name(), "t");
    EXPECT_EQ(response.sources(1).subtaskstatus(0).stage(), pb::InvalidStage);
}

TEST_F(StatusServiceTest, RefusesNamesItDoesNotKnow) {
    EXPECT_EQ(ask("nope").msg(), "task nope has no source or not exist");
    const auto response = ask("", {"s1", "a", "b"});
    EXPECT_FALSE(response.result());
    EXPECT_EQ(response.msg(), "sources [a b] haven't been added");
    EXPECT_EQ(response.sources_size(), 0);
}

TEST_F(StatusServiceTest, ASourceThatWasAskedForGetsAnElement) {
    const auto response = ask("", {"s3"});
    ASSERT_EQ(response.sources_size(), 1);
    EXPECT_THAT(response.sources(0).msg(), HasSubstr("[code=38029"));
    EXPECT_THAT(response.sources(0).msg(), HasSubstr("s3 relevant worker-client not found"));
}

TEST_F(StatusServiceTest, AnUnreachableWorkerIsSaidSo) {
    answer_ = [](const std::string&, const pb::QueryStatusRequest&) -> pb::QueryStatusResponse {
        throw Error(ErrorCode::MasterGrpcRequest, "grpc request error")
            .with_cause("rpc error: code = Unavailable desc = gone");
    };
    const auto response = ask("t", {"s1"});
    EXPECT_TRUE(response.result());
    EXPECT_EQ(response.sources(0).sourcestatus().worker(), "w1");
    EXPECT_THAT(response.sources(0).msg(), HasSubstr("[code=38008:class=dm-master:scope=internal:level=high], Message: "
                                                     "grpc request error, RawCause: rpc error"));
}

}  // namespace
}  // namespace dm::master
