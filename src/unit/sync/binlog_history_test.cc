#include "unit/sync/binlog_history.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "core/sql/fake_sql_session.h"

namespace dm::sync {
namespace {

using sql::FakeSqlServer;

constexpr auto kUuid = "3e11fa47-71ca-11e1-9e33-c80aa9429562";

/// What a server answers, and whether a place at byte 700 of bin.000003 can be one of its binlog.
struct Case {
    const char* name;
    std::vector<std::vector<std::string>> logs;
    std::vector<std::vector<std::string>> next;  ///< Event_type, Info
    bool is_same;
};

bool has_place(FakeSqlServer& server, model::Flavor flavor, const char* set) {
    const auto session = server.connect();
    try {
        ensure_same_history(*session, {.position = {.file = "bin.000003", .offset = 700},
                                       .gtid_set = model::GtidSet::parse(flavor, set)});
        return true;
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::SyncBinlogPurged);
        return false;
    }
}

bool has_place(const Case& test, model::ServerVersion version, const char* set) {
    FakeSqlServer server(version);
    server.on("SHOW BINARY LOGS", FakeSqlServer::result({"Log_name", "File_size"}, test.logs));
    server.on("SHOW BINLOG EVENTS IN 'bin.000003' FROM 700 LIMIT 1",
              FakeSqlServer::result({"Event_type", "Info"}, test.next));
    return has_place(server, version.flavor, set);
}

TEST(BinlogHistoryTest, mysql) {
    const auto gtid = [](int number) {
        return "SET @@SESSION.GTID_NEXT= '" + std::string(kUuid) + ":" + std::to_string(number) + "'";
    };
    const std::vector<Case> cases = {
        {"at the end of a file", {{"bin.000003", "700"}}, {}, true},
        {"before the next transaction", {{"bin.000003", "900"}}, {{"Gtid", gtid(74)}}, true},
        {"before one that was read", {{"bin.000003", "900"}}, {{"Gtid", gtid(41)}}, false},
        {"before one without a GTID", {{"bin.000003", "900"}}, {{"Anonymous_Gtid", "'ANONYMOUS'"}}, true},
        {"before the next file", {{"bin.000003", "900"}}, {{"Rotate", "bin.000004;pos=4"}}, true},
        {"within a transaction", {{"bin.000003", "900"}}, {{"Table_map", "table_id: 1 (d.t)"}}, false},
        {"behind the end", {{"bin.000003", "600"}}, {}, false},
        {"in a file to come", {{"bin.000001", "900"}, {"bin.000002", "900"}}, {}, false},
        {"in a file of another name", {{"log.000001", "900"}}, {}, true},
        {"in a file that is purged", {{"bin.000007", "900"}}, {}, true},
        {"nothing is said", {}, {}, true},
    };
    for (const auto& test : cases) {
        EXPECT_EQ(has_place(test, {.flavor = model::Flavor::MySql, .major = 8, .minor = 0, .patch = 36},
                            (std::string(kUuid) + ":1-73").c_str()),
                  test.is_same)
            << test.name;
    }
}

TEST(BinlogHistoryTest, mariadb) {
    const std::vector<Case> cases = {
        {"before the next transaction", {{"bin.000003", "900"}}, {{"Gtid", "BEGIN GTID 0-5-74"}}, true},
        {"before one that was read", {{"bin.000003", "900"}}, {{"Gtid", "GTID 0-5-41"}}, false},
        {"before one of an XA transaction",
         {{"bin.000003", "900"}},
         {{"Gtid", "XA START X'61',X'',1 GTID 0-5-9"}},
         false},
        {"before one of another server", {{"bin.000003", "900"}}, {{"Gtid", "BEGIN GTID 0-6-41"}}, true},
        {"before one of another domain", {{"bin.000003", "900"}}, {{"Gtid", "BEGIN GTID 7-5-1"}}, true},
        {"before a list", {{"bin.000003", "900"}}, {{"Gtid_list", "[0-5-41]"}}, true},
        {"before an annotation", {{"bin.000003", "900"}}, {{"Annotate_rows", "INSERT"}}, false},
    };
    for (const auto& test : cases) {
        EXPECT_EQ(has_place(test, {.flavor = model::Flavor::MariaDb, .major = 10, .minor = 11, .patch = 6}, "0-5-73"),
                  test.is_same)
            << test.name;
    }
}

TEST(BinlogHistoryTest, where_no_event_begins_none_was_read) {
    FakeSqlServer server;
    server.on("SHOW BINARY LOGS", FakeSqlServer::result({"Log_name", "File_size"}, {{"bin.000003", "900"}}));
    server.fail("SHOW BINLOG EVENTS", FakeSqlServer::server_error(1220, "Wrong offset or I/O error"));
    const std::string set = std::string(kUuid) + ":1-73";
    EXPECT_FALSE(has_place(server, model::Flavor::MySql, set.c_str()));
    server.fail("SHOW BINLOG EVENTS", FakeSqlServer::server_error(1227, "Access denied"));
    EXPECT_TRUE(has_place(server, model::Flavor::MySql, set.c_str())) << "who may not ask does not know";
    EXPECT_TRUE(has_place(server, model::Flavor::MySql, "")) << "positions without GTIDs are checked by the server";
}

TEST(BinlogHistoryTest, a_place_that_goes_back) {
    HistoryWatch watch;
    watch.see("a", {.file = "bin.000003", .offset = 700});
    watch.see("a", {.file = "bin.000003", .offset = 700});
    watch.see("b", {.file = "bin.000001", .offset = 90});
    watch.see("", {.file = "bin.000001", .offset = 4});
    watch.see("", {.file = "bin.000001", .offset = 3});
    watch.see("a", {.file = "bin.000002", .offset = 4});
    EXPECT_THROW(watch.see("a", {.file = "bin.000001", .offset = 900}), Error);
}

TEST(BinlogHistoryTest, servers_have_names) {
    FakeSqlServer mysql;
    mysql.on("SELECT @@server_uuid", FakeSqlServer::result({"s"}, {{kUuid}}));
    EXPECT_EQ(fetch_server_name(*mysql.connect()), kUuid);
    FakeSqlServer mariadb({.flavor = model::Flavor::MariaDb, .major = 10, .minor = 11, .patch = 6});
    mariadb.on("SELECT CONCAT(@@server_id", FakeSqlServer::result({"s"}, {{"7@host:3306"}}));
    EXPECT_EQ(fetch_server_name(*mariadb.connect()), "7@host:3306");
    FakeSqlServer silent;
    EXPECT_EQ(fetch_server_name(*silent.connect()), "");
}

}  // namespace
}  // namespace dm::sync
