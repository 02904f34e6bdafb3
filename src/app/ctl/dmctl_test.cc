#include "app/ctl/dmctl.h"

#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <sstream>
#include <unistd.h>

#include <dmmaster.grpc.pb.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "app/ctl/help_text.h"
#include "base/error.h"

namespace dm::ctl {
namespace {

using testing::HasSubstr;

/// Answers a few calls and remembers the requests.
class FakeMaster final : public pb::Master::Service {
  public:
    grpc::Status ListMember(grpc::ServerContext*, const pb::ListMemberRequest* request,
                            pb::ListMemberResponse* response) override {
        list_member = *request;
        response->set_result(true);
        auto* leader = response->add_members()->mutable_leader();
        leader->set_name("m1");
        leader->set_addr("127.0.0.1:8261");
        response->add_members()->mutable_worker();
        return grpc::Status::OK;
    }
    grpc::Status OperateTask(grpc::ServerContext*, const pb::OperateTaskRequest* request,
                             pb::OperateTaskResponse* response) override {
        if (is_lost) return {grpc::StatusCode::UNAVAILABLE, "gone"};
        wait_for_company(*request);
        response->set_op(request->op());
        response->set_result(true);
        auto* source = response->add_sources();
        source->set_result(true);
        source->set_source("s1");
        source->set_worker("w1");
        return grpc::Status::OK;
    }
    grpc::Status QueryStatus(grpc::ServerContext*, const pb::QueryStatusListRequest* request,
                             pb::QueryStatusListResponse* response) override {
        query_status = *request;
        *response = status;
        return grpc::Status::OK;
    }
    grpc::Status OfflineMember(grpc::ServerContext*, const pb::OfflineMemberRequest*,
                               pb::OfflineMemberResponse* response) override {
        response->set_msg("worker is still online");
        return grpc::Status::OK;
    }
    grpc::Status StartTask(grpc::ServerContext*, const pb::StartTaskRequest*, pb::StartTaskResponse*) override {
        return {grpc::StatusCode::UNKNOWN, "master is not leader"};
    }

    grpc::Status ListTaskConfigs(grpc::ServerContext*, const google::protobuf::Empty*,
                                 pb::ListTaskConfigsResponse* response) override {
        response->set_result(true);
        for (const auto& name : task_names) (*response->mutable_taskconfigs())[name] = "name: '" + name + "'\n";
        return grpc::Status::OK;
    }
    grpc::Status ListSourceConfigs(grpc::ServerContext*, const google::protobuf::Empty*,
                                   pb::ListSourceConfigsResponse* response) override {
        response->set_result(true);
        return grpc::Status::OK;
    }

    grpc::Status OperateSource(grpc::ServerContext*, const pb::OperateSourceRequest*,
                               pb::OperateSourceResponse* response) override {
        response->set_result(true);
        return grpc::Status::OK;
    }

    /// Notes the call and, where calls are to come together, keeps it until `together` of them have come.
    void wait_for_company(const pb::OperateTaskRequest& request) {
        std::unique_lock lock(mutex_);
        operate_task.push_back(request);
        const std::size_t company = (operate_task.size() + together - 1) / together * together;
        most_inside = std::max(most_inside, ++inside_);
        arrived_.notify_all();
        came_together &=
            arrived_.wait_for(lock, std::chrono::seconds(20), [&] { return operate_task.size() >= company; });
        --inside_;
    }

    std::vector<std::string> task_names;
    pb::ListMemberRequest list_member;
    std::vector<pb::OperateTaskRequest> operate_task;
    pb::QueryStatusListRequest query_status;
    pb::QueryStatusListResponse status;
    std::size_t together = 1;
    std::size_t most_inside = 0;
    bool came_together = true;
    bool is_lost = false;

  private:
    std::mutex mutex_;
    std::condition_variable arrived_;
    std::size_t inside_ = 0;
};

class DmctlTest : public testing::Test {
  protected:
    DmctlTest() {
        grpc::ServerBuilder builder;
        builder.RegisterService(&master_);
        server_ = builder.BuildAndStart();
    }
    ~DmctlTest() override { server_->Shutdown(); }

