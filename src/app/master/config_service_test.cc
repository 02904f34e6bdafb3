#include "app/master/config_service.h"

#include <dmmaster.grpc.pb.h>
#include <dmworker.grpc.pb.h>
#include <gmock/gmock.h>

#include "app/master/service_fixture.h"
#include "io/rpc/rpc_server.h"

namespace dm::master {
namespace {

using grpc::ServerContext;
using grpc::Status;
using testing::HasSubstr;

/// Another master and a worker behind one port, as `config master` and `config worker` find them.
class OtherMembers {
  public:
    OtherMembers() { port_.start(); }

    std::string address() const { return "127.0.0.1:" + std::to_string(port_.port()); }
    void refuse(Status how) { master_.answer = worker_.answer = std::move(how); }

  private:
    struct Master final : pb::Master::Service {
        Status GetMasterCfg(ServerContext*, const pb::GetMasterCfgRequest*,
                            pb::GetMasterCfgResponse* response) override {
            response->set_cfg("name = \"m2\"\n");
            return answer;
        }
        Status answer;
    };
    struct Worker final : pb::Worker::Service {
        Status GetWorkerCfg(ServerContext*, const pb::GetWorkerCfgRequest*,
                            pb::GetWorkerCfgResponse* response) override {
            response->set_cfg("name = \"w1\"\n");
            return answer;
        }
        Status answer;
    };

    Master master_;
    Worker worker_;
    rpc::RpcServer port_{{.listen = "127.0.0.1:0"}, {&master_, &worker_}, {}};
};

class ConfigServiceTest : public ServiceTest {
  protected:
    void SetUp() override {
        ServiceTest::SetUp();
        config_.name = "m1";
        members_.all = {
            {.id = 1, .name = "m1", .peer_urls = {}, .client_urls = {"http://127.0.0.1:1"}},
            {.id = 2, .name = "m2", .peer_urls = {}, .client_urls = {"http://" + others_.address()}},
            {.id = 3, .name = "m3", .peer_urls = {}, .client_urls = {}},
            {.id = 4, .name = "m4", .peer_urls = {}, .client_urls = {"http://127.0.0.1:1"}},
        };
        scheduler_->add_worker({.name = WorkerName("w1"), .addr = others_.address()});
        scheduler_->add_worker({.name = WorkerName("w2"), .addr = "127.0.0.1:1"});
    }
    pb::QueryStatusResponse answer_of_worker(const std::string& /*address*/, const pb::QueryStatusRequest&) override {
        return {};
    }
    pb::GetCfgResponse config(pb::CfgType type, const std::string& name) {
        pb::GetCfgRequest request;
        request.set_type(type);
        request.set_name(name);
        return get_config(context_, *scheduler_, request);
    }
    std::string refusal(pb::CfgType type, const std::string& name) {
        try {
            return config(type, name).msg();
        } catch (const Error& error) {
            return error.what();
        }
    }

    OtherMembers others_;
};

TEST_F(ConfigServiceTest, OtherMembersAreAskedForTheirs) {
    EXPECT_TRUE(config(pb::MasterType, "m2").result());
    EXPECT_EQ(config(pb::MasterType, "m2").cfg(), "name = \"m2\"\n");
    EXPECT_TRUE(config(pb::WorkerType, "w1").result());
    EXPECT_EQ(config(pb::WorkerType, "w1").cfg(), "name = \"w1\"\n");
}

TEST_F(ConfigServiceTest, ThisMasterAsksNobodyForItsOwn) {
    others_.refuse({grpc::StatusCode::INTERNAL, "not me"});
    EXPECT_THAT(config(pb::MasterType, "m1").cfg(), HasSubstr("name = \"m1\""));
}

TEST_F(ConfigServiceTest, AMemberThatNeverStartedIsNotFound) {
    EXPECT_EQ(refusal(pb::MasterType, "m3"), "master not found");
}

TEST_F(ConfigServiceTest, WhoDoesNotAnswerIsNamed) {
    for (const auto& [type, name] : {std::pair(pb::MasterType, "m4"), std::pair(pb::WorkerType, "w2")}) {
        EXPECT_THAT(refusal(type, name),
                    testing::AllOf(HasSubstr("[code=38008"), HasSubstr("127.0.0.1:1"), HasSubstr("code = Unavailable")))
            << name;
    }
    others_.refuse({grpc::StatusCode::INTERNAL, "not now"});
    for (const auto& [type, name] : {std::pair(pb::MasterType, "m2"), std::pair(pb::WorkerType, "w1")}) {
        EXPECT_THAT(refusal(type, name),
                    testing::AllOf(HasSubstr(others_.address()), HasSubstr("code = Internal desc = not now")));
    }
}

}  // namespace
}  // namespace dm::master
