#include "core/sql/fake_sql_session.h"

#include <gtest/gtest.h>

namespace dm::sql {
namespace {

TEST(FakeSqlSession, AnswersByPrefixAndRecords) {
    FakeSqlServer server;
    server.on("SELECT", FakeSqlServer::result({"a"}, {{"1"}}));
    server.on("SELECT 2", FakeSqlServer::result({"a", "b"}, {{"2", "NULL"}}));
    server.on_execute("INSERT", {.affected_rows = 3});
    const auto session = server.connect();
    EXPECT_EQ(session->query("select 1").text(0, "A"), "1");
    const ResultSet result = session->query("SELECT 2");
    EXPECT_EQ(result.text(0, "a"), "2");
    EXPECT_FALSE(result.rows[0][1].has_value());
    EXPECT_EQ(result.text(0, "b"), "");
    EXPECT_EQ(result.text(5, "a"), "");
    EXPECT_EQ(session->execute("INSERT INTO t").affected_rows, 3U);
    EXPECT_EQ(server.statements().size(), 3U);
    EXPECT_EQ(server.statements("insert").size(), 1U);
}

TEST(FakeSqlSession, StreamsUntilTheSinkHasEnough) {
    FakeSqlServer server;
    server.on("SELECT", FakeSqlServer::result({"a"}, {{"1"}, {"2"}, {"3"}}));
    const auto session = server.connect();
    int rows = 0;
    session->stream("SELECT a", [&](CellRow) { return ++rows < 2; });
    EXPECT_EQ(rows, 2);
    EXPECT_THROW(session->query("SELECT a"), Error);
}

TEST(FakeSqlSession, FailsWhereTold) {
    FakeSqlServer server;
    server.fail("UPDATE", FakeSqlServer::server_error(1213, "Deadlock found"), 1, 1);
    server.fail("DELETE", Error(ErrorCode::DbBadConnection, "gone"), 0, 1, true);
    const auto session = server.connect();
    EXPECT_NO_THROW(session->execute("UPDATE t"));
    try {
        session->execute("UPDATE t");
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(server_error_of(error), 1213);
    }
    EXPECT_NO_THROW(session->execute("UPDATE t"));
    EXPECT_THROW(session->execute("DELETE FROM t"), Error);
    EXPECT_THROW(session->execute("UPDATE t"), Error);
    EXPECT_NO_THROW(server.connect()->execute("DELETE FROM t"));
    EXPECT_EQ(server.sessions_opened(), 2U);
}

TEST(FakeSqlSession, StrictServerRefusesTheUnknown) {
    FakeSqlServer server;
    EXPECT_TRUE(server.connect()->query("SHOW x").rows.empty());
    server.set_strict(true);
    EXPECT_THROW(server.connect()->query("SHOW x"), Error);
}

TEST(ServerErrorOf, ReadsTheNumber) {
    const Error error(ErrorCode::DbExecuteFailed, "x");
    EXPECT_EQ(server_error_of(error), std::nullopt);
    EXPECT_EQ(server_error_of(error.with_cause("Error 1062 (23000): Duplicate entry")), 1062);
    EXPECT_EQ(server_error_of(error.with_cause("Error 1062: Duplicate entry")), 1062);
    EXPECT_EQ(server_error_of(error.with_cause("Error reading")), std::nullopt);
    EXPECT_EQ(server_error_of(error.with_cause("Error 10")), std::nullopt);
}

}  // namespace
}  // namespace dm::sql