    int run(const std::vector<std::string>& words, const std::vector<std::string>& sources = {}) {
        out_.str("");
        err_.str("");
        return dmctl_.run(words, sources);
    }

    FakeMaster master_;
    std::unique_ptr<grpc::Server> server_;
    bool is_reachable_once_ = false;
    int times_opened_ = 0;
    MasterClient client_{{"in-process"},
                         std::chrono::seconds(5),
                         [this](const std::string&, std::chrono::milliseconds) -> std::shared_ptr<grpc::Channel> {
                             if (times_opened_++ > 0 && is_reachable_once_) return nullptr;
                             return server_->InProcessChannel({});
                         }};
    std::ostringstream out_;
    std::ostringstream err_;
    std::map<std::string, std::string> files_;
    Dmctl dmctl_{{.out = out_, .err = err_}, client_, [this](const std::string& path) {
                     const auto found = files_.find(path);
                     if (found == files_.end())
                         throw Error(ErrorCode::ConfigFileUnreadable, "file '" + path + "' cannot be read")
                             .with_cause("No such file or directory");
                     return found->second;
                 }};
};

TEST_F(DmctlTest, ListsMembersAsTheOriginalPrints) {
    EXPECT_EQ(run({"list-member"}), 0);
    EXPECT_TRUE(master_.list_member.leader() && master_.list_member.master() && master_.list_member.worker());
    EXPECT_EQ(out_.str(), R"({
    "result": true,
    "msg": "",
    "members": [
        {
            "leader": {
                "msg": "",
                "name": "m1",
                "addr": "127.0.0.1:8261"
            }
        },
        {
            "worker": {
                "msg": "",
                "workers": [
                ]
            }
        }
    ]
}
)");
    EXPECT_EQ(run({"list-member", "--worker", "-n", "a,b"}), 0);
    EXPECT_FALSE(master_.list_member.leader());
    EXPECT_EQ(master_.list_member.names_size(), 2);
}

TEST_F(DmctlTest, OperatesATaskByNameOrFile) {
    EXPECT_EQ(run({"pause-task", "t1"}, {"s1"}), 0);
    EXPECT_EQ(master_.operate_task.at(0).op(), pb::Pause);
    EXPECT_EQ(master_.operate_task.at(0).sources(0), "s1");
    EXPECT_EQ(out_.str(),
              "{\n    \"op\": \"Pause\",\n    \"result\": true,\n    \"msg\": \"\",\n    \"sources\": [\n        {\n"
              "            \"result\": true,\n            \"msg\": \"\",\n            \"source\": \"s1\",\n"
              "            \"worker\": \"w1\"\n        }\n    ]\n}\n");
    EXPECT_EQ(run({"stop-task", "gone.yaml"}), 0);
    EXPECT_EQ(master_.operate_task.at(1).name(), "gone.yaml") << "an unreadable file is taken as a name";
    EXPECT_EQ(master_.operate_task.at(1).op(), pb::Delete);
}

TEST_F(DmctlTest, OperatesEveryTaskOfOneSource) {
    master_.status.set_result(true);
    auto* source = master_.status.add_sources();
    source->set_result(true);
    source->add_subtaskstatus()->set_name("b");
    source->add_subtaskstatus()->set_name("a");
    EXPECT_EQ(run({"resume-task"}, {"s1"}), 0);
    ASSERT_EQ(master_.operate_task.size(), 2U);
    EXPECT_THAT(out_.str(),
                HasSubstr("\"task\": \"a\",\n            \"op\": \"Resume\",\n            \"result\": true,"));
    EXPECT_EQ(run({"resume-task"}), 1);
    EXPECT_THAT(out_.str(), HasSubstr("can only specify one source"));
    EXPECT_EQ(err_.str(), "Error: please check output to see error\n");
}

TEST_F(DmctlTest, OperatesAsManyTasksAtOnceAsToldAndPrintsThemInOrder) {
    master_.status.set_result(true);
    auto* source = master_.status.add_sources();
    source->set_result(true);
    for (const char* task : {"f", "d", "b", "a", "c", "e"}) source->add_subtaskstatus()->set_name(task);
    master_.together = 3;
    EXPECT_EQ(run({"pause-task", "--batch-size", "3"}, {"s1"}), 0);
    EXPECT_TRUE(master_.came_together);
    EXPECT_EQ(master_.most_inside, 3U);
    EXPECT_EQ(master_.operate_task.size(), 6U);
    std::size_t place = 0;
    for (const char* task : {"a", "b", "c", "d", "e", "f"}) {
        const auto found = out_.str().find(fmt::format("\"task\": \"{}\"", task), place);
        ASSERT_NE(found, std::string::npos) << task << " is missing or out of order:\n" << out_.str();
        place = found;
    }
}

TEST_F(DmctlTest, AMasterLostWhileTasksAreOperatedEndsTheCommand) {
    master_.status.set_result(true);
    auto* source = master_.status.add_sources();
    source->set_result(true);
    for (const char* task : {"a", "b", "c", "d"}) source->add_subtaskstatus()->set_name(task);
    master_.is_lost = true;
    is_reachable_once_ = true;
    EXPECT_EQ(run({"pause-task"}, {"s1"}), 1);
    EXPECT_EQ(out_.str(), "");
    EXPECT_THAT(err_.str(), HasSubstr("cannot connect to a dm-master at in-process"));
}

TEST_F(DmctlTest, ShowsTheShortListOnlyWithoutArgumentsAndTroubles) {
    master_.status.set_result(true);
    EXPECT_EQ(run({"query-status"}), 0);
    EXPECT_THAT(out_.str(), HasSubstr("\"tasks\": []"));
    EXPECT_EQ(run({"query-status", "--more"}), 0);
    EXPECT_THAT(out_.str(), HasSubstr("\"sources\": [\n    ]"));
    EXPECT_EQ(run({"query-status", "t"}), 0);
    EXPECT_EQ(master_.query_status.name(), "t");
    master_.status.add_sources()->set_result(false);
    EXPECT_EQ(run({"query-status"}), 0);
    EXPECT_THAT(out_.str(), HasSubstr("\"sourceStatus\": null"));
}

TEST_F(DmctlTest, AnAnswerThatFailedIsASuccessButForAFewCommands) {
    EXPECT_EQ(run({"offline-member", "--worker", "--name", "w1"}), 1);
    EXPECT_EQ(out_.str(), "offline member failed:\nworker is still online\n");
    EXPECT_EQ(run({"query-status"}), 0);
}

TEST_F(DmctlTest, ReportsWhatIsWrongWithTheCommandLine) {
    EXPECT_EQ(run({"transfer-source", "s1"}), 1);
    EXPECT_THAT(out_.str(), HasSubstr("transfer-source <source-id> <worker-id>"));
    EXPECT_EQ(err_.str(), "Error: please check output to see error\n");
    EXPECT_EQ(run({"list-membr"}), 1);
    EXPECT_EQ(err_.str(),
              "Error: unknown command \"list-membr\" for \"dmctl\"\n\nDid you mean this?\n\tlist-member\n\nRun 'dmctl "
              "--help' for usage.\n");
    EXPECT_EQ(run({"query-status", "--foo"}), 1);
    EXPECT_EQ(err_.str(), "Error: unknown flag: --foo\n");
    for (const auto& words : {std::vector<std::string>{"--frob"}, {"binlog", "--frob"}, {"config", "--frob", "task"}}) {
        EXPECT_EQ(run(words), 1) << "groups have no flags of their own";
        EXPECT_EQ(err_.str(), "Error: unknown flag: --frob\n");
    }
    EXPECT_EQ(run({"binlog", "frob"}), 0);
    EXPECT_EQ(run({"start-task", "gone.yaml"}), 1);
    EXPECT_THAT(err_.str(), HasSubstr("Error: error in get file content: "));
    EXPECT_EQ(run({"config", "task"}), 0) << "config commands show their help instead";
}

TEST_F(DmctlTest, PrintsGrpcErrorsLikeTheOriginal) {
    files_["bytes.yaml"] = "name: \xff\n";
    for (const std::string command : {"start-task", "check-task"}) {
        err_.str("");
        EXPECT_EQ(run({command, "bytes.yaml"}), 1);
        EXPECT_THAT(err_.str(), HasSubstr("code=20003")) << "what no message can carry is refused here";
        EXPECT_THAT(err_.str(), HasSubstr("bytes.yaml:1"));
    }
    err_.str("");
    files_["t.yaml"] = "name: t\n";
    EXPECT_EQ(run({"start-task", "t.yaml"}), 1);
    EXPECT_EQ(err_.str(), "Error: rpc error: code = Unknown desc = master is not leader\n");
    EXPECT_EQ(out_.str(), "");
}

TEST_F(DmctlTest, OnlyWhatCallsAMasterNeedsAnAddress) {
    MasterClient nowhere({}, std::chrono::seconds(1), nullptr);
    Dmctl dmctl({.out = out_, .err = err_}, nowhere, nullptr);
    EXPECT_EQ(dmctl.run({"binlog", "--help"}), 0);
    EXPECT_EQ(dmctl.run({"query-status", "--help"}), 0);
    EXPECT_EQ(dmctl.run({"config"}), 0);
    EXPECT_EQ(err_.str(), "");
    EXPECT_EQ(dmctl.run({"query-status"}), 1);
    EXPECT_THAT(err_.str(), HasSubstr("give --master-addr or set DM_MASTER_ADDR"));
}

TEST_F(DmctlTest, RefusesMissingFeaturesByName) {
    for (const auto& words : std::vector<std::vector<std::string>>{{"start-relay", "-s", "s"},
                                                                   {"shard-ddl-lock"},
                                                                   {"binlog", "skip", "t", "-b", "x:4"},
                                                                   {"validation", "start", "--all-task"},
                                                                   {"binlog-schema", "list"},
                                                                   {"config", "task", "update"}}) {
        EXPECT_EQ(run(words), 1) << words.front();
        EXPECT_THAT(err_.str(), HasSubstr("is refused: ")) << words.front();
    }
}

TEST_F(DmctlTest, AnExportStaysInItsFolderWhateverTasksAreCalled) {
    namespace fs = std::filesystem;
    const fs::path folder = fs::path(testing::TempDir()) / fmt::format("dm-export-{}", ::getpid());
    fs::remove_all(folder);
    master_.task_names = {"shop", "../outside", "/a/b", "..", ".hidden", "50%"};
    EXPECT_EQ(run({"config", "export", "--path", (folder / "in").string()}), 0) << err_.str();
    std::set<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(folder))
        if (entry.is_regular_file()) found.insert(fs::relative(entry.path(), folder).string());
    EXPECT_EQ(found,
              (std::set<std::string>{"in/tasks/shop.yaml", "in/tasks/%2E.%2Foutside.yaml", "in/tasks/%2Fa%2Fb.yaml",
                                     "in/tasks/%2E..yaml", "in/tasks/%2Ehidden.yaml", "in/tasks/50%25.yaml"}));
    fs::remove_all(folder);
}

