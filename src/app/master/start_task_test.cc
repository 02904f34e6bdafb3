#include <limits>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "app/master/service_fixture.h"
#include "app/master/task_service.h"
#include "core/binlog/memory_event_source.h"
#include "core/binlog/test_events.h"
#include "core/model/task_tables.h"
#include "core/sql/fake_sql_session.h"

namespace dm::master {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

/// Sources s1 (worker w1) and s2 (nobody), one server for everything, workers that are where the store wants them.
class StartTaskTest : public ServiceTest {
  protected:
    void SetUp() override {
        ServiceTest::SetUp();
        start_worker("w1");
        for (const auto* source : {"s1", "s2"}) add_source(source);
        server_.on("SHOW BINARY LOGS", sql::FakeSqlServer::result({"Log_name"}, {{"bin.000001"}}));
        context_.open_binlog = [this](const config::DbConfig&) {
            return std::make_unique<binlog::MemoryEventSource>(binlog_);
        };
    }
    std::unique_ptr<sql::SqlSession> connect(const config::DbConfig& /*database*/, ErrorScope /*scope*/) override {
        return server_.connect();
    }
    pb::QueryStatusResponse answer_of_worker(const std::string& /*address*/, const pb::QueryStatusRequest&) override {
        pb::QueryStatusResponse response;
        response.set_result(true);
        scheduler_->read([&](const ClusterTable& table) {
            for (const auto& [name, rows] : table.tasks()) {
                const auto row = rows.find(SourceId("s1"));
                if (row == rows.end()) continue;
                auto& subtask = *response.add_subtaskstatus();
                subtask.set_name(name.str());
                subtask.set_stage(row->second.expect == Stage::Running ? pb::Running : pb::Paused);
            }
        });
        return response;
    }

    static std::string yaml(const std::string& source, const std::string& checks = "all") {
        return fmt::format(
            "name: t\ntask-mode: incremental\nignore-checking-items: [{}]\n"
            "target-database: {{host: 10.0.0.2, port: 4000, user: dm, password: ''}}\n"
            "mysql-instances:\n- source-id: {}\n  meta: {{binlog-name: bin.000001, binlog-pos: 4}}\n",
            checks, source);
    }
    pb::StartTaskResponse start(const std::string& text, bool removes_meta = false, const std::string& time = "") {
        pb::StartTaskRequest request;
        request.set_task(text);
        request.set_removemeta(removes_meta);
        request.set_starttime(time);
        return start_task(context_, *scheduler_, request);
    }
    std::optional<Stage> stage() {
        return scheduler_->read([&](const ClusterTable& table) -> std::optional<Stage> {
            const auto* rows = table.task(TaskName("t"));
            return rows == nullptr ? std::nullopt : std::optional(rows->at(SourceId("s1")).expect);
        });
    }
    std::vector<std::string> destroyed() {
        auto all = server_.statements("DELETE");
        for (const auto& statement : server_.statements("DROP")) all.push_back(statement);
        return all;
    }
    /// A statement at second 100.
    static std::string binlog_bytes() {
        std::string bytes(
            "\xfe"
            "bin");
        bytes += binlog::make_format("8.0.36", 0);
        const std::string body = binlog::query_body("CREATE TABLE t (a INT)");
        const auto end = static_cast<std::uint32_t>(bytes.size() + 19 + body.size());
        return bytes +
               binlog::make_event(
                   {.type = binlog::EventType::Query, .log_pos = end, .timestamp = 100, .has_checksum = false}, body);
    }

