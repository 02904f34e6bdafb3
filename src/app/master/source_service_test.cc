#include "app/master/source_service.h"

#include <map>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "app/master/service_fixture.h"
#include "core/sql/fake_sql_session.h"

namespace dm::master {
namespace {

using testing::HasSubstr;

constexpr std::string_view kKey = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// Upstreams by port, each with the password it wants.
class SourceServiceTest : public ServiceTest {
  protected:
    SourceServiceTest() {
        key_ = config::SecretKey::from_hex(kKey);
        server_.on("SHOW GLOBAL VARIABLES LIKE 'log_bin'",
                   sql::FakeSqlServer::result({"Variable_name", "Value"}, {{"log_bin", "ON"}}));
        server_.on("SHOW GLOBAL VARIABLES LIKE 'gtid_mode'",
                   sql::FakeSqlServer::result({"Variable_name", "Value"}, {{"gtid_mode", "OFF"}}));
        server_.on("SHOW GLOBAL VARIABLES LIKE 'server_id'",
                   sql::FakeSqlServer::result({"Variable_name", "Value"}, {{"server_id", "11"}}));
    }

    std::unique_ptr<sql::SqlSession> connect(const config::DbConfig& database, ErrorScope scope) override {
        const auto wanted = passwords_.find(database.port);
        if (wanted == passwords_.end())
            throw Error(ErrorCode::DbBadConnection, "cannot connect").with_scope(scope).with_cause("Error 2003");
        if (database.password != wanted->second)
            throw Error(ErrorCode::DbBadConnection, "cannot connect").with_scope(scope).with_cause("Error 1045");
        return server_.connect();
    }
    pb::QueryStatusResponse answer_of_worker(const std::string& address, const pb::QueryStatusRequest&) override {
        pb::QueryStatusResponse response;
        response.set_result(true);
        scheduler_->read([&](const ClusterTable& table) {
            for (const auto& [name, row] : table.workers())
                if (row.info.addr == address && row.source)
                    response.mutable_sourcestatus()->set_source(row.source->str());
        });
        if (serves_for_ && response.sourcestatus().source().empty() && serves_for_->second > 0) {
            --serves_for_->second;
            response.mutable_sourcestatus()->set_source(serves_for_->first);
        }
        return response;
    }

    static std::string yaml(const std::string& id, int port, const std::string& password = "secret",
                            const std::string& more = "") {
        return fmt::format("source-id: {}\n{}from:\n  host: 10.0.0.1\n  port: {}\n  user: dm\n  password: '{}'\n", id,
                           more, port, password);
    }
    pb::OperateSourceResponse operate(pb::SourceOp op, const std::vector<std::string>& configs,
                                      const std::string& worker = "", const std::vector<std::string>& ids = {}) {
        pb::OperateSourceRequest request;
        request.set_op(op);
        for (const auto& text : configs) request.add_config(text);
        for (const auto& id : ids) request.add_sourceid(id);
        request.set_workername(worker);
        return operate_source(context_, *scheduler_, request);
    }
    std::string stored() {
        std::string all;
        for (const auto& item : kv_.get("/dm-master/v2/upstream/config/", true).items) all += item.value + "\n";
        return all;
    }
    meta::Revision revision() { return kv_.get("/", true).revision; }