TEST_F(DmctlTest, WhatCannotBeWrittenOrReadIsSaidWithItsReason) {
    EXPECT_EQ(run({"config", "export", "--path", "/dev/null/x"}), 1);
    EXPECT_THAT(err_.str(),
                testing::AllOf(HasSubstr("code=20018"), HasSubstr("/dev/null/x/tasks"), HasSubstr("Not a directory")));
    EXPECT_EQ(run({"config", "import", "--path", "/dev/null"}), 1);
    EXPECT_EQ(err_.str(), "Error: directory `/dev/null` does not exist\n");
    for (const std::vector<std::string>& words : {std::vector<std::string>{"start-task", "x.yaml"},
                                                  {"check-task", "x.yaml"},
                                                  {"operate-source", "create", "x.yaml"}}) {
        EXPECT_EQ(run(words), 1);
        EXPECT_EQ(err_.str(),
                  "Error: error in get file content: file 'x.yaml' cannot be read: No such file or directory\n");
    }
}

TEST_F(DmctlTest, OnlyAnExportIsImported) {
    namespace fs = std::filesystem;
    const fs::path folder = fs::path(testing::TempDir()) / fmt::format("dm-import-{}", ::getpid());
    fs::create_directories(folder);
    EXPECT_EQ(run({"config", "import", "--path", folder.string()}), 1);
    EXPECT_THAT(err_.str(), HasSubstr("it has neither `sources` nor `tasks`"));
    EXPECT_EQ(out_.str(), "");
    fs::create_directories(folder / "tasks");
    EXPECT_EQ(run({"config", "import", "--path", folder.string()}), 0) << err_.str();
    fs::remove_all(folder);
}