    static constexpr const char* kTime = "1970-01-01 00:00:50Z";
    sql::FakeSqlServer server_;
    std::vector<binlog::MemoryEventSource::File> binlog_{{"bin.000001", binlog_bytes()}};
};

TEST_F(StartTaskTest, ATaskIsStoredAndRuns) {
    const auto response = start(yaml("s1"));
    EXPECT_TRUE(response.result()) << response.msg();
    ASSERT_EQ(response.sources_size(), 1);
    EXPECT_TRUE(response.sources(0).result()) << response.sources(0).msg();
    EXPECT_EQ(stage(), Stage::Running);
    EXPECT_THAT(destroyed(), IsEmpty());
    EXPECT_THAT(start(yaml("s1")).msg(), HasSubstr("code=46014"));
    expect_faithful();
}

TEST_F(StartTaskTest, ASourceThatIsNotInTheFileIsTold) {
    pb::StartTaskRequest request;
    request.set_task(yaml("s1"));
    request.add_sources("s9");
    const auto response = start_task(context_, *scheduler_, request);
    EXPECT_FALSE(response.result());
    ASSERT_EQ(response.sources_size(), 1);
    EXPECT_EQ(response.sources(0).source(), "s9");
    EXPECT_THAT(response.sources(0).msg(), HasSubstr("code=46016"));
    EXPECT_FALSE(stage());
}

TEST_F(StartTaskTest, RemovingMetaDropsEveryTableAndRuns) {
    EXPECT_TRUE(start(yaml("s1"), true).result());
    EXPECT_EQ(stage(), Stage::Running);
    for (const auto suffix : model::kTaskTableSuffixes) {
        EXPECT_THAT(destroyed(), Contains(fmt::format("DROP TABLE IF EXISTS `dm_meta`.`t{}`", suffix)));
    }
    EXPECT_THAT(start(yaml("s1"), true).msg(), HasSubstr("only after `stop-task`"));
    EXPECT_EQ(destroyed().size(), model::kTaskTableSuffixes.size());
}

TEST_F(StartTaskTest, AStartTimeForgetsAllProgressOfReplication) {
    const auto response = start(yaml("s1"), false, kTime);
    EXPECT_TRUE(response.result()) << response.msg() << response.checkresult();
    EXPECT_EQ(stage(), Stage::Running);
    EXPECT_THAT(destroyed(), testing::ElementsAre("DELETE FROM `dm_meta`.`t_syncer_checkpoint` WHERE id = 's1'",
                                                  "DELETE FROM `dm_meta`.`t_syncer_ddl` WHERE id = 's1'"));
    EXPECT_THAT(start(yaml("s1"), false, kTime).msg(), HasSubstr("`--start-time` needs `stop-task` first"));
}

TEST_F(StartTaskTest, WithoutAPlaceReplicationBeginsWhereTheSourceIsNow) {
    server_.on("SHOW MASTER STATUS",
               sql::FakeSqlServer::result({"File", "Position", "Executed_Gtid_Set"}, {{"bin.000007", "1234", ""}}));
    const std::string without = fmt::format(
        "name: t\ntask-mode: incremental\nignore-checking-items: [all]\n"
        "target-database: {{host: 10.0.0.2, port: 4000}}\nmysql-instances: [{{source-id: s1}}, {{source-id: s2}}]\n");
    pb::StartTaskRequest request;
    request.set_task(without);
    request.add_sources("s1");
    const auto response = start_task(context_, *scheduler_, request);
    EXPECT_TRUE(response.result()) << response.msg();
    EXPECT_EQ(server_.statements("SHOW MASTER STATUS").size(), 1) << "only the source that starts is asked";
    const auto meta = scheduler_->read(
        [](const ClusterTable& table) { return table.task(TaskName("t"))->at(SourceId("s1")).config->meta; });
    EXPECT_EQ(meta, (config::MetaConfig{.binlog_name = "bin.000007", .binlog_pos = 1234, .binlog_gtid = ""}));
}

TEST_F(StartTaskTest, WhereASourceIsMustBeKnownBeforeItStarts) {
    server_.on("SHOW MASTER STATUS", sql::FakeSqlServer::result({"File", "Position"}, {}));
    const std::string without =
        "name: t\ntask-mode: incremental\nignore-checking-items: [all]\n"
        "target-database: {host: 10.0.0.2, port: 4000}\nmysql-instances: [{source-id: s1}]\n";
    try {
        (void)start(without);
        FAIL() << "it started somewhere";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::MasterStatusEmpty);
        EXPECT_THAT(error.message(), HasSubstr("source s1: "));
    }
    EXPECT_FALSE(stage());
}

