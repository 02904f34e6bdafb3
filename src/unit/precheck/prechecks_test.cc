#include "unit/precheck/prechecks.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "core/sql/fake_sql_session.h"

namespace dm::precheck {
namespace {

using sql::FakeSqlServer;
using testing::HasSubstr;

/// A source with some tables, and a target without any, both MySQL 8.
class PrechecksTest : public testing::Test {
  protected:
    void SetUp() override {
        variables({{"log_bin", "ON"}, {"binlog_format", "ROW"}, {"server_id", "1"}});
        tables({{"d", "t"}});
        for (FakeSqlServer* server : {&source_, &target_}) {
            server->on("SELECT CURRENT_USER", FakeSqlServer::result({"u"}, {{"dm@%"}}));
            grants(*server, {"GRANT ALL PRIVILEGES ON *.* TO `dm`@`%`"});
        }
    }
    void variables(std::vector<std::vector<std::string>> rows) {
        source_.on("SHOW GLOBAL VARIABLES", FakeSqlServer::result({"Variable_name", "Value"}, std::move(rows)));
    }
    void tables(std::vector<std::vector<std::string>> rows) {
        source_.on("SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES",
                   FakeSqlServer::result({"s", "t"}, std::move(rows)));
    }
    static void grants(FakeSqlServer& server, const std::vector<std::string>& lines) {
        std::vector<std::vector<std::string>> rows;
        for (const auto& line : lines) rows.push_back({line});
        server.on("SHOW GRANTS", FakeSqlServer::result({"Grants"}, std::move(rows)));
    }
    static config::SubTaskConfig subtask(const std::string& source = "s1") {
        config::SubTaskConfig config;
        config.name = model::TaskName("t");
        config.source_id = model::SourceId(source);
        config.from.host = "up";
        config.to.host = "down";
        return config;
    }
    std::vector<CheckItem> run(const std::vector<config::SubTaskConfig>& subtasks) {
        const Environment environment{.connect =
                                          [this](const config::DbConfig&, ErrorScope scope) {
                                              return (scope == ErrorScope::Upstream ? source_ : target_).connect();
                                          },
                                      .run_all =
                                          [](std::size_t count, const std::function<void(std::size_t)>& work) {
                                              for (std::size_t i = 0; i < count; ++i) work(i);
                                          },
                                      .probe_position = {}};
        return run_prechecks(subtasks, environment, [](std::string_view) { return true; });
    }
    Error refusal_of(const std::vector<config::SubTaskConfig>& subtasks) {
        try {
            (void)run(subtasks);
        } catch (const Error& error) {
            return error;
        }
        ADD_FAILURE() << "the checks began";
        return Error(ErrorCode::NotSet, "");
    }
    CheckItem item_of(const config::SubTaskConfig& subtask, std::string_view name) {
        const auto items = run({subtask});
        const auto found = std::ranges::find(items, name, &CheckItem::name);
        EXPECT_NE(found, items.end()) << name;
        return found == items.end() ? CheckItem{} : *found;
    }