TEST_F(DmctlTest, WarningsLeaveTheAnswerAlone) {
    files_["default.yaml"] = "source-id: s\nrelay-dir: relay-dir\nfrom: {host: h, port: 1, user: u}\n";
    files_["other.yaml"] = "relay-dir: /data\nsource-id: s\nfrom: {host: h, port: 1, user: u}\n";
    EXPECT_EQ(run({"operate-source", "create", "default.yaml"}), 0);
    EXPECT_EQ(err_.str(), "") << "as in every exported file";
    EXPECT_EQ(run({"operate-source", "create", "other.yaml", "default.yaml", "-w", "w1"}), 0);
    EXPECT_THAT(err_.str(), testing::AllOf(HasSubstr("[warn] `relay-dir` in source config will be deprecated soon"),
                                           HasSubstr("[warn] operate-source create can't create multiple sources")));
    EXPECT_TRUE(out_.str().starts_with("{\n")) << out_.str();
}

TEST_F(DmctlTest, WhoIsNoMasterIsNamed) {
    EXPECT_EQ(run({"transfer-source", "s", "w"}), 1);
    EXPECT_THAT(err_.str(), testing::AllOf(HasSubstr("code = Unimplemented"),
                                           HasSubstr("what listens at in-process is no dm-master of this version")));
}

