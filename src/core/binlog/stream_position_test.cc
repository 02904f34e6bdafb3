#include "core/binlog/stream_position.h"

#include <gtest/gtest.h>

namespace dm::binlog {
namespace {

using model::Flavor;
using model::GtidSet;
using model::Location;

constexpr const char* kUuid = "3e11fa47-71ca-11e1-9e33-c80aa9429562";

/// Feeds events of given ends to a position.
class StreamPositionTest : public testing::Test {
  protected:
    bool take(EventBody body, std::uint32_t log_pos, EventType type, std::uint16_t size = 50) {
        Event event;
        event.header.type = type;
        event.header.log_pos = log_pos;
        event.header.event_size = size;
        event.header.is_artificial = log_pos == 0 && type == EventType::Rotate;
        event.body = std::move(body);
        return position.advance(event);
    }
    bool query(std::string_view statement, std::uint32_t log_pos) {
        Query body;
        body.statement = statement;
        return take(body, log_pos, EventType::Query);
    }
    bool gtid(std::uint64_t number, std::uint32_t log_pos) {
        GtidEvent body;
        body.gtid = {*model::parse_uuid(kUuid), "", number};
        return take(body, log_pos, EventType::Gtid);
    }
    bool mariadb_gtid(std::uint64_t number, std::uint32_t log_pos, bool is_standalone) {
        MariaDbGtidEvent body;
        body.gtid = {0, 1, number};
        body.is_standalone = is_standalone;
        return take(body, log_pos, EventType::MariaDbGtid);
    }
    bool rows(std::uint32_t log_pos) { return take(RowsEvent{}, log_pos, EventType::WriteRowsV2); }
    bool xid(std::uint32_t log_pos) { return take(Xid{}, log_pos, EventType::Xid); }
    bool rotate(std::string_view file, bool is_fake, std::uint64_t at = 4) {
        return take(Rotate{file, at, is_fake}, is_fake ? 0 : 9999, EventType::Rotate);
    }

    static std::string text(const Location& location) {
        std::string set = location.gtid_set.to_string();
        if (set.starts_with(kUuid)) set = set.substr(36);
        return location.position.file + ":" + std::to_string(location.position.offset) + set;
    }
    void expect(const std::string& start, const std::string& end, const std::string& transaction_end) {
        EXPECT_EQ(text(position.start()), start);
        EXPECT_EQ(text(position.end()), end);
        EXPECT_EQ(text(position.transaction_end()), transaction_end);
    }

