#include "unit/copy/locked_snapshot.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "core/sql/fake_sql_session.h"

namespace dm::copy {
namespace {

using sql::FakeSqlServer;

SystemClock system_clock;

std::vector<std::unique_ptr<ManagedSession>> open(SessionGroup& group, const std::vector<model::TableName>& tables,
                                                  int count) {
    return open_locked_snapshot(group, tables, count, {.clock = system_clock, .stop = {}});
}

void have_grants(FakeSqlServer& server, const std::string& grant) {
    server.on("SHOW GLOBAL VARIABLES LIKE 'log_bin'", FakeSqlServer::result({"n", "Value"}, {{"log_bin", "ON"}}));
    server.on("SHOW GRANTS", FakeSqlServer::result({"Grants"}, {{"GRANT USAGE ON *.* TO `u`@`%`"}, {grant}}));
}

TEST(WhyNoBinlog, LooksAtTheLogAndThePrivilege) {
    FakeSqlServer server;
    have_grants(server, "GRANT REPLICATION SLAVE, SELECT ON *.* TO `u`@`%`");
    EXPECT_FALSE(why_no_binlog(*server.connect()).has_value());
    have_grants(server, "GRANT `role`@`%` TO `u`@`%`");
    EXPECT_FALSE(why_no_binlog(*server.connect()).has_value()) << "a role may bring it";
    have_grants(server, "GRANT ALL PRIVILEGES ON `d`.* TO `u`@`%`");
    EXPECT_EQ(why_no_binlog(*server.connect()), "the upstream's user has no REPLICATION SLAVE privilege");
    server.on("SHOW GLOBAL VARIABLES LIKE 'log_bin'", FakeSqlServer::result({"n", "Value"}, {{"log_bin", "OFF"}}));
    EXPECT_EQ(why_no_binlog(*server.connect()), "the upstream's binary log is off");
}

TEST(LockedSnapshot, AllSessionsOpenBeforeTheLockIsGone) {
    FakeSqlServer server;
    SessionGroup group(server.connector());
    const auto sessions = open(group, {{"s", "t"}}, 2);
    ASSERT_EQ(sessions.size(), 2U);
    const auto all = server.statements();
    EXPECT_EQ(all.at(2), "FLUSH TABLES WITH READ LOCK");
    EXPECT_EQ(all.at(all.size() - 2), "UNLOCK TABLES");
    EXPECT_EQ(server.statements("START TRANSACTION WITH CONSISTENT SNAPSHOT").size(), 2U);
    sessions[0]->drop();
    EXPECT_THROW((void)sessions[0]->get(), Error) << "another session would see another moment";
}

TEST(LockedSnapshot, WithoutThePrivilegeTheTablesAreLocked) {
    FakeSqlServer server;
    server.fail("FLUSH", FakeSqlServer::server_error(1227, "Access denied; you need RELOAD"), 0, 2);
    SessionGroup group(server.connector());
    (void)open(group, {{"s", "t"}, {"s", "u"}}, 1);
    EXPECT_EQ(server.statements("LOCK TABLES"), std::vector<std::string>{"LOCK TABLES `s`.`t` READ, `s`.`u` READ"});
    server.fail("LOCK TABLES", FakeSqlServer::server_error(1044, "Access denied"), 0, 1);
    try {
        (void)open(group, {{"s", "t"}}, 1);
        FAIL() << "nothing was locked";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::CopyPositionUnknown);
    }
}

}  // namespace
}  // namespace dm::copy
