#include "unit/target/downstream.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "base/error.h"
#include "core/sql/fake_sql_session.h"

namespace dm::target {
namespace {

std::string value_of(const SessionVariables& variables, std::string_view name) {
    const auto found = std::ranges::find(variables, name, [](const auto& variable) { return variable.first; });
    return found == variables.end() ? "(absent)" : found->second;
}

TEST(DownstreamTest, TheUsersTimeZoneDoesNotShiftTimestamps) {
    const auto variables =
        downstream_session_variables({.user_variables = {{"time_zone", "+08:00"}}, .upstream_sql_mode = ""});
    EXPECT_EQ(value_of(variables, "time_zone"), "+00:00");
}

TEST(DownstreamSession, KeepsTheUpstreamsModeWithoutWhatRefusesOldData) {
    const auto variables = downstream_session_variables(
        {.upstream_sql_mode = "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_DATE,NO_BACKSLASH_ESCAPES,ANSI_QUOTES"});
    EXPECT_EQ(value_of(variables, "sql_mode"),
              "ONLY_FULL_GROUP_BY,IGNORE_SPACE,ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO,NO_DIR_IN_CREATE");
    EXPECT_EQ(value_of(variables, "time_zone"), "+00:00");
    EXPECT_EQ(value_of(variables, "foreign_key_checks"), "0");
}

TEST(DownstreamSession, TheUsersVariablesWinExceptForWhatStatementsAreReadBy) {
    const auto variables = downstream_session_variables(
        {.user_variables = {
             {"SQL_MODE", "strict_all_tables, no_backslash_escapes"}, {"foreign_key_checks", "1"}, {"tidb_x", "on"}}});
    EXPECT_EQ(value_of(variables, "sql_mode"), "STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO,NO_DIR_IN_CREATE");
    EXPECT_EQ(value_of(variables, "foreign_key_checks"), "1");
    EXPECT_EQ(value_of(variables, "tidb_x"), "on");
}

TEST(DownstreamSession, AnsiStaysAsItsHarmlessParts) {
    const auto variables = downstream_session_variables(
        {.user_variables = {{"sql_mode", "ANSI,ANSI_QUOTES,EMPTY_STRING_IS_NULL,NO_AUTO_VALUE_ON_ZERO"}},
         .upstream_sql_mode = ""});
    EXPECT_EQ(value_of(variables, "sql_mode"),
              "NO_AUTO_VALUE_ON_ZERO,REAL_AS_FLOAT,PIPES_AS_CONCAT,IGNORE_SPACE,NO_DIR_IN_CREATE");
}

TEST(DownstreamSession, EncodingsAndCommitsAreNotTheUsersToSay) {
    const SessionVariables user = {{"Character_Set_Client", "latin1"}, {"autocommit", "0"}};
    const auto down = downstream_session_variables({.user_variables = user, .upstream_sql_mode = ""});
    const auto up = upstream_session_variables(user);
    for (const auto& [name, value] : user) {
        EXPECT_TRUE(is_own_variable(name));
        EXPECT_EQ(value_of(down, name), "(absent)");
        EXPECT_EQ(value_of(up, name), "(absent)");
    }
    EXPECT_FALSE(is_own_variable("wait_timeout"));
}

TEST(DownstreamSession, RowsThatNoConstraintWasCheckedForAreTaken) {
    EXPECT_EQ(value_of(downstream_session_variables({.upstream_sql_mode = ""}), "check_constraint_checks"), "(absent)");
    DownstreamSettings settings{.upstream_sql_mode = "", .checks_constraints = true};
    EXPECT_EQ(value_of(downstream_session_variables(settings), "check_constraint_checks"), "0");
    settings.user_variables = {{"check_constraint_checks", "1"}};
    EXPECT_EQ(value_of(downstream_session_variables(settings), "check_constraint_checks"), "1");
}

TEST(UpstreamSession, ReadsTheSameOnBothSidesWhateverTheUserSets) {
    const auto variables = upstream_session_variables({{"time_zone", "+09:00"}, {"sql_mode", "ANSI"}});
    EXPECT_EQ(value_of(variables, "time_zone"), "+00:00");
    EXPECT_EQ(value_of(variables, "sql_mode"), "");
}

TEST(WithSessionVariables, SetsEachOnANewSession) {
    sql::FakeSqlServer server;
    with_session_variables(server.connector(), {{"a", "7"}, {"b", "it's"}})();
    EXPECT_EQ(server.statements(), (std::vector<std::string>{"SET SESSION a = 7", "SET SESSION b = 'it\\'s'"}));
}

TEST(ExecuteDdl, ToleratesWhatIsAsWantedAlready) {
    sql::FakeSqlServer server;
    server.fail("CREATE", sql::FakeSqlServer::server_error(1050, "Table 't' already exists"));
    server.fail("DROP", sql::FakeSqlServer::server_error(1064, "You have an error"));
    const auto session = server.connect();
    EXPECT_TRUE(execute_ddl(*session, "CREATE TABLE t (a INT)").has_value());
    EXPECT_FALSE(execute_ddl(*session, "ALTER TABLE t ADD b INT").has_value());
    EXPECT_THROW(execute_ddl(*session, "DROP TABEL t"), Error);
}

TEST(FetchTable, IsNothingForAMissingTable) {
    sql::FakeSqlServer server;
    server.on("SHOW CREATE TABLE `s`.`t`",
              sql::FakeSqlServer::result({"Table", "Create Table"}, {{"t", "CREATE TABLE `t` (...)"}}));
    server.fail("SHOW CREATE TABLE `s`.`gone`", sql::FakeSqlServer::server_error(1146, "Table doesn't exist"));
    const auto session = server.connect();
    EXPECT_EQ(fetch_table(*session, {"s", "t"}), "CREATE TABLE `t` (...)");
    EXPECT_EQ(fetch_table(*session, {"s", "gone"}), std::nullopt);
}

TEST(Downstream, Utf8mb4MeansWhatItMeansUpstream) {
    using sql::FakeSqlServer;
    FakeSqlServer upstream;
    FakeSqlServer target;
    target.on(
        "SHOW SESSION VARIABLES LIKE 'default_collation_for_utf8mb4'",
        FakeSqlServer::result({"Variable_name", "Value"}, {{"default_collation_for_utf8mb4", "utf8mb4_0900_ai_ci"}}));
    upstream.on("SELECT DEFAULT_COLLATE_NAME", FakeSqlServer::result({"c"}, {{"utf8mb4_general_ci"}}));
    const SessionVariables expected = {{"default_collation_for_utf8mb4", "utf8mb4_general_ci"}};
    EXPECT_EQ(charset_variables(*upstream.connector()(), *target.connector()()), expected);
    upstream.on("SELECT DEFAULT_COLLATE_NAME", FakeSqlServer::result({"c"}, {{"utf8mb4_0900_ai_ci"}}));
    EXPECT_TRUE(charset_variables(*upstream.connector()(), *target.connector()()).empty());
}

}  // namespace
}  // namespace dm::target