/// Nobody serves the source, or the store is away: the next start must find the progress as it was.
TEST_F(StartTaskTest, WhatCannotStartDestroysNothing) {
    for (const auto& [removes_meta, time] : {std::pair(true, ""), std::pair(false, kTime)}) {
        const auto response = start(yaml("s2"), removes_meta, time);
        EXPECT_FALSE(response.result());
        EXPECT_THAT(response.msg(), HasSubstr("code=46009"));
        kv_.fail_next(meta::FakeKvStore::Fault::Before, 5);
        EXPECT_FALSE(start(yaml("s1"), removes_meta, time).result());
        kv_.fail_next(meta::FakeKvStore::Fault::Before, 0);
    }
    EXPECT_THAT(destroyed(), IsEmpty());
    expect_faithful();
}

TEST_F(StartTaskTest, WhatCannotBeForgottenIsNotStarted) {
    server_.fail("DROP", sql::FakeSqlServer::server_error(1142, "DROP command denied"));
    EXPECT_THAT(start(yaml("s1"), true).msg(), HasSubstr("DROP command denied"));
    EXPECT_FALSE(stage());
    server_.fail("DELETE", sql::FakeSqlServer::server_error(1142, "DELETE command denied"));
    EXPECT_THAT(start(yaml("s1"), false, kTime).msg(), HasSubstr("DELETE command denied"));
    EXPECT_FALSE(stage());
    // Tables that are not there hold no progress.
    server_.fail("DELETE", sql::FakeSqlServer::server_error(1146, "no such table"), 0, 2);
    EXPECT_TRUE(start(yaml("s1"), false, kTime).result());
    expect_faithful();
}

TEST_F(StartTaskTest, AsManyFindingsAreListedAsTheClientWants) {
    context_.probe_position = [](const config::SubTaskConfig&) {};
    pb::CheckTaskRequest request;
    request.set_task(yaml("s1", "auto_increment_ID"));
    std::vector<std::string> texts;
    for (const std::int64_t count : {std::numeric_limits<std::int64_t>::min(), std::int64_t{0}, std::int64_t{10}}) {
        request.set_errcnt(count);
        request.set_warncnt(count);
        const auto response = check_task(context_, *scheduler_, request);
        EXPECT_FALSE(response.result());
        texts.push_back(response.msg());
    }
    EXPECT_THAT(texts[0], HasSubstr("check was failed"));
    EXPECT_EQ(texts[0], texts[1]);
    EXPECT_GT(texts[2].size(), texts[0].size());
}

TEST_F(StartTaskTest, CheckTaskAndUpdateTaskChangeNothing) {
    pb::CheckTaskRequest check;
    check.set_task(yaml("s1"));
    check.set_starttime(kTime);
    EXPECT_TRUE(check_task(context_, *scheduler_, check).result());
    pb::UpdateTaskRequest update;
    update.set_task(yaml("s1"));
    EXPECT_TRUE(update_task(context_, *scheduler_, update).result());
    // A server that refuses fails the checks.
    context_.connect = [](const config::DbConfig&, ErrorScope scope) -> std::unique_ptr<sql::SqlSession> {
        throw Error(ErrorCode::DbBadConnection, "cannot connect").with_scope(scope);
    };
    check.set_task(yaml("s1", "auto_increment_ID"));
    check.clear_starttime();
    const auto checked = check_task(context_, *scheduler_, check);
    EXPECT_FALSE(checked.result());
    EXPECT_THAT(checked.msg(), HasSubstr("cannot connect"));
    update.set_task(check.task());
    EXPECT_FALSE(update_task(context_, *scheduler_, update).result());
    EXPECT_FALSE(stage());
    EXPECT_THAT(destroyed(), IsEmpty());
}

}  // namespace
}  // namespace dm::master
