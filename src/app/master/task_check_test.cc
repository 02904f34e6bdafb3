#include "app/master/task_check.h"

#include <atomic>
#include <latch>

#include <gmock/gmock.h>

#include "app/master/service_fixture.h"
#include "core/sql/fake_sql_session.h"

namespace dm::master {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class TaskCheckTest : public ServiceTest {
  protected:
    pb::QueryStatusResponse answer_of_worker(const std::string&, const pb::QueryStatusRequest&) override { return {}; }
    CheckedTask read(const std::string& text) { return read_task(context_, *scheduler_, text); }
    std::string refusal_of(const std::string& text) {
        try {
            (void)read(text);
        } catch (const Error& error) {
            return error.what();
        }
        return "accepted";
    }

    /// Every database is `source_`, if that is there.
    std::unique_ptr<sql::SqlSession> connect(const config::DbConfig& database, ErrorScope scope) override {
        if (!source_) return ServiceTest::connect(database, scope);
        ++sessions_;
        if (sessions_ == 1) waits_.sleep(first_takes_, {});
        return source_->connect();
    }
    CheckedTask incremental(const std::string& instances) {
        return read("name: t\ntask-mode: incremental\ntarget-database: {host: h, port: 1}\nmysql-instances: [" +
                    instances + "]\n");
    }

    std::optional<sql::FakeSqlServer> source_;
    std::atomic<int> sessions_{0};
    std::chrono::minutes first_takes_{0};
    const std::string task_ =
        "name: t\ntask-mode: all\ntarget-database: {host: h, port: 1}\nmysql-instances: [{source-id: s1}]\n";
};

TEST_F(TaskCheckTest, WhatIsWrongWithATaskFileIsToldByTheMaster) {
    EXPECT_THAT(refusal_of("name: ["), StartsWith("[code=20003:class=dm-master:"));
    EXPECT_THAT(refusal_of("name: t\n"), StartsWith("[code=20020:class=dm-master:"));
    EXPECT_THAT(refusal_of(task_), StartsWith("[code=20031:class=dm-master:")) << "no such source";
    add_source("s1");
    EXPECT_EQ(refusal_of(task_), "accepted");
}

TEST_F(TaskCheckTest, WhatThePreCheckFindsIsToldByTheMaster) {
    add_source("s1");
    const CheckOutcome outcome = pre_check(context_, read(task_), 10, 10);
    EXPECT_FALSE(outcome.is_passed);
    EXPECT_THAT(outcome.text, StartsWith("[code=26002:class=dm-master:"));
    EXPECT_THAT(outcome.text, HasSubstr("no database at h"));
}

TEST_F(TaskCheckTest, ALookThatTakesTooLongIsGivenUp) {
    add_source("s1");
    source_.emplace();
    first_takes_ = std::chrono::minutes(31);
    const CheckOutcome outcome = pre_check(context_, read(task_), 10, 10);
    EXPECT_FALSE(outcome.is_passed);
    EXPECT_THAT(outcome.text, HasSubstr("given up after 30 minutes"));
}

TEST_F(TaskCheckTest, ACallerWhoIsGoneStartsNothing) {
    add_source("s1");
    source_.emplace();
    context_.is_cancelled = [] { return true; };
    const CheckOutcome outcome = pre_check(context_, read(task_), 10, 10);
    EXPECT_FALSE(outcome.is_passed);
    EXPECT_THAT(outcome.text, HasSubstr("nobody waits for it"));
    EXPECT_EQ(sessions_, 0) << "no server is bothered";
}

TEST_F(TaskCheckTest, AStartTimeNamesTheSourceThatDoesNotAnswer) {
    add_source("s1");
    auto task = incremental("{source-id: s1}");
    try {
        begin_at_time(context_, task, "2026-01-02T03:04:05Z");
        FAIL() << "nothing answers";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::DbBadConnection);
        EXPECT_THAT(error.message(), StartsWith("source s1: no database at"));
    }
}

TEST_F(TaskCheckTest, PlacesOfAllSourcesAreSearchedAtTheSameTime) {
    for (const auto* id : {"s1", "s2", "s3"}) add_source(id);
    source_.emplace();
    std::latch together(3);  // nobody goes on before all are there
    source_->on("SHOW BINARY LOGS", [&](std::string_view) {
        together.arrive_and_wait();
        return sql::FakeSqlServer::result({"Log_name"}, {});
    });
    auto task = incremental("{source-id: s1}, {source-id: s2}, {source-id: s3}");
    try {
        begin_at_time(context_, task, "2026-01-02T03:04:05Z");
        FAIL() << "there are no binlogs";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::ConfigStartTimeLate);
        EXPECT_THAT(error.message(), StartsWith("source s1: "));
    }
}

}  // namespace
}  // namespace dm::master