    sql::FakeSqlServer server_;
    /// A worker that was taken its source still serves this one, for so many answers.
    std::optional<std::pair<std::string, int>> serves_for_;
    std::map<int, std::string> passwords_{{3306, "secret"}, {3307, "secret"}};
};

TEST_F(SourceServiceTest, CreateAsksTheServerAndFillsInWhatWasLeftOut) {
    start_worker("w1");
    const auto response = operate(pb::StartSource, {yaml("s1", 3306)});
    EXPECT_TRUE(response.result());
    ASSERT_EQ(response.sources_size(), 1);
    EXPECT_TRUE(response.sources(0).result()) << response.sources(0).msg();
    EXPECT_EQ(response.sources(0).source(), "s1");
    EXPECT_EQ(response.sources(0).worker(), "w1");
    scheduler_->read([](const ClusterTable& table) {
        const auto& config = *table.source(SourceId("s1"))->config;
        EXPECT_EQ(config.flavor, "mysql");
        EXPECT_GE(config.server_id, 429496729U);
        EXPECT_EQ(config.from.password, "secret");
    });
}

TEST_F(SourceServiceTest, AnEncryptedPasswordIsDecryptedBeforeItIsTriedAndKept) {
    operate(pb::StartSource, {yaml("s1", 3306, key_->encrypt("secret"))});
    EXPECT_THAT(stored(), HasSubstr("password = \"secret\""));
    // What is encrypted with another key is no password.
    const auto other = config::SecretKey::from_hex(std::string(64, 'a'));
    EXPECT_EQ(code_of([&] { operate(pb::StartSource, {yaml("s2", 3306, other.encrypt("secret"))}); }),
              ErrorCode::ConfigPassword);
}

TEST_F(SourceServiceTest, WithoutAKeyAPasswordIsPlain) {
    key_.reset();
    operate(pb::StartSource, {yaml("s1", 3306)});
    EXPECT_THAT(stored(), HasSubstr("password = \"secret\""));
}

TEST_F(SourceServiceTest, ASourceThatCannotBeReachedIsNotKept) {
    const auto before = revision();
    for (const auto& text : {yaml("s1", 3306, "wrong"), yaml("s1", 9999)}) {
        try {
            operate(pb::StartSource, {text});
            ADD_FAILURE() << "taken";
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::DbBadConnection);
            EXPECT_THAT(error.what(), testing::Not(HasSubstr("wrong")));
        }
    }
    EXPECT_EQ(revision(), before);
}

TEST_F(SourceServiceTest, WrongSettingsAreRefusedBeforeAnythingIsWritten) {
    const auto before = revision();
    const std::vector<std::pair<std::string, ErrorCode>> cases = {
        {yaml("s1", 3306, "secret", "flavor: mariadb\n"), ErrorCode::FlavorUnsupported},
        {yaml("s1", 3306, "secret", "enable-gtid: true\n"), ErrorCode::CheckGtidMode},
        {yaml("s1", 3306, "secret", "surce: 1\n"), ErrorCode::ConfigYaml},
        {yaml("s1", 3306, "secret", "enable-relay: true\n"), ErrorCode::ConfigFeatureMissing},
        {yaml("", 3306), ErrorCode::WorkerSourceIdEmpty},
        {yaml(std::string(33, 's'), 3306), ErrorCode::WorkerSourceIdLong},
        {"", ErrorCode::WorkerSourceIdEmpty},
        {"- a\n- b\n", ErrorCode::ConfigYaml},
    };
    for (const auto& [text, code] : cases)
        EXPECT_EQ(code_of([&, &config = text] { operate(pb::StartSource, {config}); }), code) << text;
    EXPECT_EQ(revision(), before);
}

TEST_F(SourceServiceTest, OneBadFileOfSeveralLeavesNone) {
    start_worker("w1");
    EXPECT_EQ(code_of([&] {
                  operate(pb::StartSource, {yaml("s1", 3306), yaml("s2", 3307, "wrong")});
              }),
              ErrorCode::DbBadConnection);
    EXPECT_EQ(code_of([&] {
                  operate(pb::StartSource, {yaml("s1", 3306), yaml("s1", 3307)});
              }),
              ErrorCode::SchedulerSourceExists);
    EXPECT_EQ(stored(), "");
    EXPECT_EQ(stage_of("w1"), "free");
    expect_faithful();
}

TEST_F(SourceServiceTest, ASourceThatIsThereStaysAsItIs) {
    operate(pb::StartSource, {yaml("s1", 3306)});
    const auto before = stored();
    EXPECT_EQ(code_of([&] { operate(pb::StartSource, {yaml("s1", 3307)}); }), ErrorCode::SchedulerSourceExists);
    EXPECT_EQ(stored(), before);
}

TEST_F(SourceServiceTest, TheChosenWorkerMustBeFree) {
    start_worker("w1");
    start_worker("w2");
    EXPECT_EQ(operate(pb::StartSource, {yaml("s1", 3306)}, "w2").sources(0).worker(), "w2");
    EXPECT_EQ(code_of([&] { operate(pb::StartSource, {yaml("s2", 3307)}, "w2"); }), ErrorCode::SchedulerWorkerNotFree);
    EXPECT_EQ(code_of([&] { operate(pb::StartSource, {yaml("s2", 3307)}, "w9"); }), ErrorCode::SchedulerWorkerMissing);
    expect_faithful();
}

TEST_F(SourceServiceTest, SourcesWithoutAWorkerComeFirst) {
    start_worker("w1");
    const auto created = operate(pb::StartSource, {yaml("s1", 3306), yaml("s2", 3307)});
    for (const auto& response : {created, operate(pb::ShowSource, {})}) {
        ASSERT_EQ(response.sources_size(), 2);
        EXPECT_EQ(response.sources(0).source(), "s2");
        EXPECT_EQ(response.sources(0).msg(), "source is added but there is no free worker to bound");
        EXPECT_TRUE(response.sources(0).result());
        EXPECT_EQ(response.sources(1).worker(), "w1");
    }
    EXPECT_EQ(operate(pb::ShowSource, {}, "", {"s1"}).sources_size(), 1);
    EXPECT_EQ(code_of([&] { operate(pb::ShowSource, {}, "", {"s1", "s9"}); }), ErrorCode::SchedulerSourceMissing);
}

TEST_F(SourceServiceTest, WhatIsWrongWithASourceIsShown) {
    start_worker("w1");
    operate(pb::StartSource, {yaml("s1", 3306)});
    EXPECT_EQ(operate(pb::ShowSource, {}).sources(0).msg(), "");
    context_.query_worker = [](const std::string&, const pb::QueryStatusRequest&) {
        pb::QueryStatusResponse response;
        response.mutable_sourcestatus()->set_source("s1");
        response.mutable_sourcestatus()->mutable_result()->add_errors()->set_message("no relay");
        return response;
    };
    auto shown = operate(pb::ShowSource, {}).sources(0);
    EXPECT_TRUE(shown.result());
    EXPECT_THAT(shown.msg(), testing::AllOf(HasSubstr("code=38032"), HasSubstr("no relay")));
    context_.query_worker = [](const std::string&, const pb::QueryStatusRequest&) -> pb::QueryStatusResponse {
        throw Error(ErrorCode::MasterGrpcRequest, "gone");
    };
    shown = operate(pb::ShowSource, {}).sources(0);
    EXPECT_TRUE(shown.result());
    EXPECT_THAT(shown.msg(), HasSubstr("gone"));
}

TEST_F(SourceServiceTest, StopDoesNotAskTheServerAndEndsAtTheFirstFailure) {
    start_worker("w1");
    operate(pb::StartSource, {yaml("s1", 3306), yaml("s2", 3307)});
    passwords_.clear();
    scheduler_->add_subtasks({subtask_config(TaskName("t"), SourceId("s1"))});
    const auto partial = operate(pb::StopSource, {yaml("s2", 3307)}, "", {"s1"});
    EXPECT_FALSE(partial.result());
    EXPECT_THAT(partial.msg(), HasSubstr("code=46010"));
    ASSERT_EQ(partial.sources_size(), 1) << "s2 was removed before";
    EXPECT_EQ(partial.sources(0).source(), "s2");
    EXPECT_EQ(operate(pb::ShowSource, {}).sources_size(), 1);
    scheduler_->remove_subtasks(TaskName("t"), {});
    const auto response = operate(pb::StopSource, {}, "", {"s1"});
    EXPECT_TRUE(response.result());
    EXPECT_EQ(response.sources(0).worker(), "w1");
    EXPECT_EQ(stored(), "");
    EXPECT_THAT(operate(pb::StopSource, {}, "", {"s1"}).msg(), HasSubstr("code=46008"));
}

TEST_F(SourceServiceTest, StopWaitsUntilTheWorkerHasLetGo) {
    start_worker("w1");
    operate(pb::StartSource, {yaml("s1", 3306)});
    serves_for_ = std::pair(std::string("s1"), 3);
    EXPECT_TRUE(operate(pb::StopSource, {}, "", {"s1"}).sources(0).result());
    EXPECT_EQ(serves_for_->second, 0);
    operate(pb::StartSource, {yaml("s1", 3306)});
    serves_for_ = std::pair(std::string("s1"), 100);
    const auto response = operate(pb::StopSource, {}, "", {"s1"});
    EXPECT_TRUE(response.result());
    EXPECT_FALSE(response.sources(0).result());
    EXPECT_THAT(response.sources(0).msg(), HasSubstr("code=38045"));
    EXPECT_EQ(stored(), "");
}

/// Source s1 on w1, w2 free, w3 bound; task t runs on s1 and u is paused.
class TransferTest : public SourceServiceTest {
  protected:
    void SetUp() override {
        SourceServiceTest::SetUp();
        for (const auto* worker : {"w1", "w2", "w3"}) start_worker(worker);
        operate(pb::StartSource, {yaml("s1", 3306)}, "w1");
        operate(pb::StartSource, {yaml("s3", 3307)}, "w3");
        for (const auto* task : {"t", "u"}) scheduler_->add_subtasks({subtask_config(TaskName(task), SourceId("s1"))});
        scheduler_->set_stage(TaskName("u"), {}, Stage::Paused);
    }
    pb::QueryStatusResponse answer_of_worker(const std::string& address,
                                             const pb::QueryStatusRequest& request) override {
        auto response = SourceServiceTest::answer_of_worker(address, request);
        for (const auto& [name, unit] : units_) {
            auto& subtask = *response.add_subtaskstatus();
            subtask.set_name(name);
            subtask.set_unit(unit);
        }
        if (on_answer_) on_answer_();
        return response;
    }
    void transfer(const std::string& source, const std::string& worker) {
        pb::TransferSourceRequest request;
        request.set_source(source);
        request.set_worker(worker);
        EXPECT_TRUE(transfer_source(context_, *scheduler_, request).result());
    }
    Stage stage_of_task(const std::string& task) {
        return scheduler_->read(
            [&](const ClusterTable& table) { return table.task(TaskName(task))->at(SourceId("s1")).expect; });
    }

