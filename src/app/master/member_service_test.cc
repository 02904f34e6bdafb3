#include "app/master/member_service.h"

#include <gmock/gmock.h>

#include "app/master/config_service.h"
#include "app/master/service_fixture.h"

namespace dm::master {
namespace {

using testing::HasSubstr;

/// Masters m1 (this one), m2 and m3; worker w1 serves s1, w2 is free, w3 offline; task t on s1.
class MemberServiceTest : public ServiceTest {
  protected:
    void SetUp() override {
        ServiceTest::SetUp();
        config_.name = "m1";
        members_.all = {
            {.id = 3, .name = "m3", .peer_urls = {"http://p3"}, .client_urls = {"http://frozen:8261"}},
            {.id = 2, .name = "m2", .peer_urls = {"http://p2"}, .client_urls = {"http://healthy:8261"}},
            {.id = 1, .name = "m1", .peer_urls = {"http://p1"}, .client_urls = {"http://m1:8261"}},
        };
        start_worker("w1");
        add_source("s1");
        start_worker("w2");
        add_worker("w3");
        auto subtask = subtask_config(TaskName("t"), SourceId("s1"));
        subtask.to.password = "secret";
        scheduler_->add_subtasks({subtask});
    }
    pb::QueryStatusResponse answer_of_worker(const std::string& /*address*/, const pb::QueryStatusRequest&) override {
        return {};
    }
    pb::ListMemberResponse list(const pb::ListMemberRequest& request) {
        return list_members(context_, *scheduler_, meta::Leader{.id = "m2", .addr = "m2:8261"}, request);
    }
    pb::GetCfgResponse config(pb::CfgType type, const std::string& name) {
        pb::GetCfgRequest request;
        request.set_type(type);
        request.set_name(name);
        return get_config(context_, *scheduler_, request);
    }
};

TEST_F(MemberServiceTest, AllMembersAreListedInOrder) {
    const auto response = list({});
    ASSERT_EQ(response.members_size(), 3);
    EXPECT_EQ(response.members(0).leader().name(), "m2");
    EXPECT_EQ(response.members(0).leader().addr(), "m2:8261");
    const auto& masters = response.members(1).master().masters();
    ASSERT_EQ(masters.size(), 3);
    EXPECT_EQ(masters[0].name(), "m1");
    EXPECT_TRUE(masters[0].alive()) << "whoever answers is alive";
    EXPECT_TRUE(masters[1].alive());
    EXPECT_EQ(masters[1].memberid(), 2U);
    EXPECT_EQ(masters[1].peerurls(0), "http://p2");
    EXPECT_FALSE(masters[2].alive());
    const auto& workers = response.members(2).worker().workers();
    ASSERT_EQ(workers.size(), 3);
    EXPECT_EQ(workers[0].stage() + " " + workers[0].source(), "bound s1");
    EXPECT_EQ(workers[1].stage() + " " + workers[1].addr(), "free w2:8262");
    EXPECT_EQ(workers[2].stage(), "offline");
}

TEST_F(MemberServiceTest, KindsAndNamesAreChosen) {
    pb::ListMemberRequest request;
    request.set_worker(true);
    request.add_names("w2");
    auto response = list(request);
    ASSERT_EQ(response.members_size(), 1);
    ASSERT_EQ(response.members(0).worker().workers_size(), 1);
    EXPECT_EQ(response.members(0).worker().workers(0).name(), "w2");
    request.Clear();
    request.set_leader(true);
    response = list_members(context_, *scheduler_, std::nullopt, request);
    EXPECT_THAT(response.members(0).leader().msg(), HasSubstr("no leader"));
}

TEST_F(MemberServiceTest, MembersAreTakenAway) {
    pb::OfflineMemberRequest request;
    request.set_type("master");
    request.set_name("m3");
    EXPECT_TRUE(offline_member(context_, *scheduler_, request).result());
    EXPECT_EQ(members_.all.size(), 2U);
    EXPECT_EQ(code_of([&] { (void)offline_member(context_, *scheduler_, request); }), ErrorCode::MasterOfflineName);
    request.set_type("worker");
    request.set_name("w3");
    EXPECT_TRUE(offline_member(context_, *scheduler_, request).result());
    request.set_name("w1");
    EXPECT_EQ(code_of([&] { (void)offline_member(context_, *scheduler_, request); }), ErrorCode::SchedulerWorkerOnline);
    request.set_type("other");
    EXPECT_EQ(code_of([&] { (void)offline_member(context_, *scheduler_, request); }), ErrorCode::MasterOfflineType);
}

TEST_F(MemberServiceTest, TheLastMasterStays) {
    members_.all = {{.id = 1, .name = "m1", .peer_urls = {}, .client_urls = {}}};
    const meta::Leader leader{.id = "m1", .addr = "m1:8261"};
    kv_.txn({}, {meta::PutOp{.key = std::string(meta::keys::kLeader) + "/1", .value = to_text(leader)}});
    pb::OfflineMemberRequest request;
    request.set_type("master");
    request.set_name("m1");
    EXPECT_EQ(code_of([&] { (void)offline_member(context_, *scheduler_, request); }), ErrorCode::MasterOfflineName);
    EXPECT_EQ(members_.all.size(), 1U);
    EXPECT_EQ(kv_.get(std::string(meta::keys::kLeader) + "/", true).items.size(), 1U) << "it goes on leading";
}

TEST_F(MemberServiceTest, ConfigurationsAreShownWithoutPasswords) {
    const auto task = config(pb::TaskType, "t");
    EXPECT_TRUE(task.result());
    EXPECT_THAT(task.cfg(), testing::AllOf(HasSubstr("name: t"), HasSubstr("******")));
    EXPECT_THAT(task.cfg(), testing::Not(HasSubstr("secret")));
    EXPECT_THAT(config(pb::SourceType, "s1").cfg(), HasSubstr("source-id: s1"));
    EXPECT_THAT(config(pb::MasterType, "m1").cfg(), HasSubstr("name = \"m1\""));
}

TEST_F(MemberServiceTest, WhatIsNotThereIsSaid) {
    EXPECT_EQ(config(pb::TaskType, "u").msg(), "task not found");
    EXPECT_EQ(config(pb::SourceType, "s9").msg(), "source not found");
    EXPECT_EQ(config(pb::MasterType, "m9").msg(), "master not found");
    EXPECT_EQ(config(pb::WorkerType, "w9").msg(), "worker not found");
    EXPECT_EQ(config(pb::TaskTemplateType, "t").msg(), "task not found");
    EXPECT_FALSE(config(pb::TaskType, "u").result());
    EXPECT_EQ(code_of([&] { (void)config(pb::InvalidType, "t"); }), ErrorCode::MasterInvalidOp);
    scheduler_->store().put_task_template(TaskName("t"), "{}");
    EXPECT_EQ(code_of([&] { (void)config(pb::TaskTemplateType, "t"); }), ErrorCode::ConfigFeatureMissing);
}

}  // namespace
}  // namespace dm::master
