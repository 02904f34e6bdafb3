#include "unit/precheck/grants.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/sql/fake_sql_session.h"

namespace dm::precheck {
namespace {

using sql::FakeSqlServer;
using testing::ElementsAre;

Grants grants_of(const std::vector<std::string>& lines) {
    Grants grants;
    for (const auto& line : lines) grants.add_line(line);
    return grants;
}

TEST(Grants, GlobalPrivilegesHoldEverywhere) {
    const auto grants = grants_of({"GRANT SELECT, REPLICATION SLAVE ON *.* TO `dm`@`%` IDENTIFIED BY PASSWORD '*0A'",
                                   "GRANT BACKUP_ADMIN ON *.* TO `dm`@`%`"});
    EXPECT_TRUE(grants.has_global({"REPLICATION SLAVE"}));
    EXPECT_TRUE(grants.has_global({"RELOAD", "BACKUP_ADMIN"}));
    EXPECT_FALSE(grants.has_global({"RELOAD", "FLUSH_TABLES"}));
    EXPECT_TRUE(grants.has_on("SELECT", {"any", "t"}));
    EXPECT_FALSE(grants.has_on("INSERT", {"any", "t"}));
    EXPECT_TRUE(grants_of({"GRANT ALL PRIVILEGES ON *.* TO 'root'@'localhost' WITH GRANT OPTION"}).has_global({"X"}));
}

TEST(Grants, SchemaNamesArePatterns) {
    const auto grants = grants_of({"GRANT SELECT ON `shop%`.* TO `dm`@`%`", "GRANT SELECT ON `a\\_b`.* TO `dm`@`%`",
                                   "GRANT ALL PRIVILEGES ON `x_y`.* TO `dm`@`%`"});
    EXPECT_TRUE(grants.has_on("SELECT", {"shop", "t"}));
    EXPECT_TRUE(grants.has_on("SELECT", {"shop_1", "t"}));
    EXPECT_FALSE(grants.has_on("SELECT", {"my_shop", "t"}));
    EXPECT_TRUE(grants.has_on("SELECT", {"a_b", "t"}));
    EXPECT_FALSE(grants.has_on("SELECT", {"acb", "t"}));
    EXPECT_TRUE(grants.has_on("LOCK TABLES", {"xzy", "t"}));
    EXPECT_FALSE(grants.has_global({"SELECT"}));
}

TEST(Grants, TablesCountAndColumnsDoNot) {
    const auto grants = grants_of({"GRANT SELECT, INSERT (`a`, `b`) ON `d`.`t` TO `dm`@`%`",
                                   "GRANT SELECT (`a`) ON `d`.`u` TO `dm`@`%`", "GRANT SELECT ON `d`.`we``ird` TO x"});
    EXPECT_TRUE(grants.has_on("SELECT", {"d", "t"}));
    EXPECT_FALSE(grants.has_on("INSERT", {"d", "t"}));
    EXPECT_FALSE(grants.has_on("SELECT", {"d", "u"}));
    EXPECT_TRUE(grants.has_on("SELECT", {"d", "we`ird"}));
}

TEST(Grants, PartialRevokesTakeBack) {
    const auto grants = grants_of({"GRANT SELECT, INSERT ON *.* TO `dm`@`%`", "REVOKE INSERT ON `d`.* FROM `dm`@`%`"});
    EXPECT_FALSE(grants.has_on("INSERT", {"d", "t"}));
    EXPECT_TRUE(grants.has_on("INSERT", {"e", "t"}));
    EXPECT_FALSE(grants.has_global({"INSERT"}));
    EXPECT_TRUE(grants.has_global({"SELECT"}));
}

TEST(Grants, OtherLinesSayNothing) {
    const auto grants = grants_of({"GRANT EXECUTE ON PROCEDURE `d`.`p` TO `dm`@`%`",
                                   "GRANT PROXY ON ''@'%' TO 'root'@'localhost' WITH GRANT OPTION",
                                   "SET DEFAULT ROLE `r` FOR `dm`@`%`", "GRANT `r`@`%`,`s`@`%` TO `dm`@`%`"});
    EXPECT_FALSE(grants.has_on("EXECUTE", {"d", "p"}));
    EXPECT_THAT(grants.roles(), ElementsAre("`r`@`%`", "`s`@`%`"));
    EXPECT_THROW(grants_of({"something else"}), Error);
}

TEST(Grants, MySqlRolesAreExpandedByUsing) {
    FakeSqlServer server;
    server.on("SELECT CURRENT_USER()", FakeSqlServer::result({"u"}, {{"o'brien@10.0.0.%"}}));
    server.on("SELECT CURRENT_ROLE()", FakeSqlServer::result({"r"}, {{"NONE"}}));
    server.on("SHOW GRANTS",
              FakeSqlServer::result({"g"}, {{"GRANT USAGE ON *.* TO `u`@`%`"}, {"GRANT `r`@`%` TO `u`@`%`"}}));
    server.on("SHOW GRANTS FOR CURRENT_USER() USING `r`@`%`",
              FakeSqlServer::result({"g"}, {{"GRANT SELECT ON *.* TO `u`@`%`"}, {"GRANT `r`@`%` TO `u`@`%`"}}));
    auto grants = read_grants(*server.connect());
    EXPECT_EQ(grants.account, "'o\\'brien'@'10.0.0.%'");
    EXPECT_FALSE(grants.effective.has_global({"SELECT"}));
    EXPECT_TRUE(grants.possible.has_global({"SELECT"}));

    server.on("SELECT CURRENT_ROLE()", FakeSqlServer::result({"r"}, {{"`r`@`%`"}}));
    grants = read_grants(*server.connect());
    EXPECT_TRUE(grants.effective.has_global({"SELECT"}));
}

TEST(Grants, MariaDbRolesAreTriedOneByOne) {
    FakeSqlServer server({.flavor = model::Flavor::MariaDb, .major = 10, .minor = 11, .patch = 6});
    server.on("SELECT CURRENT_USER()", FakeSqlServer::result({"u"}, {{"dm@%"}}));
    server.on("SHOW GRANTS", [&](std::string_view) {
        const auto roles = server.statements("SET ROLE");
        return FakeSqlServer::result(
            {"g"}, {{"GRANT `a` TO `dm`@`%`"},
                    {"GRANT `b` TO `dm`@`%`"},
                    {!roles.empty() && roles.back() == "SET ROLE `b`" ? "GRANT BINLOG MONITOR ON *.* TO `b`"
                                                                      : "GRANT USAGE ON *.* TO `dm`@`%`"}});
    });
    const auto grants = read_grants(*server.connect());
    EXPECT_TRUE(grants.has_binlog_monitor);
    EXPECT_FALSE(grants.effective.has_global({"BINLOG MONITOR"}));
    EXPECT_TRUE(grants.possible.has_global({"BINLOG MONITOR"}));
    EXPECT_THAT(server.statements("SET ROLE"), ElementsAre("SET ROLE `a`", "SET ROLE `b`", "SET ROLE NONE"));
}

}  // namespace
}  // namespace dm::precheck