    StreamPosition position{Location{{"bin.000001", 4}, {}}};
};

TEST_F(StreamPositionTest, TransactionWithGtid) {
    EXPECT_FALSE(gtid(1, 100));
    expect("bin.000001:4", "bin.000001:100", "bin.000001:4");
    EXPECT_FALSE(query("BEGIN", 150));
    expect("bin.000001:100", "bin.000001:150:1", "bin.000001:4");
    EXPECT_TRUE(position.is_in_transaction());
    EXPECT_FALSE(rows(300));
    EXPECT_FALSE(query("SAVEPOINT `a`", 320));
    EXPECT_FALSE(query("INSERT INTO t VALUES (1)", 340));
    EXPECT_TRUE(xid(400));
    expect("bin.000001:340", "bin.000001:400:1", "bin.000001:400:1");
    EXPECT_TRUE(position.current_gtid().has_value());
    EXPECT_FALSE(position.is_in_transaction());
    EXPECT_FALSE(gtid(2, 450));
    expect("bin.000001:400:1", "bin.000001:450:1", "bin.000001:400:1");
    EXPECT_TRUE(query("CREATE TABLE t (a INT)", 500));
    expect("bin.000001:450:1", "bin.000001:500:1-2", "bin.000001:500:1-2");
}

TEST_F(StreamPositionTest, EveryWayATransactionEnds) {
    for (const std::string_view end :
         {"COMMIT", "commit", "ROLLBACK", "XA COMMIT X'31',X'',1", "XA ROLLBACK X'31',X'',1"}) {
        (void)query("BEGIN", 10);
        EXPECT_FALSE(rows(20));
        EXPECT_FALSE(query("ROLLBACK TO `a`", 30));
        EXPECT_TRUE(query(end, 40)) << end;
    }
    EXPECT_FALSE(query("XA START X'31',X'',1", 50));
    EXPECT_FALSE(rows(60));
    EXPECT_FALSE(query("XA END X'31',X'',1", 70));
    EXPECT_TRUE(take(XaPrepare{}, 80, EventType::XaPrepare));
    EXPECT_TRUE(query("XA COMMIT X'31',X'',1", 90));
    EXPECT_TRUE(query("COMMITTED", 100));  // some statement outside a transaction
    EXPECT_FALSE(position.current_gtid().has_value());
}

TEST_F(StreamPositionTest, MariaDbOpensWithTheGtidUnlessStandalone) {
    EXPECT_FALSE(mariadb_gtid(1, 100, false));
    EXPECT_TRUE(position.is_in_transaction());
    EXPECT_FALSE(query("CREATE TABLE t (a INT)", 150));  // CREATE ... SELECT
    EXPECT_FALSE(rows(200));
    EXPECT_TRUE(xid(250));
    expect("bin.000001:200", "bin.000001:2500-1-1", "bin.000001:2500-1-1");
    EXPECT_FALSE(mariadb_gtid(2, 300, true));
    EXPECT_FALSE(take(Intvar{}, 310, EventType::Intvar));
    EXPECT_TRUE(query("DROP TABLE t", 350));
    EXPECT_EQ(position.transaction_end().gtid_set.to_string(), "0-1-2");
}

TEST_F(StreamPositionTest, WhatTheServerAddsWithinATransactionDoesNotMoveTheOffset) {
    (void)query("BEGIN", 100);
    for (const EventType type :
         {EventType::FormatDescription, EventType::Heartbeat, EventType::HeartbeatV2, EventType::PreviousGtids,
          EventType::MariaDbGtidList, EventType::Ignorable, EventType::BinlogCheckpoint}) {
        EXPECT_FALSE(take(Stop{}, 777, type));
    }
    expect("bin.000001:100", "bin.000001:100", "bin.000001:4");
    (void)take(Unknown{}, 150, static_cast<EventType>(99));
    expect("bin.000001:100", "bin.000001:150", "bin.000001:4");
}

TEST_F(StreamPositionTest, WhatTheServerAddsBetweenTransactionsIsReached) {
    EXPECT_TRUE(take(Stop{}, 126, EventType::FormatDescription));
    EXPECT_TRUE(take(Stop{}, 157, EventType::PreviousGtids));
    expect("bin.000001:126", "bin.000001:157", "bin.000001:157");
    EXPECT_FALSE(take(Stop{}, 0, EventType::FormatDescription)) << "of the connection, not of the file";
    EXPECT_FALSE(take(Stop{}, 126, EventType::FormatDescription)) << "sent again: the stream never goes back";
    expect("bin.000001:157", "bin.000001:157", "bin.000001:157");
    EXPECT_TRUE(query("CREATE DATABASE a", 300));
    EXPECT_TRUE(take(Stop{}, 340, EventType::BinlogCheckpoint));
    expect("bin.000001:300", "bin.000001:340", "bin.000001:340");
}

TEST_F(StreamPositionTest, HeartbeatsTellWhereAnIdleServerStands) {
    EXPECT_TRUE(query("CREATE DATABASE a", 300));
    EXPECT_FALSE(take(Heartbeat{"bin.000001", 300}, 300, EventType::Heartbeat));
    EXPECT_FALSE(take(Heartbeat{"bin.000002", 500}, 500, EventType::Heartbeat));
    EXPECT_TRUE(take(Heartbeat{"bin.000001", 500}, 500, EventType::Heartbeat));
    expect("bin.000001:300", "bin.000001:500", "bin.000001:500");
    (void)query("BEGIN", 550);
    EXPECT_FALSE(take(Heartbeat{"bin.000001", 600}, 600, EventType::Heartbeat));
    expect("bin.000001:550", "bin.000001:550", "bin.000001:500");
}

TEST_F(StreamPositionTest, Rotation) {
    EXPECT_TRUE(query("CREATE DATABASE a", 100));
    EXPECT_TRUE(rotate("bin.000002", false));
    expect("bin.000001:100", "bin.000002:4", "bin.000002:4");
    EXPECT_FALSE(rotate("bin.000002", true));
    expect("bin.000002:4", "bin.000002:4", "bin.000002:4");
    EXPECT_TRUE(query("CREATE DATABASE b", 90));
    expect("bin.000002:4", "bin.000002:90", "bin.000002:90");
}

TEST_F(StreamPositionTest, FakeRotateNamesTheFirstFile) {
    position = StreamPosition(Location{});
    EXPECT_FALSE(rotate("bin.000005", true, 700));
    expect("bin.000005:700", "bin.000005:700", "bin.000005:700");
}

TEST_F(StreamPositionTest, TransactionCutOffByACrashIsTakenBack) {
    (void)gtid(1, 100);
    (void)query("CREATE DATABASE a", 200);
    (void)gtid(2, 300);
    (void)query("BEGIN", 350);
    (void)rows(400);
    EXPECT_EQ(position.end().gtid_set.to_string(), std::string(kUuid) + ":1-2");
    EXPECT_FALSE(rotate("bin.000002", true));
    expect("bin.000002:4:1", "bin.000002:4:1", "bin.000002:4:1");
    EXPECT_FALSE(position.is_in_transaction());
}

TEST_F(StreamPositionTest, FilesOverFourGigabytes) {
    (void)query("BEGIN", 0xffff'ff00U);
    EXPECT_EQ(position.end().position.offset, 0xffff'ff00U);
    (void)rows(0x100);
    EXPECT_EQ(position.end().position.offset, 0x1'0000'0100ULL);
    (void)rows(0x8000'0000U);
    EXPECT_EQ(position.end().position.offset, 0x1'8000'0000ULL);
    (void)rows(0x10);
    EXPECT_EQ(position.end().position.offset, 0x2'0000'0010ULL);
    // Started again from there.
    position = StreamPosition(position.end());
    (void)rotate("bin.000001", true, 0x2'0000'0010ULL);
    (void)rows(0x60);
    EXPECT_EQ(position.end().position.offset, 0x2'0000'0060ULL);
}

TEST_F(StreamPositionTest, ResumingByGtidMayGoBackInTheFile) {
    position = StreamPosition(Location{{"bin.000001", 5000}, GtidSet(Flavor::MySql)});
    (void)rotate("bin.000001", true);
    (void)gtid(9, 1000);  // another server with files of the same name
    EXPECT_EQ(position.end().position.offset, 1000U);
    position = StreamPosition(Location{{"bin.000001", 0xffff'fff0ULL}, GtidSet(Flavor::MySql)});
    (void)rotate("bin.000001", true);
    (void)gtid(9, 30);  // the event across the boundary
    EXPECT_EQ(position.end().position.offset, 0x1'0000'001eULL);
}

TEST_F(StreamPositionTest, EventsWithoutAnEndAddTheirSize) {
    (void)query("BEGIN", 100);
    (void)rows(0);
    EXPECT_EQ(position.end().position.offset, 150U);
}

TEST_F(StreamPositionTest, PayloadEndsWithItsInnerXid) {
    (void)gtid(1, 100);
    EXPECT_FALSE(take(TransactionPayload{}, 600, EventType::TransactionPayload));
    Event inner;
    Query begin;
    begin.statement = "BEGIN";
    inner.body = begin;
    EXPECT_FALSE(position.advance_inner(inner));
    EXPECT_TRUE(position.is_in_transaction());
    inner.body = RowsEvent{};
    EXPECT_FALSE(position.advance_inner(inner));
    inner.body = Xid{};
    EXPECT_TRUE(position.advance_inner(inner));
    expect("bin.000001:100", "bin.000001:600:1", "bin.000001:600:1");
}

}  // namespace
}  // namespace dm::binlog
