#include "app/master/task_check.h"

#include <gmock/gmock.h>

#include "app/master/service_fixture.h"

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

}  // namespace
}  // namespace dm::master
