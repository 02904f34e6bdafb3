#include "unit/copy/start_point.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "core/sql/fake_sql_session.h"

namespace dm::copy {
namespace {

using sql::FakeSqlServer;
using Statements = std::vector<std::string>;

constexpr model::ServerVersion kMariaDb{.flavor = model::Flavor::MariaDb, .major = 10, .minor = 11, .patch = 6};
constexpr model::ServerVersion kMySql56{.flavor = model::Flavor::MySql, .major = 5, .minor = 6, .patch = 24};
constexpr model::ServerVersion kMySql97{.flavor = model::Flavor::MySql, .major = 9, .minor = 7, .patch = 0};
constexpr std::string_view kGtid = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
const model::TableName kTable{"s", "t"};
constexpr std::string_view kLockPreparation =
    "SET SESSION lock_wait_timeout = 2, innodb_lock_wait_timeout = 2, innodb_table_locks = 1, autocommit = 0";

model::Location low_of(FakeSqlServer& server, LocationUse use, std::span<const model::TableName> tables) {
    SystemClock clock;
    return measure_low(*server.connect(), use, tables, {.clock = clock, .stop = {}});
}

void have_status(FakeSqlServer& server, const std::string& command, const std::string& gtid) {
    server.on(command,
              FakeSqlServer::result({"File", "Position", "Executed_Gtid_Set"}, {{"bin.000007", "4321", gtid}}));
}

void have_mariadb_snapshot(FakeSqlServer& server) {
    server.on("SHOW STATUS LIKE 'binlog_snapshot_%'",
              FakeSqlServer::result({"Variable_name", "Value"},
                                    {{"Binlog_snapshot_file", "bin.000007"}, {"Binlog_snapshot_position", "4321"}}));
    server.on("SELECT BINLOG_GTID_POS('bin.000007',4321)", FakeSqlServer::result({"g"}, {{"0-1-99"}}));
}

TEST(MeasureLow, MariaDbTakesTheSnapshotsOwnPlace) {
    FakeSqlServer server(kMariaDb);
    have_mariadb_snapshot(server);
    const model::Location low = low_of(server, LocationUse::ByGtid, {&kTable, 1});
    EXPECT_EQ(low.to_string(), "position: (bin.000007, 4321), gtid-set: 0-1-99");
    EXPECT_EQ(server.statements("COMMIT").size(), 1U);
    EXPECT_TRUE(server.statements("FLUSH").empty());
    EXPECT_TRUE(server.statements("SHOW MASTER").empty()) << "runs ahead of what is visible";
}

TEST(MeasureLow, MariaDbReadsNoBinlogForATablesPosition) {
    FakeSqlServer server(kMariaDb);
    have_mariadb_snapshot(server);
    const model::Location low = low_of(server, LocationUse::ByPosition, {&kTable, 1});
    EXPECT_EQ(low.position, (model::BinlogPosition{.file = "bin.000007", .offset = 4321}));
    EXPECT_TRUE(low.gtid_set.is_empty());
    EXPECT_TRUE(server.statements("SELECT BINLOG_GTID_POS").empty()) << "the server would read the file up to there";
    EXPECT_EQ(low_of(server, LocationUse::ByPosition, {}).gtid_set.to_string(), "0-1-99")
        << "where replication may begin the set is kept, for a task that is switched to GTID";
}

TEST(MeasureLow, MySqlByGtidNeedsNoLock) {
    FakeSqlServer server(kMySql97);
    server.on("SHOW GLOBAL VARIABLES LIKE 'gtid_mode'",
              FakeSqlServer::result({"Variable_name", "Value"}, {{"gtid_mode", "ON"}}));
    have_status(server, "SHOW BINARY LOG STATUS", fmt::format("{}:1-5", kGtid));
    const model::Location low = low_of(server, LocationUse::ByGtid, {&kTable, 1});
    EXPECT_EQ(low.gtid_set.to_string(), fmt::format("{}:1-5", kGtid));
    EXPECT_TRUE(server.statements("FLUSH").empty());
}

TEST(MeasureLow, TablesAreLockedWhileThePlaceIsRead) {
    FakeSqlServer server(kMySql56);
    have_status(server, "SHOW MASTER STATUS", "");
    const std::vector<model::TableName> tables{kTable, {"s", "u"}};
    (void)low_of(server, LocationUse::ByGtid, tables);
    EXPECT_EQ(server.statements(), (Statements{std::string(kLockPreparation), "LOCK TABLES `s`.`t` READ, `s`.`u` READ",
                                               "SHOW MASTER STATUS", "UNLOCK TABLES", "SET SESSION autocommit = 1"}))
        << "all of them, or a place would be too late for some";
}

TEST(MeasureLow, AllTablesAreLockedAtOnce) {
    FakeSqlServer server(kMySql56);
    have_status(server, "SHOW MASTER STATUS", "");
    (void)low_of(server, LocationUse::ByPosition, {});
    EXPECT_EQ(server.statements(),
              (Statements{"SHOW PROCESSLIST", "SET SESSION lock_wait_timeout = 2", "FLUSH TABLES WITH READ LOCK",
                          "SHOW MASTER STATUS", "UNLOCK TABLES", "SET SESSION autocommit = 1"}));
}

TEST(MeasureLow, UnlocksWhenThePlaceCannotBeRead) {
    FakeSqlServer server(kMySql56);
    try {
        (void)low_of(server, LocationUse::ByPosition, {&kTable, 1});
        FAIL() << "no binlog, but a place in it";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::CopyPositionUnknown);
    }
    EXPECT_EQ(server.statements("UNLOCK TABLES").size(), 1U);
}

TEST(MeasureHigh, CountsTransactionsThatAreStillCommitting) {
    FakeSqlServer server(kMySql97);
    server.on("SHOW GLOBAL VARIABLES LIKE 'gtid_mode'",
              FakeSqlServer::result({"Variable_name", "Value"}, {{"gtid_mode", "ON"}}));
    server.on("SELECT @@GLOBAL.gtid_owned", FakeSqlServer::result({"g"}, {{fmt::format("{}:6#12:7#13", kGtid)}}));
    have_status(server, "SHOW BINARY LOG STATUS", fmt::format("{}:1-5", kGtid));
    EXPECT_EQ(measure_high(*server.connect()).gtid_set.to_string(), fmt::format("{}:1-7", kGtid));
    EXPECT_TRUE(server.statements("FLUSH").empty());
}

TEST(MeasureHigh, MariaDbReadsNothingOfTheBinlog) {
    FakeSqlServer server(kMariaDb);
    have_mariadb_snapshot(server);
    server.on("SELECT @@GLOBAL.gtid_binlog_pos", FakeSqlServer::result({"g"}, {{"0-1-101"}}));
    EXPECT_EQ(measure_high(*server.connect()).to_string(), "position: (bin.000007, 4321), gtid-set: 0-1-101");
    EXPECT_TRUE(server.statements("SELECT BINLOG_GTID_POS").empty()) << "the server would read the file up to there";
}

TEST(OpenSnapshot, MySqlLocksTheTableOnlyWhileItOpens) {
    FakeSqlServer server(kMySql97);
    have_status(server, "SHOW BINARY LOG STATUS", "");
    const auto session = server.connect();
    const auto helper = server.connect();
    SystemClock clock;
    (void)open_snapshot(*session, *helper, LocationUse::ByPosition, kTable, {.clock = clock, .stop = {}});
    EXPECT_EQ(server.statements(),
              (Statements{"SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ", std::string(kLockPreparation),
                          "LOCK TABLES `s`.`t` READ", "START TRANSACTION WITH CONSISTENT SNAPSHOT",
                          "SHOW BINARY LOG STATUS", "UNLOCK TABLES", "SET SESSION autocommit = 1"}));
}

TEST(IsAvailable, LooksAtThePurgedFilesOrGtids) {
    const model::Location at{.position = {.file = "bin.000003", .offset = 4},
                             .gtid_set = model::GtidSet::parse(model::Flavor::MySql, fmt::format("{}:1-5", kGtid))};
    PurgedBinlog purged{.first_file = "bin.000003",
                        .gtid_set = model::GtidSet::parse(model::Flavor::MySql, fmt::format("{}:1-9", kGtid))};
    EXPECT_TRUE(is_available(at, purged, LocationUse::ByPosition));
    EXPECT_FALSE(is_available(at, purged, LocationUse::ByGtid));
    purged = {.first_file = "bin.000004",
              .gtid_set = model::GtidSet::parse(model::Flavor::MySql, fmt::format("{}:1-5", kGtid))};
    EXPECT_FALSE(is_available(at, purged, LocationUse::ByPosition));
    EXPECT_TRUE(is_available(at, purged, LocationUse::ByGtid));
}

}  // namespace
}  // namespace dm::copy
