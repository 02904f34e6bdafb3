#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/precheck/privilege_checks.h"
#include "unit/precheck/report.h"
#include "unit/precheck/server_checks.h"
#include "unit/precheck/table_checks.h"

namespace dm::precheck {
namespace {

using testing::HasSubstr;

ServerFacts facts(std::map<std::string, std::string, std::less<>> variables,
                  model::ServerVersion version = {.flavor = model::Flavor::MySql, .major = 8, .minor = 4, .patch = 0}) {
    return {.version = version, .variables = std::move(variables)};
}

AccountGrants account(const std::vector<std::string>& lines, const std::vector<std::string>& with_roles = {}) {
    AccountGrants grants;
    grants.account = "'dm'@'%'";
    for (const auto& line : lines) grants.effective.add_line(line);
    grants.possible = grants.effective;
    for (const auto& line : with_roles) grants.possible.add_line(line);
    return grants;
}

TEST(ServerChecks, VariablesAreComparedWithoutCase) {
    EXPECT_EQ(check_binlog_format(facts({{"binlog_format", "row"}})).state, CheckState::Success);
    const auto item = check_binlog_format(facts({{"binlog_format", "MIXED"}}));
    EXPECT_EQ(item.state, CheckState::Fail);
    EXPECT_THAT(item.findings.front().problem, HasSubstr("binlog_format is MIXED, and should be ROW"));
    EXPECT_THAT(item.findings.front().instruction, HasSubstr("SET GLOBAL binlog_format = 'ROW';"));
    EXPECT_EQ(check_binlog_enabled(facts({{"log_bin", "OFF"}})).state, CheckState::Fail);
}

TEST(ServerChecks, RowImageIsAskedOfServersThatHaveIt) {
    EXPECT_EQ(check_binlog_row_image(facts({{"binlog_row_image", "MINIMAL"}})).state, CheckState::Fail);
    const model::ServerVersion old{.flavor = model::Flavor::MariaDb, .major = 10, .minor = 1, .patch = 5};
    EXPECT_EQ(check_binlog_row_image(facts({}, old)).state, CheckState::Success);
}

TEST(ServerChecks, VersionsBeyondTheTriedOnesWarn) {
    const auto of = [](model::Flavor flavor, int major, int minor, const std::string& text) {
        return check_version(facts({{"version", text}}, {.flavor = flavor, .major = major, .minor = minor})).state;
    };
    EXPECT_EQ(of(model::Flavor::MySql, 9, 7, "9.7.0"), CheckState::Success);
    EXPECT_EQ(of(model::Flavor::MySql, 5, 5, "5.5.40"), CheckState::Warn);
    EXPECT_EQ(of(model::Flavor::MySql, 10, 0, "10.0.0"), CheckState::Warn);
    EXPECT_EQ(of(model::Flavor::MySql, 8, 0, "8.0.11-TiDB-v7.5.0"), CheckState::Warn);
    EXPECT_EQ(of(model::Flavor::MariaDb, 11, 8, "11.8.2-MariaDB"), CheckState::Success);
    EXPECT_EQ(of(model::Flavor::MySql, 0, 0, "unknown"), CheckState::Fail);
}

TEST(ServerChecks, ServerIdZeroOnlyWarnsButIsListedAsError) {
    const auto item = check_server_id(facts({{"server_id", "0"}}));
    EXPECT_EQ(item.state, CheckState::Warn);
    EXPECT_EQ(item.findings.front().severity, CheckState::Fail);
    EXPECT_EQ(check_server_id(facts({{"server_id", "7"}})).state, CheckState::Success);
}

TEST(ServerChecks, BinlogFiltersMustLetEverySchemaThrough) {
    EXPECT_EQ(check_binlog_filters({.do_db = "a,b"}, {"a", "b"}, true).state, CheckState::Success);
    EXPECT_EQ(check_binlog_filters({.do_db = "A"}, {"a"}, false).state, CheckState::Success);
    const auto missing = check_binlog_filters({.do_db = "A, b"}, {"a", "b"}, true);
    EXPECT_EQ(missing.state, CheckState::Fail);
    EXPECT_THAT(missing.findings.front().problem, HasSubstr("these dbs [a] are not in binlog_do_db"));
    EXPECT_THAT(check_binlog_filters({.ignore_db = "b"}, {"a", "b"}, true).findings.front().problem,
                HasSubstr("[b] are in binlog_ignore_db"));
    // The list of what is written decides alone.
    EXPECT_EQ(check_binlog_filters({.do_db = "a", .ignore_db = "a"}, {"a"}, true).state, CheckState::Success);
}

TEST(ServerChecks, ConnectionsAreCounted) {
    ServerFacts server = facts({{"max_connections", "20"}});
    server.connections_used = 16;
    EXPECT_EQ(check_reader_connections(server, 4).state, CheckState::Success);
    EXPECT_EQ(check_reader_connections(server, 5).state, CheckState::Warn);
    EXPECT_EQ(check_reader_connections(server, 21).state, CheckState::Fail);
    EXPECT_EQ(check_writer_connections(server, 21).state, CheckState::Warn);
    EXPECT_EQ(check_writer_connections(facts({{"max_connections", "0"}}), 1000).state, CheckState::Success);
}

TEST(PrivilegeChecks, MissingGrantIsSpelledOut) {
    const auto item = check_replication_privileges(account({"GRANT REPLICATION SLAVE ON *.* TO `dm`@`%`"}));
    EXPECT_EQ(item.state, CheckState::Fail);
    EXPECT_EQ(item.findings.front().instruction, "GRANT REPLICATION CLIENT ON *.* TO 'dm'@'%';");
    EXPECT_EQ(check_replication_privileges(account({"GRANT SUPER, REPLICATION SLAVE ON *.* TO `dm`@`%`"})).state,
              CheckState::Success);
    auto maria = account({"GRANT REPLICATION SLAVE ON *.* TO `dm`@`%`"});
    maria.is_mariadb = maria.has_binlog_monitor = true;
    EXPECT_EQ(check_replication_privileges(maria).findings.front().instruction,
              "GRANT BINLOG MONITOR ON *.* TO 'dm'@'%';");
}

TEST(PrivilegeChecks, RolesThatAreNotActiveAreToBeActivated) {
    const auto item = check_replication_privileges(
        account({"GRANT `r`@`%` TO `dm`@`%`"}, {"GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO `dm`@`%`"}));
    ASSERT_EQ(item.findings.size(), 1U);
    EXPECT_THAT(item.findings.front().problem, HasSubstr("not active"));
    EXPECT_EQ(item.findings.front().instruction, "ALTER USER 'dm'@'%' DEFAULT ROLE ALL;");
}

TEST(PrivilegeChecks, BinlogIsHiddenWithoutItsPrivilege) {
    const CheckItem blank{.name = "x"};
    const auto hidden = check_binlog_is_visible(blank, account({"GRANT REPLICATION SLAVE ON *.* TO `dm`@`%`"}));
    EXPECT_EQ(hidden.state, CheckState::Fail);
    EXPECT_EQ(hidden.findings.front().instruction, "GRANT REPLICATION CLIENT ON *.* TO 'dm'@'%';");
    auto super = account({"GRANT SUPER ON *.* TO `dm`@`%`"});
    EXPECT_TRUE(check_binlog_is_visible(blank, super).findings.empty());
    super.has_binlog_monitor = true;
    super.is_super_enough = false;  // MariaDB 11
    EXPECT_EQ(check_binlog_is_visible(blank, super).findings.front().instruction,
              "GRANT BINLOG MONITOR ON *.* TO 'dm'@'%';");
}

TEST(PrivilegeChecks, CopyNeedsSelectOnEveryTable) {
    const std::vector<model::TableName> tables{{"d", "a"}, {"d", "b"}, {"e", "c"}};
    const auto grants = account({"GRANT SELECT ON `d`.`a` TO `dm`@`%`", "GRANT REPLICATION CLIENT ON *.* TO `dm`@`%`"});
    const auto item = check_copy_privileges(grants, {.tables = tables});
    ASSERT_EQ(item.findings.size(), 1U);
    EXPECT_THAT(item.findings.front().problem, HasSubstr("lack of SELECT privilege: {`d`.`b`, `e`.`c`}"));
    EXPECT_EQ(item.findings.front().instruction,
              "GRANT SELECT ON `d`.`b` TO 'dm'@'%'; GRANT SELECT ON `e`.* TO 'dm'@'%';");
}

TEST(PrivilegeChecks, TablesMayBeHidden) {
    const std::vector<model::TableName> tables{{"d", "a"}};
    const std::string base = "GRANT REPLICATION CLIENT ON *.* TO `dm`@`%`";
    const CopyNeeds needs{.tables = tables, .named_schemas = {"d"}, .unseen_tables = {{"d", "b"}}};
    const auto item = check_copy_privileges(account({base, "GRANT SELECT ON `d`.`a` TO `dm`@`%`"}), needs);
    EXPECT_EQ(item.state, CheckState::Warn);
    ASSERT_EQ(item.findings.size(), 2U);
    EXPECT_THAT(item.findings[0].problem, HasSubstr("not granted on the whole schema `d`"));
    EXPECT_EQ(item.findings[0].instruction, "GRANT SELECT ON `d`.* TO 'dm'@'%';");
    EXPECT_EQ(item.findings[1].instruction, "GRANT SELECT ON `d`.`b` TO 'dm'@'%';");
    EXPECT_EQ(check_copy_privileges(account({base, "GRANT SELECT ON `d`.* TO `dm`@`%`"}), needs).state,
              CheckState::Success);

    const std::vector<model::TableName> none;
    const auto blind = check_copy_privileges(account({base}), {.tables = none, .named_schemas = {"d"}});
    EXPECT_EQ(blind.state, CheckState::Fail) << "nothing at all would be migrated";
    EXPECT_EQ(blind.findings.front().instruction, "GRANT SELECT ON `d`.* TO 'dm'@'%';");
}

TEST(PrivilegeChecks, LockNeedsReloadOrLockTables) {
    const std::vector<model::TableName> tables{{"d", "a"}};
    const auto needs = CopyNeeds{.tables = tables, .needs_lock = true};
    const std::string base = "GRANT REPLICATION CLIENT ON *.* TO `dm`@`%`";
    const auto state = [&](const std::string& line) { return check_copy_privileges(account({base, line}), needs); };
    const auto refused = state("GRANT SELECT ON `d`.* TO `dm`@`%`");
    ASSERT_EQ(refused.findings.size(), 1U);
    EXPECT_EQ(refused.findings.front().instruction, "GRANT RELOAD ON *.* TO 'dm'@'%';");
    EXPECT_EQ(state("GRANT SELECT, LOCK TABLES ON `d`.* TO `dm`@`%`").state, CheckState::Success);
    // Nothing is seen yet: what will be lacking then is said at once.
    const auto unseen = check_copy_privileges(account({base}), {.needs_lock = true, .named_schemas = {"d"}});
    EXPECT_EQ(unseen.state, CheckState::Fail);
    EXPECT_EQ(unseen.findings.back().instruction, "GRANT RELOAD ON *.* TO 'dm'@'%';");
    EXPECT_EQ(check_copy_privileges(account({base}), {.needs_lock = true}).state, CheckState::Success);
    EXPECT_EQ(state("GRANT SELECT, FLUSH_TABLES ON *.* TO `dm`@`%`").state, CheckState::Success);
    const auto keyless = check_copy_privileges(account({base, "GRANT SELECT, RELOAD ON *.* TO `dm`@`%`"}),
                                               {.tables = tables, .locked_tables = tables});
    EXPECT_EQ(keyless.findings.front().instruction, "GRANT LOCK TABLES ON `d`.* TO 'dm'@'%';");
}

TEST(PrivilegeChecks, TargetOnlyWarns) {
    const auto item = check_target_privileges(
        account({"GRANT CREATE, SELECT, INSERT, UPDATE, DELETE, ALTER ON *.* TO `dm`@`%`"}), true);
    EXPECT_EQ(item.state, CheckState::Warn);
    EXPECT_EQ(item.findings.front().severity, CheckState::Fail);
    EXPECT_EQ(item.findings.front().instruction, "GRANT DROP, INDEX ON *.* TO 'dm'@'%';");
}

TEST(PrivilegeChecks, ForeignKeysTakeReferencesWhereTheServerAsksForIt) {
    auto grants = account({"GRANT CREATE, SELECT, INSERT, UPDATE, DELETE, ALTER, DROP, INDEX ON *.* TO `dm`@`%`"});
    EXPECT_EQ(check_target_privileges(grants, true).state, CheckState::Success);
    grants.checks_references = true;
    EXPECT_EQ(check_target_privileges(grants, false).state, CheckState::Success);
    const auto item = check_target_privileges(grants, true);
    ASSERT_EQ(item.findings.size(), 1U);
    EXPECT_EQ(item.findings.front().instruction, "GRANT REFERENCES ON *.* TO 'dm'@'%';");
}

TableFacts table(std::vector<std::string> columns, std::set<std::set<std::string>> keys = {{"id"}}) {
    TableFacts facts;
    facts.collation = "utf8mb4_bin";
    for (auto& name : columns) facts.columns.push_back({.name = std::move(name), .is_nullable = false});
    facts.has_row_key = !keys.empty();
    facts.unique_keys = std::move(keys);
    return facts;
}

const std::vector<TablePair> kPair{{.source = {"d", "t"}, .target = {"x", "t"}}};

std::vector<std::string> problems(const TableFacts& source, const TableFacts& target) {
    const auto item =
        check_table_structures(kPair, {.source = {{{"d", "t"}, source}}, .target = {{{"x", "t"}, target}}});
    std::vector<std::string> texts;
    for (const auto& finding : item.findings) {
        EXPECT_EQ(finding.severity, CheckState::Warn);
        texts.push_back(finding.problem);
    }
    return texts;
}

TEST(TableChecks, EqualTablesPass) { EXPECT_THAT(problems(table({"id"}), table({"id"})), testing::IsEmpty()); }

TEST(TableChecks, StructureFindings) {
    using testing::ElementsAre;
    EXPECT_THAT(problems(table({"id"}, {}), table({"id"}, {})), ElementsAre(HasSubstr("neither a primary key")));
    EXPECT_THAT(problems(table({"id", "a"}), table({"id"})),
                ElementsAre(HasSubstr("columns that its target `x`.`t` has not: `a`")));
    EXPECT_THAT(problems(table({"id"}), table({"id", "b"})),
                ElementsAre(HasSubstr("NOT NULL and without a default: `b`")));
    auto filled = table({"id", "b"});
    filled.columns.back().is_filled = true;
    EXPECT_THAT(problems(table({"id"}), filled), testing::IsEmpty());
    EXPECT_THAT(
        problems(table({"id", "a"}, {{"id"}, {"a"}}), table({"id", "a"}, {{"id"}, {"a", "id"}})),
        ElementsAre(HasSubstr("unique keys on (a) that its target"), HasSubstr("unique keys on (a, id) that table")));
    auto child = table({"id"});
    child.has_foreign_key = true;
    EXPECT_THAT(problems(child, table({"id"})), ElementsAre(HasSubstr("foreign keys")));
}

TEST(TableChecks, CharsetsMustFit) {
    auto source = table({"id"});
    auto target = table({"id"});
    target.collation = "latin1_swedish_ci";
    EXPECT_THAT(problems(source, target), testing::ElementsAre(HasSubstr("has charset utf8mb4")));
    std::swap(source, target);
    EXPECT_THAT(problems(source, target), testing::IsEmpty());
    source.collation = "utf8mb4_general_ci";
    EXPECT_THAT(problems(source, target), testing::ElementsAre(HasSubstr("has collation utf8mb4_general_ci")));
}

TEST(TableChecks, UnknownCollationIsReportedOncePerCollation) {
    auto strange = table({"id"});
    strange.collation = "utf8mb4_0900_ai_ci";
    const std::vector<TablePair> pairs{kPair.front(), {.source = {"d", "u"}, .target = {"x", "u"}}};
    const auto item = check_table_structures(
        pairs, {.source = {{{"d", "t"}, strange}, {{"d", "u"}, strange}}, .target_collations = {"utf8mb4_bin"}});
    ASSERT_EQ(item.findings.size(), 1U);
    EXPECT_THAT(item.findings.front().problem, HasSubstr("which 2 tables use, first `d`.`t`"));
}

TEST(TableChecks, NothingToMigrateIsSaid) {
    EXPECT_THAT(check_table_structures({}, {}).findings.front().problem, HasSubstr("block-allow list"));
}

TEST(TableChecks, OnlineSchemaChangesFail) {
    EXPECT_EQ(check_online_ddl({}).state, CheckState::Success);
    EXPECT_EQ(check_online_ddl({{"d", "_t_gho"}}).state, CheckState::Fail);
}

TEST(Report, LimitsCountFindingsBySeverityAndTheSummaryCountsAll) {
    CheckItem many{.name = "n"};
    for (int i = 0; i < 3; ++i) many.add(CheckState::Warn, "w" + std::to_string(i));
    CheckItem failed{.name = "f"};
    failed.add(CheckState::Fail, "e", "mend");
    const std::string text = check_detail({many, failed, CheckItem{.name = "ok"}}, 10, 2);
    EXPECT_THAT(text, HasSubstr("\"w1\""));
    EXPECT_THAT(text, testing::Not(HasSubstr("\"w2\"")));
    EXPECT_THAT(text, testing::Not(HasSubstr("\"ok\"")));
    EXPECT_THAT(text, HasSubstr("\"instruction\": \"mend\""));
    EXPECT_THAT(text, HasSubstr("\"total\": 3"));
    EXPECT_THAT(check_detail({many}, 0, 0), HasSubstr("\"results\": []"));
}

}  // namespace
}  // namespace dm::precheck