    std::map<std::string, pb::UnitType> units_{{"t", pb::Sync}, {"u", pb::Load}};
    std::function<void()> on_answer_;
};

TEST_F(TransferTest, TheOldWorkerLetsGoBeforeTheNewOneIsBound) {
    serves_for_ = std::pair(std::string("s1"), 3);
    on_answer_ = [&] { EXPECT_NE(worker_of("s1"), "w2"); };
    transfer("s1", "w2");
    EXPECT_EQ(serves_for_->second, 0);
    EXPECT_EQ(worker_of("s1"), "w2");
    EXPECT_EQ(stage_of("w1"), "free");
    EXPECT_EQ(stage_of_task("t"), Stage::Running);
    EXPECT_EQ(stage_of_task("u"), Stage::Paused);
    transfer("s1", "w2");  // it is there already
    expect_faithful();
}

/// Neither a worker that does not end nor one that cannot be asked keeps the source.
TEST_F(TransferTest, AWorkerThatDoesNotLetGoLosesTheSource) {
    serves_for_ = std::pair(std::string("s1"), 1000);
    transfer("s1", "w2");
    EXPECT_EQ(worker_of("s1"), "w2");
    scheduler_->set_stage(TaskName("t"), {}, Stage::Paused);
    context_.query_worker = [](const std::string&, const pb::QueryStatusRequest&) -> pb::QueryStatusResponse {
        throw Error(ErrorCode::MasterGrpcRequest, "gone");
    };
    transfer("s1", "w1");
    EXPECT_EQ(worker_of("s1"), "w1");
    expect_faithful();
}

TEST_F(TransferTest, APauseByHandMeanwhileStays) {
    on_answer_ = [&] { scheduler_->set_stage(TaskName("t"), {}, Stage::Paused); };
    transfer("s1", "w2");
    EXPECT_EQ(stage_of_task("t"), Stage::Paused);
}

TEST_F(TransferTest, WhatRunsInAnotherUnitIsNotMoved) {
    units_["t"] = pb::Load;
    EXPECT_EQ(code_of([&] { transfer("s1", "w2"); }), ErrorCode::SchedulerTransferUnit);
    EXPECT_EQ(worker_of("s1"), "w1");
    EXPECT_EQ(code_of([&] { transfer("s1", "w3"); }), ErrorCode::SchedulerWorkerTransition);
    EXPECT_EQ(code_of([&] { transfer("s1", "w9"); }), ErrorCode::SchedulerWorkerMissing);
    EXPECT_EQ(code_of([&] { transfer("s9", "w2"); }), ErrorCode::SchedulerSourceMissing);
    scheduler_->set_stage(TaskName("t"), {}, Stage::Paused);
    transfer("s1", "w2");
    EXPECT_EQ(worker_of("s1"), "w2");
}

/// While the old worker ends, other commands go on: the source is removed, or its new worker taken.
TEST_F(TransferTest, WhatChangesMeanwhileIsSeen) {
    on_answer_ = [&] {
        on_answer_ = nullptr;
        scheduler_->remove_subtasks(TaskName("t"), {});
        scheduler_->remove_subtasks(TaskName("u"), {});
        scheduler_->remove_source(SourceId("s1"));
    };
    EXPECT_EQ(code_of([&] { transfer("s1", "w2"); }), ErrorCode::SchedulerSourceMissing);
    operate(pb::StartSource, {yaml("s1", 3306)}, "w1");
    on_answer_ = [&] {
        on_answer_ = nullptr;
        scheduler_->add_source(source_config(SourceId("s2")), WorkerName("w2"));
    };
    EXPECT_EQ(code_of([&] { transfer("s1", "w2"); }), ErrorCode::SchedulerWorkerTransition);
    EXPECT_EQ(worker_of("s1"), "w1") << "it goes back to a worker";
    expect_faithful();
}

TEST_F(SourceServiceTest, StoppingASourceWithoutAWorkerSaysSo) {
    operate(pb::StartSource, {yaml("s1", 3306)});
    EXPECT_EQ(operate(pb::StopSource, {}, "", {"s1"}).sources(0).msg(),
              "source is stopped and hasn't bound to worker before being stopped");
}

/// There is no such command, in the original neither: whatever is sent, bound or not, with tasks or not.
TEST_F(SourceServiceTest, UpdateIsRefusedAndChangesNothing) {
    operate(pb::StartSource, {yaml("s2", 3307)});
    start_worker("w1");
    start_worker("w2");
    operate(pb::StartSource, {yaml("s1", 3306)});
    scheduler_->add_subtasks({subtask_config(TaskName("t"), SourceId("s1"))});
    const auto before = revision();
    for (const auto& text : {yaml("s1", 3306), yaml("s2", 3307, "secret", "server-id: 99\n"), yaml("s1", 3306, "wrong"),
                             yaml("s9", 3306), yaml("s1", 3306, key_->encrypt("secret")), std::string("{")}) {
        const auto response = operate(pb::UpdateSource, {text});
        EXPECT_FALSE(response.result());
        EXPECT_EQ(response.msg(), "Update worker config is not supported by dm-ha now");
        EXPECT_EQ(response.sources_size(), 0);
    }
    EXPECT_EQ(revision(), before);
    EXPECT_EQ(server_.sessions_opened(), 2U) << "only by the creations";
}

TEST_F(SourceServiceTest, AnOperationThatIsNoneIsRefused) {
    EXPECT_EQ(code_of([&] { operate(pb::InvalidSourceOp, {}); }), ErrorCode::MasterInvalidOp);
    EXPECT_EQ(code_of([&] { operate(static_cast<pb::SourceOp>(77), {}); }), ErrorCode::MasterInvalidOp);
}

}  // namespace
}  // namespace dm::master