    FakeSqlServer source_;
    FakeSqlServer target_;
};

TEST_F(PrechecksTest, TargetsThatDifferInCaseOnlyAreRefused) {
    auto first = subtask();
    first.route_rules = {{.schema_pattern = "d", .table_pattern = "t", .target_schema = "x", .target_table = "t"}};
    auto second = subtask("s2");
    second.route_rules = {{.schema_pattern = "d", .table_pattern = "t", .target_schema = "X", .target_table = "t"}};
    const Error error = refusal_of({first, second});
    EXPECT_EQ(static_cast<int>(error.code()), 26001) << error.what();
    EXPECT_THAT(error.message(), HasSubstr("fail to initialize checker: targets `x`.`t` and `X`.`t` differ"));
    first.case_sensitive = second.case_sensitive = true;
    EXPECT_FALSE(run({first, second}).empty());
    target_.on("SHOW GLOBAL VARIABLES WHERE",
               FakeSqlServer::result({"Variable_name", "Value"}, {{"lower_case_table_names", "1"}}));
    EXPECT_EQ(static_cast<int>(refusal_of({first, second}).code()), 26001) << "to this target they are one";
}

TEST_F(PrechecksTest, RoutesThatCannotBeUsedAreRefused) {
    auto unreadable = subtask();
    unreadable.route_rules = {{.schema_pattern = "a*b", .table_pattern = "", .target_schema = "x", .target_table = ""}};
    const Error broken = refusal_of({unreadable});
    EXPECT_EQ(static_cast<int>(broken.code()), 26003) << broken.what();
    EXPECT_THAT(broken.message(), HasSubstr("fail to initialize checker"));
    auto ambiguous = subtask();
    ambiguous.route_rules = {{.schema_pattern = "d", .table_pattern = "t", .target_schema = "x", .target_table = "t"},
                             {.schema_pattern = "d", .table_pattern = "t*", .target_schema = "y", .target_table = "t"}};
    const Error twice = refusal_of({ambiguous});
    EXPECT_EQ(static_cast<int>(twice.code()), 26003) << twice.what();
    EXPECT_THAT(twice.message(), HasSubstr("fail to initialize checker"));
}

TEST_F(PrechecksTest, ABlockAllowListThatCannotBeReadIsRefused) {
    auto config = subtask();
    config.block_allow.do_dbs = {"~("};
    const Error error = refusal_of({config});
    EXPECT_EQ(static_cast<int>(error.code()), 26006) << error.what();
    EXPECT_THAT(error.message(), HasSubstr("fail to initialize checker"));
}

TEST_F(PrechecksTest, ServersThatCannotBeReachedAreAllNamed) {
    auto config = subtask();
    config.from.port = 3306;
    source_.fail("SELECT TABLE_SCHEMA", FakeSqlServer::server_error(1045, "Access denied"));
    target_.fail("SHOW GLOBAL VARIABLES", FakeSqlServer::server_error(1045, "Access denied"));
    const Error error = refusal_of({config});
    EXPECT_EQ(static_cast<int>(error.code()), 26002) << error.what();
    EXPECT_THAT(error.message(), HasSubstr("source s1 at up:3306"));
    EXPECT_THAT(error.message(), HasSubstr("the target at down"));
}

constexpr std::string_view kCopyItem = "source db dump privilege checker";

TEST_F(PrechecksTest, ASnapshotNeedsALockAndNoBinlog) {
    auto full = subtask();
    full.mode = config::TaskMode::Full;
    full.sync.enable_gtid = true;
    grants(source_, {"GRANT SELECT ON `d`.* TO `dm`@`%`"});
    const auto unlocked = item_of(full, kCopyItem);
    ASSERT_EQ(unlocked.findings.size(), 1U) << unlocked.findings.front().problem;
    EXPECT_THAT(unlocked.findings.front().problem, HasSubstr("all tables are copied as of one moment"));
    EXPECT_EQ(unlocked.findings.front().instruction, "GRANT RELOAD ON *.* TO 'dm'@'%';");
    grants(source_, {"GRANT SELECT, LOCK TABLES ON `d`.* TO `dm`@`%`"});
    EXPECT_EQ(item_of(full, kCopyItem).state, CheckState::Success);
}

TEST_F(PrechecksTest, WithTheBinlogOffACopyIsASnapshotWhateverTheAccountMay) {
    auto full = subtask();
    full.mode = config::TaskMode::Full;
    grants(source_, {"GRANT SELECT, REPLICATION SLAVE ON *.* TO `dm`@`%`"});
    EXPECT_THAT(item_of(full, kCopyItem).findings.front().problem, HasSubstr("REPLICATION CLIENT"));
    variables({{"log_bin", "OFF"}});
    const auto item = item_of(full, kCopyItem);
    ASSERT_EQ(item.findings.size(), 1U);
    EXPECT_THAT(item.findings.front().problem, HasSubstr("all tables are copied as of one moment"));
}

TEST_F(PrechecksTest, OtherModesNeedTheBinlog) {
    grants(source_, {"GRANT SELECT, LOCK TABLES ON `d`.* TO `dm`@`%`"});
    EXPECT_EQ(item_of(subtask(), kCopyItem).state, CheckState::Fail);
    EXPECT_EQ(item_of(subtask(), "source db replication privilege checker").state, CheckState::Fail);
}

}  // namespace
}  // namespace dm::precheck