TEST(MasterAddresses, AreHostsWithPorts) {
    EXPECT_NO_THROW(check_addresses({}));
    EXPECT_NO_THROW(check_addresses({"127.0.0.1:8261", "h.example.com:1", "[::1]:8261"}));
    for (const auto* wrong :
         {"nonsense", "127.0.0.1", ":8261", "h:", "h:0", "h:65536", "h:8261x", "::1:8261", "h: 8261"})
        EXPECT_THROW(check_addresses({"h:1", wrong}), Error) << wrong;
}

TEST_F(DmctlTest, InteractiveFailuresGoToTheOutput) {
    EXPECT_TRUE(dmctl_.run_line(""));
    EXPECT_TRUE(dmctl_.run_line("nonsense  here"));
    EXPECT_EQ(out_.str(),
              "fail to run: [nonsense here]\nError: unknown command \"nonsense\" for \"dmctl\"\n\nRun 'dmctl --help' "
              "for usage.\n");
    EXPECT_TRUE(dmctl_.run_line("quit"));
    EXPECT_TRUE(dmctl_.run_line("list-member --master-addr x"));
    EXPECT_THAT(out_.str(), HasSubstr("unknown flag: --master-addr"));
    EXPECT_FALSE(dmctl_.run_line("exit"));
    EXPECT_EQ(err_.str(), "");
}

void expect_documented(const CommandSpec& command, const std::string& path) {
    EXPECT_FALSE(command.summary.empty()) << path;
    const bool works = command.run != nullptr;
    EXPECT_TRUE(works || !command.children.empty() || !command.missing_feature.empty()) << path;
    if (works) {
        EXPECT_THAT(std::string(command.example), HasSubstr(path)) << "every command has an example";
    }
    EXPECT_THAT(help_text(command, path), HasSubstr("Usage:"));
    for (const auto& child : command.children)
        expect_documented(child, path + (path.empty() ? "" : " ") + std::string(child.name));
}

TEST(CommandTree, EveryCommandHasHelpAndAnExample) { expect_documented(command_tree(), ""); }

}  // namespace
}  // namespace dm::ctl
